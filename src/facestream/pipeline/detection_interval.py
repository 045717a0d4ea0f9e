"""The detection interval: the number of frames from one detection to the next."""

from __future__ import annotations

from facestream.structures import VideoInfo

__all__ = ["choose_detection_interval"]

MAX_LENGTH, MAX_SECONDS = 20, 0.85
"""Heads rarely move evenly for longer. With 24 frames at 30 Hz, one clip exceeds the bounds of
``benchmarks/questions/tracking.py``."""

MAX_PIXELS = 75_000_000
"""All frames of an interval are in memory at once: 112 MB of 4:2:0."""


def choose_detection_interval(info: VideoInfo) -> int:
    """Return the interval of ``--detect-every auto`` for the frame rate and frame size of a video."""
    by_memory = MAX_PIXELS // max(1, info.width * info.height)
    return max(1, min(MAX_LENGTH, int(MAX_SECONDS * info.rate_hz), by_memory))
