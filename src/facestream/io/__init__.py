"""Bytes to structures and back: pictures, videos, streams and tables. Runs no networks."""
