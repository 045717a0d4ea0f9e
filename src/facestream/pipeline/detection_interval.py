"""How long a cell is: the frames from one detection to the next."""

from __future__ import annotations

from facestream.structures import VideoInfo

__all__ = ["choose_detection_interval"]

MAX_LENGTH, MAX_SECONDS = 20, 0.85
"""Heads seldom move evenly for longer: at 24 frames and 30 Hz a clip leaves the bounds of
``benchmarks/questions/tracking.py``."""

MAX_PIXELS = 75_000_000
"""All frames of a cell are held at once: 112 MB of 4:2:0."""


def choose_detection_interval(info: VideoInfo) -> int:
    """The cells of ``--detect-every auto``, by the rate and the size of the frames alone."""
    by_memory = MAX_PIXELS // max(1, info.width * info.height)
    return max(1, min(MAX_LENGTH, int(MAX_SECONDS * info.rate_hz), by_memory))
