"""Many sources: planned once, run on this machine or a cluster, and gone on with after whatever ended the run."""
