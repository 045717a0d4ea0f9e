"""DISCOVER's job requests: parsed, checked and matched with files."""
