"""Batch workers: their interface, and worker processes on this machine."""
