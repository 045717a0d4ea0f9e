"""How long cells are."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from facestream.pipeline.detection_interval import choose_detection_interval
from facestream.structures import VideoInfo


def info(rate_hz: float, width: int = 640, height: int = 360) -> VideoInfo:
    return VideoInfo(
        path=Path("clip.mp4"),
        kind="video",
        width=width,
        height=height,
        rate_hz=Fraction(rate_hz),
        tick_s=0.001,
        num_frames_header=None,
        rotation_deg=0,
        mirrored=False,
        pixel_aspect=1.0,
    )


@pytest.mark.parametrize(
    ("rate_hz", "length"), [(1, 1), (8, 6), (15, 12), (23.976, 20), (25, 20), (30, 20), (60, 20), (240, 20)]
)
def test_by_the_rate(rate_hz: float, length: int) -> None:
    assert choose_detection_interval(info(rate_hz)) == length


@pytest.mark.parametrize(
    ("width", "height", "length"), [(1920, 1080, 20), (3840, 2160, 9), (7680, 4320, 2), (10000, 10000, 1), (0, 0, 20)]
)
def test_by_the_size(width: int, height: int, length: int) -> None:
    assert choose_detection_interval(info(30, width, height)) == length
