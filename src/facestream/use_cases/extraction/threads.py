"""Divide the threads of a job between decoder and engine, which work in parallel."""

from __future__ import annotations

__all__ = ["decoder_threads", "engine_threads"]

DECODERS_SHARE = 1 / 3
"""Decoding takes about half as long as the networks."""


def decoder_threads(num_threads: int | None) -> int | None:
    """Return the decoder's share of a limit on all threads. A single thread decodes and computes in turns."""
    return None if num_threads is None else max(1, int(num_threads * DECODERS_SHARE))


def engine_threads(num_threads: int | None) -> int | None:
    """Return the engine's share of a limit on all threads."""
    if num_threads is None or num_threads == 1:
        return num_threads
    return num_threads - max(1, int(num_threads * DECODERS_SHARE))
