"""The questions of the accuracy benchmark, one module each, with ``TEXT`` and ``measure(bench)``."""
