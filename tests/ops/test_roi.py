from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestream.ops.boxes import square_boxes
from facestream.ops.roi import (
    roi_shifts,
    rois_from_boxes,
    rois_from_detections,
    rois_from_landmarks,
    to_display,
    to_stored,
)
from facestream.structures import Detections, FaceRois


def detection(box: list[float], right_eye: list[float], left_eye: list[float]) -> Detections:
    keypoints = np.zeros((1, 6, 2))
    keypoints[0, :2] = [right_eye, left_eye]
    return Detections(np.array([box], dtype=float), keypoints, np.array([0.9]))


def test_roi_from_a_detection_by_hand() -> None:
    rois = rois_from_detections(detection([10, 20, 50, 40], [20, 30], [40, 30]))
    assert rois.centers.tolist() == [[30, 30]]
    assert rois.sides.tolist() == [60], "1.5 x the longer side"
    assert rois.angles_rad.tolist() == [0]


@pytest.mark.parametrize("degrees", [-170, -90, -45, 0, 30, 90, 179])
def test_the_roi_turns_with_the_eyes(degrees: float) -> None:
    angle = np.radians(degrees)
    rois = rois_from_detections(detection([0, 0, 10, 10], [0, 0], [np.cos(angle), np.sin(angle)]))
    np.testing.assert_allclose(rois.angles_rad, [angle])


def test_roi_from_landmarks_by_hand() -> None:
    landmarks = np.full((1, 468, 3), 50.0)
    landmarks[0, 33], landmarks[0, 263] = [40, 50, 0], [60, 70, 0]
    landmarks[0, 10], landmarks[0, 152] = [50, 10, 0], [50, 90, 0]
    rois = rois_from_landmarks(landmarks)
    assert rois.centers.tolist() == [[50, 50]]
    assert rois.sides.tolist() == [120]
    np.testing.assert_allclose(rois.angles_rad, [np.pi / 4])


def test_rois_are_square_on_the_screen() -> None:
    # Pixels twice as wide as high: 20 x 40 stored pixels are 40 x 40 on the screen.
    rois = rois_from_detections(detection([10, 0, 30, 40], [15, 20], [25, 20]), pixel_aspect=2.0)
    assert rois.centers.tolist() == [[40, 20]]
    assert rois.sides.tolist() == [60]


@given(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5), st.floats(0.1, 10))
def test_display_pixels_round_trip(x: float, y: float, pixel_aspect: float) -> None:
    point = np.array([x, y])
    assert np.abs(to_stored(to_display(point, pixel_aspect), pixel_aspect) - point).max() < 1e-4


def test_no_faces_no_rois() -> None:
    nothing = Detections(np.empty((0, 4)), np.empty((0, 6, 2)), np.empty(0))
    assert len(rois_from_detections(nothing)) == 0


def test_a_box_gives_an_upright_roi() -> None:
    rois = rois_from_boxes(np.array([[10.0, 20.0, 50.0, 40.0]]), pixel_aspect=0.5)
    np.testing.assert_allclose(rois.centers, [[15, 30]])
    np.testing.assert_allclose(rois.sides, [1.5 * 20])
    assert rois.angles_rad.tolist() == [0.0]
    assert len(rois_from_boxes(np.empty((0, 4)))) == 0


@pytest.mark.parametrize("pixel_aspect", [0.5, 1.0, 2.0])
def test_a_box_that_was_squared_in_pixels_gives_the_roi_of_the_one_before(pixel_aspect: float) -> None:
    # On the screen a square, in pixels not; the shorter side is then stretched about the middle.
    box = np.array([[10.0, 20.0, 10.0 + 40.0 / pixel_aspect, 60.0]])
    before, after = rois_from_boxes(box, pixel_aspect), rois_from_boxes(square_boxes(box), pixel_aspect)
    np.testing.assert_allclose(after.centers, before.centers)
    np.testing.assert_allclose(after.sides, before.sides)


def test_how_far_rois_are_apart() -> None:
    first = FaceRois(np.array([[0.0, 0.0], [5.0, 5.0]]), np.array([10.0, 20.0]), np.array([3.1, 0.1]))
    second = FaceRois(np.array([[3.0, 4.0], [5.0, 5.0]]), np.array([99.0, 20.0]), np.array([-3.1, -0.1]))
    turns, moves = roi_shifts(first, second)
    np.testing.assert_allclose(turns, [2 * np.pi - 6.2, 0.2])
    np.testing.assert_allclose(moves, [0.5, 0.0])
