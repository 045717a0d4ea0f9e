"""Picture files: single, numbered and animated."""
