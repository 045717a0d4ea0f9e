"""How the threads of a job are shared out: decoder and engine work at once."""

from __future__ import annotations

__all__ = ["decoder_threads", "engine_threads"]

DECODERS_SHARE = 1 / 3
"""Decoding takes about half of the time that the networks take."""


def decoder_threads(num_threads: int | None) -> int | None:
    """Of a bound on all threads, the decoder's part; one thread is the decoder's and the engine's, in turns."""
    return None if num_threads is None else max(1, int(num_threads * DECODERS_SHARE))


def engine_threads(num_threads: int | None) -> int | None:
    """Of a bound on all threads, the engine's part."""
    if num_threads is None or num_threads == 1:
        return num_threads
    return num_threads - max(1, int(num_threads * DECODERS_SHARE))
