"""The output formats: one table of them, and one module for each with everything that is particular to it."""
