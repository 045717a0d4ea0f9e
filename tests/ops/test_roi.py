from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestream.ops.boxes import square_boxes
from facestream.ops.roi import (
    blend_rois,
    match_rois,
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


def some_rois(*centers: tuple[float, float], side: float = 100.0) -> FaceRois:
    return FaceRois(np.array(centers).reshape(-1, 2), np.full(len(centers), side), np.zeros(len(centers)))


def test_the_same_faces_are_each_others_nearest() -> None:
    before = some_rois((0, 0), (300, 0), (600, 0))
    after = some_rois((610, 5), (20, 10), (280, 0))
    order = match_rois(before, after)
    assert order is not None
    assert order.tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    "after",
    [
        some_rois((0, 0)),
        some_rois((0, 0), (300, 0), (600, 0)),
        # More than half a side away.
        some_rois((0, 0), (351, 0)),
        # One and a half times as large, and more.
        some_rois((0, 0), (300, 0), side=151.0),
        # Both are nearest to one.
        some_rois((0, 0), (10, 0)),
    ],
)
def test_other_faces_do_not_match(after: FaceRois) -> None:
    assert match_rois(some_rois((0, 0), (300, 0)), after) is None


def test_no_faces_match_no_faces() -> None:
    order = match_rois(some_rois(), some_rois())
    assert order is not None
    assert len(order) == 0
    assert match_rois(some_rois(), some_rois((0, 0))) is None


def test_a_roi_between_two_by_hand() -> None:
    first = FaceRois(np.array([[0.0, 10.0]] * 3), np.array([100.0] * 3), np.radians([10.0, 170.0, -170.0]))
    last = FaceRois(np.array([[40.0, 30.0]] * 3), np.array([400.0] * 3), np.radians([30.0, -170.0, 170.0]))
    middle = blend_rois(first, last, np.array([0.5, 0.5, 0.25]))
    np.testing.assert_allclose(middle.centers, [[20, 20], [20, 20], [10, 15]])
    np.testing.assert_allclose(middle.sides, [200, 200, 100 * 4**0.25])
    # The turn takes the shorter way, through 180 degrees.
    np.testing.assert_allclose(np.degrees(middle.angles_rad), [20, 180, -175])


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_at_its_ends_a_blend_is_one_of_both(weight: float) -> None:
    first, last = some_rois((3, 4), side=50.0), some_rois((9, 1), side=70.0)
    blend = blend_rois(first, last, np.array([weight]))
    wanted = last if weight else first
    np.testing.assert_allclose(blend.centers, wanted.centers)
    np.testing.assert_allclose(blend.sides, wanted.sides)
