"""Where scenes change."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from facestream.images import YuvImage
from facestream.media.video.yuv import rgb_from_yuv
from facestream.ops.cuts import find_cuts

Image = npt.NDArray[np.uint8]


def scene(seed: int, shift: int = 0) -> Image:
    """Smooth blotches, moved to the right."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 16), dtype=np.uint8)
    fine = np.kron(coarse, np.ones((20, 20), np.uint8))
    return np.dstack([np.roll(fine, shift, axis=1)] * 3)


def test_a_pan_is_no_cut_and_another_scene_is_one() -> None:
    pan = [scene(1, shift) for shift in range(0, 20, 2)]
    assert find_cuts(pan).tolist() == [False] * 10
    assert find_cuts([*pan[:3], scene(2), scene(2, 2)]).tolist() == [False, False, False, True, False]


def test_one_picture_has_no_cut_and_none_has_none() -> None:
    assert find_cuts([scene(1)]).tolist() == [False]


@pytest.mark.parametrize(("num_bits", "dtype"), [(8, np.uint8), (10, np.uint16)])
def test_planes_of_any_depth(num_bits: int, dtype: npt.DTypeLike) -> None:
    def picture(level: int) -> YuvImage:
        luma = np.full((40, 70), level << (num_bits - 8), dtype)
        chroma = np.full((20, 35), 128 << (num_bits - 8), dtype)
        return YuvImage(luma, (chroma, chroma), rgb_from_yuv((0.299, 0.114), num_bits, is_full=True))

    assert find_cuts([picture(100), picture(123), picture(148)]).tolist() == [False, False, True]


def test_a_change_of_size_is_compared_all_the_same() -> None:
    assert find_cuts([scene(1), scene(1)[::2, ::2]]).tolist() == [False, False]
