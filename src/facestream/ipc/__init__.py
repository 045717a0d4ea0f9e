"""Processes that work for another one, and how the two talk."""
