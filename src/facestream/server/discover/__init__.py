"""The HTTP routes of DISCOVER's clients."""
