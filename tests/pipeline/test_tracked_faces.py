"""Detections, seen from the rois of their faces."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from facestream.pipeline.tracked_faces import TrackedFaces, detections_of, track
from facestream.structures import Detections, FaceRois

ONE = np.ones(1)


def a_face(x: float, y: float, side: float, angle: float) -> tuple[Detections, FaceRois]:
    keypoints = np.array([[[x - 9.0, y], [x + 9, y], [x, y + 5], [x, y + 9], [x - 20, y], [x + 20, y]]])
    faces = Detections(np.array([[x - 20, y - 25, x + 20, y + 25]]), keypoints, np.array([0.9]))
    return faces, FaceRois(np.array([[x, y]]), np.array([side]), np.array([angle]))


def at(tracked: TrackedFaces, aspects: npt.NDArray[np.float64] = ONE) -> Detections:
    return detections_of(tracked, aspects)


@given(
    st.floats(-500, 500),
    st.floats(-500, 500),
    st.floats(20, 500),
    st.floats(-3.1, 3.1),
    st.sampled_from([0.5, 1.0, 1.1]),
)
def test_what_was_sighted_is_what_was_detected(x: float, y: float, side: float, angle: float, aspect: float) -> None:
    faces, rois = a_face(x, y, side, angle)
    back = at(track(faces, rois, ONE * aspect), ONE * aspect)
    np.testing.assert_allclose(back.boxes, faces.boxes, atol=1e-6)
    np.testing.assert_allclose(back.keypoints, faces.keypoints, atol=1e-6)
    np.testing.assert_array_equal(back.scores, faces.scores)


def test_a_detection_goes_with_its_roi() -> None:
    faces, rois = a_face(100, 100, 80, 0.0)
    moved = FaceRois(np.array([[160.0, 130.0]]), np.array([160.0]), np.array([0.0]))
    there = at(track(faces, rois, ONE).moved_to(moved))
    # Twice as large, around the new middle.
    np.testing.assert_allclose(there.boxes, [[120, 80, 200, 180]])
    np.testing.assert_allclose(there.keypoints[0, 0], [142, 130])


def test_half_way_between_two_sightings() -> None:
    first, last = (track(*a_face(x, 100, 80, 0.0), ONE) for x in (100.0, 140.0))
    np.testing.assert_allclose(at(first.blend(last, np.array([0.25]))).boxes, [[90, 75, 130, 125]])


def test_no_faces() -> None:
    none = track(
        Detections(np.zeros((0, 4)), np.zeros((0, 6, 2)), np.zeros(0)),
        FaceRois(np.zeros((0, 2)), np.zeros(0), np.zeros(0)),
        np.zeros(0),
    )
    assert len(none) == 0
    assert len(detections_of(none, np.zeros(0))) == 0
    assert len(TrackedFaces.join([none, track(*a_face(0, 0, 5, 0), ONE)])) == 1
