from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestream.ops.warp import crop_image, crop_to_frame, frame_to_crop
from facestream.structures import FaceRois


def roi(x: float, y: float, side: float, angle_rad: float = 0.0) -> FaceRois:
    return FaceRois(np.array([[x, y]]), np.array([side]), np.array([angle_rad]))


def test_corners_of_a_crop_by_hand() -> None:
    corners = np.array([[[0, 0, 0], [192, 0, 96], [192, 192, -192], [96, 96, 0]]], dtype=float)
    level = crop_to_frame(corners, roi(100, 50, 40), 192)
    np.testing.assert_allclose(level[0], [[80, 30, 0], [120, 30, 20], [120, 70, -40], [100, 50, 0]])
    # A quarter turn clockwise: the roi's x axis points down.
    turned = crop_to_frame(corners, roi(100, 50, 40, np.pi / 2), 192)
    np.testing.assert_allclose(turned[0, :, :2], [[120, 30], [120, 70], [80, 70], [100, 50]], atol=1e-9)


def test_depth_is_in_the_unit_of_x() -> None:
    point = np.array([[[0, 0, 96]]], dtype=float)
    assert crop_to_frame(point, roi(100, 50, 40), 192, pixel_aspect=2.0)[0, 0].tolist() == [40, 30, 10]


coordinate = st.floats(-1e4, 1e4)


point = st.tuples(coordinate, coordinate)


@given(point, point, st.floats(1, 5e3), st.floats(-np.pi, np.pi), st.floats(0.1, 10))
def test_round_trip(
    center: tuple[float, float], other: tuple[float, float], side: float, angle: float, aspect: float
) -> None:
    rois = roi(*center, side, angle)
    points = np.array([[[*other, 5.0], [*center, -3.0]]])
    there = frame_to_crop(points, rois, 192, aspect)
    assert np.abs(crop_to_frame(there, rois, 192, aspect) - points).max() < 1e-4


def gradient(side: int = 256) -> npt.NDArray[np.uint8]:
    """Red grows with x and green with y, one level a pixel: the level at a point is its coordinate less a half."""
    y, x = np.mgrid[:side, :side]
    return np.stack([x, y, np.zeros_like(x)], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("angle", [0.0, 0.5, -1.2, np.pi / 2, 3.0])
@pytest.mark.parametrize("side", [30.0, 97.3, 150.0])
def test_the_pixels_of_a_crop_come_from_where_its_points_lie(angle: float, side: float) -> None:
    rois = roi(125.3, 128.8, side, angle)
    crop = crop_image(gradient(), rois, 192).astype(float)
    y, x = np.mgrid[:192, :192] + 0.5
    frame = crop_to_frame(np.stack([x, y], axis=-1).reshape(1, -1, 2), rois, 192)[0]
    difference = crop[..., :2].reshape(-1, 2) - (frame - 0.5)
    assert np.abs(difference).max() < 0.6, "half a level of rounding, and OpenCV's steps of 1/32 px"
    assert np.abs(difference.mean(axis=0)).max() < 0.03


@pytest.mark.parametrize("side", [400.0, 700.0, 1500.0])
def test_a_shrunk_crop_is_averaged_and_stays_in_place(side: float) -> None:
    y, x = np.mgrid[:2000, :2000]
    checkers = np.repeat((((x + y) % 2) * 255).astype(np.uint8)[..., None], 3, axis=2)
    checkers[990:1010, 990:1010] = 255
    rois = roi(1000, 1000, side, 0.3)
    crop = crop_image(checkers, rois, 192).astype(float)[..., 0]
    far = crop[:40]
    assert np.abs(far - 127.5).max() < 26, "checkers melt into grey instead of moire"
    spot = (crop - 127.5).clip(30) - 30
    sy, sx = np.mgrid[:192, :192] + 0.5
    middle = np.array([(sx * spot).sum(), (sy * spot).sum()]) / spot.sum()
    np.testing.assert_allclose(middle, [96, 96], atol=0.15)


def test_outside_the_frame_its_border_is_repeated() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[:, 99] = [10, 20, 30]
    crop = crop_image(image, roi(150, 50, 60), 192)
    assert (crop == [10, 20, 30]).all()
    corner = crop_image(gradient(), roi(-500, 300, 80), 192)
    assert (corner == [0, 255, 0]).all()


def test_anamorphic_pixels_are_shown_square() -> None:
    """A disc on the screen, stored in pixels twice as wide as high, is a disc in the crop."""
    image = np.zeros((200, 200, 3), np.uint8)
    cv2.ellipse(image, (100, 100), (25, 50), 0, 0, 360, (255, 255, 255), -1)
    crop = crop_image(image, roi(201, 100.5, 200), 192, pixel_aspect=2.0)[..., 0] > 127
    assert abs(int(crop.any(axis=0).sum()) - int(crop.any(axis=1).sum())) <= 2


def test_large_frames_and_rois() -> None:
    wide = np.full((40, 40_000, 3), 77, np.uint8)
    assert (crop_image(wide, roi(39_990, 20, 50), 192) == 77).all(), "OpenCV alone stops at 32,767 columns"
    assert (crop_image(wide, roi(20_000, 20, 100_000), 192) == 77).all()


def test_crops_are_mediapipes(truth: Path) -> None:
    """Against the goldens of MediaPipe's image_to_tensor: turned, enlarged, with replicated border."""
    folder = truth / "golden_mediapipe"
    image = cv2.imread(str(folder / "image_to_tensor_input.jpg"))
    assert image is not None
    cases = [
        case
        for case in json.loads((folder / "image_to_tensor_golden.json").read_text())["cases"]
        if case["border"] == "replicate" and case["keep_aspect_ratio"] and case["output_width"] == case["output_height"]
    ]
    assert len(cases) >= 3
    height, width = image.shape[:2]
    for case in cases:
        region, size = case["roi"], case["output_width"]
        # Keeping the aspect enlarges the shorter side to a square.
        side = max(region["width"] * width, region["height"] * height)
        # MediaPipe lays pixel indices where we lay pixel centres; this shift makes up for it.
        half_pixel = crop_to_frame(np.full((1, 1, 2), 0.5), roi(0, 0, side, region["rotation_rad"]), size)[0, 0]
        origin = crop_to_frame(np.zeros((1, 1, 2)), roi(0, 0, side, region["rotation_rad"]), size)[0, 0]
        shift = 0.5 - (half_pixel - origin)
        x, y = region["x_center"] * width + shift[0], region["y_center"] * height + shift[1]
        crop = crop_image(image.astype(np.uint8), roi(x, y, side, region["rotation_rad"]), size).astype(int)
        expected = cv2.imread(str(folder / case["expected"]))
        assert expected is not None
        difference = np.abs(crop - expected.astype(int))
        assert (difference <= 7).mean() > 0.98, case["expected"]
        assert difference.mean() < 1.0, case["expected"]
