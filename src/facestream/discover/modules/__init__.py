"""DISCOVER's modules: their names, options and what runs them."""
