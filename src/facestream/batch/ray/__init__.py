"""Workers of a batch on a Ray cluster."""
