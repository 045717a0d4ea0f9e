from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from facestream import FaceMeshPipeline, InputError, OptionError
from facestream.pipeline import face_mesh
from facestream.pipeline.detector import Found
from facestream.structures import Detections, FaceMeshes, FaceRois, Frame
from tests.conftest import Image, eye_distance, mean_distance

FACE = (224.0, 124.0)
"""Middle of the face in the astronaut picture."""


def turned(image: Image, degrees: float) -> tuple[Image, npt.NDArray[np.float64]]:
    """The picture turned about the face, and the matrix from it to the result, pixel centres at +0.5."""
    matrix = np.asarray(cv2.getRotationMatrix2D(FACE, degrees, 1.0), dtype=np.float64)
    indices = matrix.copy()
    indices[:, 2] += indices[:, 0] * 0.5 + indices[:, 1] * 0.5 - 0.5
    result = cv2.warpAffine(image, indices, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    return result.astype(np.uint8), matrix


def test_one_face(astronaut_meshes: FaceMeshes) -> None:
    assert len(astronaut_meshes) == 1
    assert astronaut_meshes.size == (512, 512)
    assert astronaut_meshes.presence[0] > 0.99
    assert astronaut_meshes.scores[0] > 0.8
    mesh = astronaut_meshes.landmarks[0]
    # Outer corners of the eyes, tip of the nose and corners of the mouth, read off the enlarged picture.
    seen = {33: (194, 101.5), 263: (258, 104), 4: (223.5, 126.5), 61: (203, 139.5), 291: (247.5, 138.5)}
    for index, point in seen.items():
        assert np.linalg.norm(mesh[index, :2] - point) < 4, (index, mesh[index])
    left, top, right, bottom = astronaut_meshes.boxes[0]
    assert left < mesh[4, 0] < right
    assert top < mesh[4, 1] < bottom


def test_no_face(pipeline: FaceMeshPipeline) -> None:
    nothing = pipeline.process(np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8))
    assert len(nothing) == 0
    assert nothing.landmarks.shape == (0, 468, 3)
    assert nothing.keypoints.shape == (0, 6, 2)


@pytest.mark.parametrize("degrees", range(-45, 46, 15))
def test_roll(pipeline: FaceMeshPipeline, astronaut: Image, astronaut_meshes: FaceMeshes, degrees: int) -> None:
    image, matrix = turned(astronaut, degrees)
    mesh = pipeline.process(image).landmarks[0, :, :2]
    back = (mesh - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    assert mean_distance(back, astronaut_meshes.landmarks[0]) < 3


@pytest.mark.parametrize("shape", [(16, 9), (9, 16)])
def test_padding(
    pipeline: FaceMeshPipeline, astronaut: Image, astronaut_meshes: FaceMeshes, shape: tuple[int, int]
) -> None:
    wide, high = (512 * shape[0] // shape[1], 512) if shape[0] > shape[1] else (512, 512 * shape[1] // shape[0])
    x, y = (wide - 512) // 2, (high - 512) // 2
    image = np.zeros((high, wide, 3), np.uint8)
    image[y : y + 512, x : x + 512] = astronaut
    mesh = pipeline.process(image).landmarks[0, :, :2] - (x, y)
    assert mean_distance(mesh, astronaut_meshes.landmarks[0]) < 1


def test_pixel_aspect(pipeline: FaceMeshPipeline, astronaut: Image, astronaut_meshes: FaceMeshes) -> None:
    wide = cv2.resize(astronaut, (683, 512), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    meshes = pipeline.process_frames([Frame(wide, pixel_aspect=512 / 683)])[0]
    assert meshes.size == (683, 512)
    scale = np.array([512 / 683, 1.0, 512 / 683])
    assert mean_distance(meshes.landmarks[0] * scale, astronaut_meshes.landmarks[0]) < 0.5
    depth = np.abs(meshes.landmarks[0, :, 2] * scale[2] - astronaut_meshes.landmarks[0, :, 2])
    assert depth.mean() / eye_distance(astronaut_meshes.landmarks[0]) < 0.02, "z is in the unit of x"


def test_a_batch_is_the_same_as_one_by_one(pipeline: FaceMeshPipeline, astronaut: Image) -> None:
    images = [astronaut, astronaut[:300], np.zeros((50, 80, 3), np.uint8), astronaut[:, ::-1].copy()]
    together = pipeline.process_batch(images)
    assert [len(meshes) for meshes in together] == [1, 1, 0, 1]
    for image, meshes in zip(images, together, strict=True):
        alone = pipeline.process(image)
        np.testing.assert_array_equal(alone.landmarks, meshes.landmarks)
        np.testing.assert_array_equal(alone.presence, meshes.presence)
        assert meshes.size == image.shape[1::-1]
    assert pipeline.process_batch([]) == []


def test_several_faces_the_largest_first(astronaut: Image) -> None:
    small = cv2.resize(astronaut[:256, 96:352], (128, 128), interpolation=cv2.INTER_AREA)
    scene = np.full((512, 700, 3), 128, np.uint8)
    scene[:, :512] = astronaut
    scene[50:178, 540:668] = small
    meshes = FaceMeshPipeline(num_faces=3, device="cpu").process(scene)
    assert len(meshes) == 2
    sizes = np.prod(meshes.boxes[:, 2:] - meshes.boxes[:, :2], axis=1)
    assert sizes[0] > sizes[1]
    assert meshes.landmarks[1, :, 0].min() > 512
    assert len(FaceMeshPipeline(device="cpu").process(scene)) == 1


class _Faces:
    """Stands in for both networks: boxes of given widths, and in each look at a face the presence that was told."""

    def __init__(self, widths: Sequence[float], presences: Sequence[Sequence[float]]) -> None:
        self.presences = presences
        centers = np.array([[100.0 * (k + 1), 50.0] for k in range(len(widths))])
        half = np.array([[width / 2, 5.0] for width in widths])
        keypoints = np.repeat(centers[:, None], 6, axis=1) + np.array([[k, 0] for k in range(6)])
        self.detections = Detections(np.hstack([centers - half, centers + half]), keypoints, np.full(len(widths), 0.9))
        self.num_looks = [0] * len(widths)

    def search(self, frames: Sequence[Frame]) -> list[Found]:
        return [Found(self.detections, 0.9) for _ in frames]

    def place(self, frames: Sequence[Frame], rois: FaceRois) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """A small mesh in the middle of each roi."""
        grid = np.stack(np.meshgrid(np.linspace(-5, 5, 36), np.linspace(-5, 5, 13)), axis=-1).reshape(-1, 2)
        meshes = np.zeros((len(frames), 468, 3))
        meshes[..., :2] = rois.centers[:, None] + grid
        presences = []
        for face in np.rint(rois.centers[:, 0] / 100).astype(int) - 1:
            presences.append(self.presences[face][self.num_looks[face]])
            self.num_looks[face] += 1
        return meshes, np.array(presences)


@pytest.fixture
def search(pipeline: FaceMeshPipeline, monkeypatch: pytest.MonkeyPatch) -> Callable[..., FaceMeshes]:
    def run(faces: _Faces, num_faces: int = 1, min_score_thresh: float = 0.5) -> FaceMeshes:
        monkeypatch.setattr(pipeline, "detector", faces)
        monkeypatch.setattr(pipeline, "landmarker", faces)
        monkeypatch.setattr(pipeline, "num_faces", num_faces)
        monkeypatch.setattr(pipeline, "min_score_thresh", min_score_thresh)
        return pipeline.process(np.zeros((100, 2000, 3), np.uint8))

    return run


Search = Callable[..., FaceMeshes]


def test_a_face_is_looked_at_twice_and_the_lower_presence_counts(search: Search) -> None:
    faces = _Faces([20], [[0.99, 0.98]])
    assert search(faces).presence.tolist() == [0.98]
    assert faces.num_looks == [2]


@pytest.mark.parametrize(
    ("presences", "confidence"),
    [
        ([0.08, 0.99, 0.98], 0.98),
        ([0.96, 0.96, 0.99], 0.96),
        ([0.24, 0.91, 0.97], 0.91),
        ([0.54, 0.59, 0.05], None),
        ([0.44, 0.61, 0.83], None),
        ([0.99, 0.49], None),
        ([0.20, 0.30], None),
    ],
)
def test_where_two_looks_leave_doubt_a_third_decides(
    search: Search, presences: list[float], confidence: float | None
) -> None:
    faces = _Faces([20], [presences])
    assert search(faces).presence.tolist() == ([] if confidence is None else [confidence])
    assert faces.num_looks == [len(presences)]


@pytest.mark.parametrize(
    ("threshold", "presences", "is_face"),
    [
        (0.0, [0.0, 0.0], True),
        (0.1, [0.2, 0.2], True),
        (0.1, [0.05, 0.2, 0.19], True),
        (0.1, [0.05, 0.2, 0.17], False),
        (0.98, [0.98, 0.98], True),
        (0.98, [0.98, 0.97], False),
    ],
)
def test_one_threshold_rules_all_looks(search: Search, threshold: float, presences: list[float], is_face: bool) -> None:
    assert len(search(_Faces([20], [presences]), 1, threshold)) == is_face


def test_a_false_box_does_not_hide_a_face(search: Search) -> None:
    faces = _Faces([20, 18, 16, 14], [[0.2, 0.3], [0.9, 0.3], [0.99, 0.98], [0.99, 0.99]])
    meshes = search(faces)
    assert faces.num_looks == [2, 2, 2, 0], "one after the other, and no more than needed"
    assert meshes.boxes[0].tolist() == faces.detections.boxes[2].tolist()


def test_a_doubtful_face_keeps_its_place(search: Search) -> None:
    faces = _Faces([20, 18, 16], [[0.6, 0.99, 0.99], [0.99, 0.99], [0.6, 0.99, 0.98]])
    assert search(faces, 3).boxes[:, 0].tolist() == faces.detections.boxes[:, 0].tolist(), "the largest first"


@pytest.mark.parametrize("num_faces", [1, 3])
def test_at_most_eight_more_than_wanted_are_tried(search: Search, num_faces: int) -> None:
    faces = _Faces([20.0 - k / 10 for k in range(15)], [[0.1, 0.1]] * 15)
    assert len(search(faces, num_faces)) == 0
    num_tried = num_faces + face_mesh.MAX_FALSE_CANDIDATES
    assert faces.num_looks == [2] * num_tried + [0] * (15 - num_tried)


def test_two_boxes_on_one_face_are_one_face(search: Search) -> None:
    faces = _Faces([20, 18, 16], [[0.99] * 4, [0.99] * 2, [0.99] * 2])
    faces.detections.boxes[1] += np.array([-99, 0, -99, 0])
    faces.detections.keypoints[1] -= np.array([99, 0])
    meshes = search(faces, 3)
    assert meshes.boxes[:, 0].tolist() == [faces.detections.boxes[0, 0], faces.detections.boxes[2, 0]]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 4, 3)), r"image 0 must be an RGB array, uint8 \(height, width, 3\); got float64 \(4, 4, 3\)"),
        (np.zeros((4, 4), np.uint8), r"got uint8 \(4, 4\)"),
        (np.zeros((4, 4, 4), np.uint8), r"got uint8 \(4, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), r"image 0 has no pixels: \(0, 4, 3\)"),
        ("clip.mp4", "got str"),
    ],
)
def test_images_of_another_form(pipeline: FaceMeshPipeline, image: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        pipeline.process(image)


def test_a_network_that_overflows_finds_no_face(
    pipeline: FaceMeshPipeline, astronaut: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = pipeline.landmarker.engine.run

    def overflow(images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[Any], ...]:
        landmarks, logits = run(images)
        return landmarks * np.inf, logits

    monkeypatch.setattr(pipeline.landmarker.engine, "run", overflow)
    with np.errstate(invalid="ignore"):
        assert len(pipeline.process(astronaut)) == 0


def test_tiny_images(pipeline: FaceMeshPipeline) -> None:
    assert len(pipeline.process(np.zeros((1, 1, 3), np.uint8))) == 0
    assert len(pipeline.process(np.zeros((1, 3000, 3), np.uint8))) == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"detector": "side"}, "detector must be one of back, front, not 'side'"),
        ({"num_faces": 0}, "num_faces must be at least 1"),
        ({"min_score_thresh": 2.0}, "min_score_thresh must be at most 1, not 2.0"),
    ],
)
def test_options_out_of_range(values: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        FaceMeshPipeline(**values)


def test_the_front_detector(astronaut: Image, astronaut_meshes: FaceMeshes) -> None:
    meshes = FaceMeshPipeline(detector="front", device="cpu").process(astronaut)
    assert mean_distance(meshes.landmarks[0], astronaut_meshes.landmarks[0]) < 2
