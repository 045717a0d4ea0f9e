"""The job server: DISCOVER's protocol, a typed API, a web page, and workers that keep networks loaded."""
