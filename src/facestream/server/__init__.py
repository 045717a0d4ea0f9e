"""The job server: DISCOVER's protocol, a typed API beside it, and workers with warm networks."""
