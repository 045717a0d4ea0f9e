from __future__ import annotations

import numpy as np
import pytest

from facestream.pipeline.face_detection import FaceDetectionPipeline
from facestream.pipeline.face_mesh import FaceMeshPipeline
from facestream.structures import Detections, FaceMeshes, Frame
from tests.conftest import CPU_ENGINE, Image


@pytest.fixture(scope="module")
def detection() -> FaceDetectionPipeline:
    return FaceDetectionPipeline(device="cpu", force_square=False)


def find(pipeline: FaceDetectionPipeline, image: Image) -> Detections:
    (found,) = pipeline.process_frames([Frame(image)])
    return found


def test_the_box_is_that_of_the_mesh_job(
    detection: FaceDetectionPipeline, astronaut: Image, astronaut_meshes: FaceMeshes
) -> None:
    found = find(detection, astronaut)
    np.testing.assert_array_equal(found.boxes, astronaut_meshes.boxes)
    np.testing.assert_array_equal(found.keypoints, astronaut_meshes.keypoints)
    np.testing.assert_array_equal(found.scores, astronaut_meshes.scores)


def test_the_most_prominent_face_only(detection: FaceDetectionPipeline, astronaut: Image) -> None:
    import cv2

    small = cv2.resize(astronaut[:256, 96:352], (128, 128), interpolation=cv2.INTER_AREA)
    scene = np.full((512, 700, 3), 128, np.uint8)
    scene[:, :512] = astronaut
    scene[50:178, 540:668] = small
    found = find(detection, scene)
    assert len(found) == 1
    assert found.boxes[0, 2] < 512


def test_no_face(detection: FaceDetectionPipeline) -> None:
    assert len(find(detection, np.zeros((50, 90, 3), np.uint8))) == 0
    assert detection.process_frames([]) == []


def test_squares_in_pixels(astronaut: Image) -> None:
    square = FaceDetectionPipeline(device="cpu")
    (found,) = square.process_frames([Frame(astronaut, pixel_aspect=0.75)])
    width, height = found.boxes[0, 2:] - found.boxes[0, :2]
    assert width == pytest.approx(height)


def test_the_suppression_threshold_has_an_effect(astronaut: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing suppressed the best box stays as the network gave it; else it is a mean of many."""
    alone = find(FaceDetectionPipeline(device="cpu", force_square=False, min_suppression_thresh=1.0), astronaut)
    blended = find(FaceDetectionPipeline(device="cpu", force_square=False, min_suppression_thresh=0.1), astronaut)
    assert np.abs(alone.boxes - blended.boxes).max() > 0.1


def test_verifying_keeps_faces_and_drops_what_the_mesh_denies(
    astronaut: Image, detection: FaceDetectionPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = FaceDetectionPipeline(device="cpu", force_square=False, verify=True)
    np.testing.assert_array_equal(find(verified, astronaut).boxes, find(detection, astronaut).boxes)
    mesh = verified._mesh
    assert isinstance(mesh, FaceMeshPipeline)
    place = mesh.landmarker.place
    monkeypatch.setattr(mesh.landmarker, "place", lambda *frames: (place(*frames)[0], np.array([0.1] * len(frames[0]))))
    assert len(find(verified, astronaut)) == 0
    assert [engine.name for engine in verified.engines] == [CPU_ENGINE, CPU_ENGINE]
    assert len(detection.engines) == 1
