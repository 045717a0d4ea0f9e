from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestream.ops.letterbox import fit_letterbox, letterbox_image


def test_fit_by_hand() -> None:
    letterbox = fit_letterbox((200, 100), 128)
    assert letterbox.scaled_size == (128, 64)
    assert letterbox.offset == (0, 32)
    np.testing.assert_allclose(letterbox.to_input(np.array([[100.0, 50.0]])), [[64, 64]])
    np.testing.assert_allclose(letterbox.to_frame(np.array([[0.0, 32.0], [128.0, 96.0]])), [[0, 0], [200, 100]])


def test_pixels_that_are_not_square_are_shown_square() -> None:
    # 100 x 100 stored pixels of 2:1 are 200 x 100 on the screen.
    assert fit_letterbox((100, 100), 128, pixel_aspect=2.0).scaled_size == (128, 64)
    assert fit_letterbox((100, 100), 128, pixel_aspect=0.5).scaled_size == (64, 128)


sides = st.integers(1, 8000)


@given(sides, sides, st.sampled_from([128, 256]), st.floats(0.1, 10.0))
def test_round_trip_and_fit(width: int, height: int, size: int, pixel_aspect: float) -> None:
    letterbox = fit_letterbox((width, height), size, pixel_aspect)
    points = np.array([[0, 0], [width, height], [width / 3, height / 7]], dtype=float)
    inside = letterbox.to_input(points)
    assert np.abs(letterbox.to_frame(inside) - points).max() < 1e-4
    assert (inside >= -1e-6).all()
    assert (inside <= size + 1e-6).all()
    assert max(letterbox.scaled_size) == size


@pytest.mark.parametrize("shape", [(100, 200), (1, 1), (3, 1000), (1080, 1920), (257, 255)])
def test_image_lies_between_black_bars(shape: tuple[int, int]) -> None:
    letterbox = fit_letterbox((shape[1], shape[0]), 256)
    square = letterbox_image(np.full((*shape, 3), 200, np.uint8), letterbox)
    assert square.shape == (256, 256, 3)
    (left, top), (width, height) = letterbox.offset, letterbox.scaled_size
    assert (square[top : top + height, left : left + width] == 200).all()
    assert int((square == 200).sum()) == width * height * 3
    assert int((square == 0).sum()) == (256 * 256 - width * height) * 3


def test_a_bright_spot_lands_where_its_coordinates_do() -> None:
    image = np.zeros((300, 400, 3), np.uint8)
    image[90:110, 190:210] = 255
    letterbox = fit_letterbox((400, 300), 256)
    square = letterbox_image(image, letterbox)[..., 0].astype(float)
    y, x = np.mgrid[:256, :256] + 0.5
    spot = np.array([(x * square).sum(), (y * square).sum()]) / square.sum()
    np.testing.assert_allclose(spot, letterbox.to_input(np.array([200.0, 100.0])), atol=0.02)
