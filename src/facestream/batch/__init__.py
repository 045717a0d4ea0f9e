"""Batches of many sources: planned once, run on one machine or a cluster, and resumable after any interruption."""
