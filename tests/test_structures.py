from __future__ import annotations

import numpy as np
import pytest

from facestream.structures import Detections, FaceMeshes, FaceRois, Frame, Progress


def test_shapes_are_checked_at_birth() -> None:
    with pytest.raises(ValueError, match=r"keypoints must have shape \(1, 6, 2\), not \(1, 5, 2\)"):
        Detections(np.zeros((1, 4)), np.zeros((1, 5, 2)), np.zeros(1))
    with pytest.raises(ValueError, match=r"sides must have shape \(2,\), not \(1,\)"):
        FaceRois(np.zeros((2, 2)), np.zeros(1), np.zeros(2))
    with pytest.raises(ValueError, match=r"landmarks must have shape \(1, 468, 3\), not \(1, 478, 3\)"):
        FaceMeshes(np.zeros((1, 478, 3)), np.zeros(1), np.zeros(1), np.zeros((1, 4)), np.zeros((1, 6, 2)), (4, 3))
    with pytest.raises(ValueError, match=r"pixels must be uint8 \(H, W, 3\), not float64 \(4, 4, 3\)"):
        Frame(np.zeros((4, 4, 3)))  # type: ignore[arg-type]


def test_structures_print_their_shapes() -> None:
    assert repr(Detections(np.zeros((2, 4)), np.zeros((2, 6, 2)), np.zeros(2))) == (
        "Detections(boxes=(2, 4), keypoints=(2, 6, 2), scores=(2,))"
    )
    assert repr(FaceRois(np.zeros((1, 2)), np.zeros(1), np.zeros(1))) == (
        "FaceRois(centers=(1, 2), sides=(1,), angles_rad=(1,))"
    )


def test_faces_are_chosen_by_index() -> None:
    faces = Detections(np.arange(12.0).reshape(3, 4), np.zeros((3, 6, 2)), np.array([0.1, 0.2, 0.3]))
    assert faces[np.array([2, 0])].scores.tolist() == [0.3, 0.1]
    assert len(faces[:0]) == 0
    assert Frame(np.zeros((3, 4, 3), np.uint8)).size == (4, 3)


def test_progress_says_what_it_knows() -> None:
    assert str(Progress(90, None, 2.0)) == "90 frames, 45 frames/s"
    assert str(Progress(90, 180, 0.0)) == "90 of about 180 frames, 0 frames/s"
    assert str(Progress(90, 270, 2.0)) == "90 of about 270 frames, 45 frames/s, 0:00:04 left"
    assert Progress(300, 270, 2.0).seconds_left == 0.0, "headers may promise too little"
