from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image, ImageOps

from facestream.media.upright import Turn, turn_from_display_matrix

ROTATIONS = {0: (1, 0, 0, 1), 1: (0, 1, -1, 0), 2: (-1, 0, 0, -1), 3: (0, -1, 1, 0)}
"""Where a clockwise turn by quarters shows the stored x and y axes: a b, c d."""


def matrix(a: float, b: float, c: float, d: float) -> bytes:
    return struct.pack("=9i", *(round(v * 65536) for v in (a, b, 0, c, d, 0, 0, 0)), 1 << 30)


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_display_matrices(quarters: int, mirrored: bool) -> None:
    a, b, c, d = ROTATIONS[quarters]
    if mirrored:
        a, c = -a, -c
    assert turn_from_display_matrix(matrix(a, b, c, d)) == Turn(quarters, mirrored)


def test_a_slanted_matrix_goes_to_the_nearest_quarter_and_a_scaled_one_is_no_turn() -> None:
    cos, sin = np.cos(np.radians(80)), np.sin(np.radians(80))
    assert turn_from_display_matrix(matrix(cos, sin, -sin, cos)) == Turn(1)
    assert turn_from_display_matrix(matrix(2, 0, 0, 2)) == Turn(0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_by_pixels_as_exif_has_them(orientation: int) -> None:
    """Pillow's transposition is the reference for what each of the eight orientations means."""
    turns = {1: (0, False), 2: (0, True), 3: (2, False), 4: (2, True), 5: (1, True), 6: (1, False), 7: (3, True)}
    quarters, mirrored = turns.get(orientation, (3, False))
    stored = np.arange(6, dtype=np.uint8).reshape(2, 3)
    picture = Image.fromarray(stored)
    picture.getexif()[274] = orientation
    upright = ImageOps.exif_transpose(picture)
    np.testing.assert_array_equal(Turn(quarters, mirrored).apply(stored), np.asarray(upright))


def test_nothing_to_do_copies_nothing() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    assert Turn().apply(image) is image
    assert Turn(1).apply(image).flags.c_contiguous
