"""The typed HTTP API under ``/api/v1``."""
