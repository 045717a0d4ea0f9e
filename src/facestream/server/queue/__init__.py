"""The job queue and the worker processes that run its jobs."""
