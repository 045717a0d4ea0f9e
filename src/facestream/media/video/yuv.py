"""The planes of a decoded frame in memory, and their conversion to RGB."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from facestream.images import YuvImage

__all__ = ["rgb_from_yuv", "yuv_image"]


class _Format(NamedTuple):
    num_bits: int
    step: tuple[int, int]
    is_jpeg: bool = False
    """Pixel formats with full range and centred chroma."""


_STEPS = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}
_FORMATS = {
    **{f"yuv{name}p": _Format(8, step) for name, step in _STEPS.items()},
    **{f"yuvj{name}p": _Format(8, step, is_jpeg=True) for name, step in _STEPS.items()},
    **{f"yuv{name}p10le": _Format(10, step) for name, step in _STEPS.items()},
}

BT709, BT601 = (0.2126, 0.0722), (0.299, 0.114)
"""The weights of red and blue in luma (ITU-R BT.709-6, 3.2; BT.601-7, 2.5.1)."""

_LUMA_WEIGHTS = {1: BT709, 2: BT601, 5: BT601, 6: BT601}
"""The weights by colour space number (H.273 table 4). For 2, unspecified, FFmpeg uses BT.601 as well."""

FULL_RANGE = 2
"""FFmpeg's AVCOL_RANGE_JPEG."""


def yuv_image(frame: VideoFrame) -> YuvImage | None:
    """Return the planes of a frame without copying; ``None`` if the layout is unknown."""
    form = _FORMATS.get(frame.format.name)
    weights = _LUMA_WEIGHTS.get(int(frame.colorspace))
    if form is None or weights is None or (form.num_bits > 8 and sys.byteorder != "little"):
        return None
    luma, u, v = (_samples(plane, form.num_bits) for plane in frame.planes)
    is_full = form.is_jpeg or int(frame.color_range) == FULL_RANGE
    # MPEG's chroma samples are at the left of their two pixels (H.264 figure E-1, type 0).
    shift = (0.25 if form.step[0] == 2 and not form.is_jpeg else 0.0, 0.0)
    return YuvImage(luma, (u, v), rgb_from_yuv(weights, form.num_bits, is_full=is_full), form.step, shift)


@cache
def rgb_from_yuv(weights: tuple[float, float], num_bits: int, *, is_full: bool) -> npt.NDArray[np.float32]:
    """(3, 4): R, G, B in [0, 255] are this times (Y, U, V, 1).

    The inverse of Y = Kr R + Kg G + Kb B, U = (B - Y) / 2 (1 - Kb), V = (R - Y) / 2 (1 - Kr), after the samples'
    quantisation is undone (ITU-R BT.709-6, 3.3 to 3.5; H.273, 8.3).
    """
    red, blue = weights
    green = 1 - red - blue
    mix = np.array(
        [
            [1, 0, 2 * (1 - red)],
            [1, -2 * (1 - blue) * blue / green, -2 * (1 - red) * red / green],
            [1, 2 * (1 - blue), 0],
        ]
    )
    unit = 2 ** (num_bits - 8)
    top = 2**num_bits - 1
    luma_low, luma_span, chroma_span = (0, top, top) if is_full else (16 * unit, 219 * unit, 224 * unit)
    scaled = 255 * mix / np.array([luma_span, chroma_span, chroma_span])
    offset = -scaled @ np.array([luma_low, 128 * unit, 128 * unit])
    matrix = np.column_stack([scaled, offset]).astype(np.float32)
    matrix.setflags(write=False)
    return matrix


def _samples(plane: Any, num_bits: int) -> npt.NDArray[Any]:
    dtype = np.uint8 if num_bits == 8 else np.uint16
    rows = np.frombuffer(plane, dtype).reshape(plane.height, -1)
    return rows[:, : plane.width]
