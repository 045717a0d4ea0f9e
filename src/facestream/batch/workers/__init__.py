"""Worker processes of a batch on this machine."""
