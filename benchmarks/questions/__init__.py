"""The questions of the accuracy benchmark, one module each: a ``TEXT`` and ``measure(bench)``."""
