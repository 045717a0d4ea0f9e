"""The limit on the size of a frame."""

from __future__ import annotations

from pathlib import Path

from facestream.errors import SourceError

__all__ = ["MAX_FRAME_PIXELS", "check_frame_size"]

MAX_FRAME_PIXELS = 100_000_000
"""Larger frames are not decoded: one alone would take more than 300 MB as RGB. 8K video has 33 million pixels."""


def check_frame_size(path: Path, width: int, height: int) -> None:
    """Refuse frames that are too large according to the header.

    Raises:
        SourceError: they are.
    """
    if width * height > MAX_FRAME_PIXELS:
        raise SourceError(
            f"{path}: frames of {width} x {height} pixels by its header, where at most "
            f"{MAX_FRAME_PIXELS / 1e6:.0f} megapixels are unpacked; scale the video down first"
        )
