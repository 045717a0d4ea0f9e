"""SSI streams, read and written, with DISCOVER's columns."""
