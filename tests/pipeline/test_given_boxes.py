"""Meshes from boxes that are given: no detector, and another look where the first finds another pose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from facestream import FaceMeshPipeline, InputError
from facestream.structures import FaceMeshes, FaceRois, Frame
from tests.conftest import Image, mean_distance

IMAGE = np.zeros((400, 400, 3), np.uint8)


class _Head:
    """Stands in for FaceMesh: a head of a given pose, whatever the crop, and the presence of each look."""

    def __init__(self, center: tuple[float, float], degrees: float, presences: Sequence[float]) -> None:
        angle = np.radians(degrees)
        self.mesh = np.tile(np.array([*center, 0.0]), (468, 1))
        self.mesh[:4, :2] += np.array([[-50, -50], [50, 50], [-50, 50], [50, -50]])
        eyes = np.array([np.cos(angle), np.sin(angle)]) * 20
        self.mesh[33, :2] -= eyes
        self.mesh[263, :2] += eyes
        self.presences = presences
        self.angles_deg: list[float] = []

    def place(self, frames: Sequence[Frame], rois: FaceRois) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        presence = self.presences[len(self.angles_deg)]
        self.angles_deg += np.degrees(rois.angles_rad).round(3).tolist()
        return self.mesh[None].copy(), np.array([presence])


@pytest.fixture
def look(pipeline: FaceMeshPipeline, monkeypatch: pytest.MonkeyPatch) -> Callable[[_Head], FaceMeshes]:
    def run(head: _Head) -> FaceMeshes:
        monkeypatch.setattr(pipeline, "landmarker", head)
        monkeypatch.setattr(pipeline, "detector", None)
        return pipeline.process(IMAGE, boxes=[[150, 150, 250, 250]])

    return run


Look = Callable[[_Head], FaceMeshes]


@pytest.mark.parametrize(
    ("center", "degrees", "angles_deg"),
    [
        ((200, 200), 0, [0, 0]),
        ((200, 200), 9.9, [0, 9.9]),
        ((200, 200), 10.1, [0, 10.1, 10.1]),
        ((200, 200), -30, [0, -30, -30]),
        # The roi's side is 150 pixels.
        ((214.9, 200), 0, [0, 0]),
        ((200, 215.1), 0, [0, 0, 0]),
    ],
)
def test_a_third_pass_follows_where_the_first_turns_or_moves_the_roi(
    look: Look, center: tuple[float, float], degrees: float, angles_deg: list[float]
) -> None:
    head = _Head(center, degrees, [0.99] * len(angles_deg))
    assert look(head).presence.tolist() == [0.99]
    assert head.angles_deg == angles_deg


def test_where_the_pose_was_sought_that_look_does_not_count(look: Look) -> None:
    assert look(_Head((200, 200), 30, [0.01, 0.98, 0.99])).presence.tolist() == [0.98]
    assert len(look(_Head((200, 200), 30, [0.99, 0.3, 0.3]))) == 0
    assert len(look(_Head((200, 200), 0, [0.3, 0.3]))) == 0
    assert look(_Head((200, 200), 30, [0.5, 0.6, 0.95, 0.96])).presence.tolist() == [0.95], "doubt has its own look"


def test_the_result_names_the_box(look: Look) -> None:
    meshes = look(_Head((200, 200), 0, [0.99, 0.99]))
    assert meshes.boxes.tolist() == [[150, 150, 250, 250]]
    assert np.isnan(meshes.scores).all()
    assert np.isnan(meshes.keypoints).all()


def test_a_real_face_in_a_box(
    pipeline: FaceMeshPipeline, astronaut: Image, astronaut_meshes: FaceMeshes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "detector", None)
    meshes = pipeline.process(astronaut, boxes=astronaut_meshes.boxes)
    assert mean_distance(meshes.landmarks[0], astronaut_meshes.landmarks[0]) < 0.5
    loose = astronaut_meshes.boxes + np.array([-20, -30, 25, 10])
    assert mean_distance(pipeline.process(astronaut, boxes=loose).landmarks[0], astronaut_meshes.landmarks[0]) < 1.5


def test_every_box_is_looked_at_in_its_order(
    pipeline: FaceMeshPipeline, astronaut: Image, astronaut_meshes: FaceMeshes
) -> None:
    scene = np.concatenate([astronaut[:, 96:352]] * 2, axis=1)
    box = astronaut_meshes.boxes[0] - np.array([96, 0, 96, 0])
    nothing = np.array([10.0, 400, 60, 450])
    right, left = box + np.array([256, 0, 256, 0]), box
    meshes = pipeline.process(scene, boxes=[right, nothing, left, left + 1])
    assert len(meshes) == 2, "nothing is no face, and two boxes on one face are one"
    np.testing.assert_array_equal(meshes.boxes, [right, left])
    assert len(pipeline.process(scene, boxes=[])) == 0


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([1, 2, 3, 4], r"boxes must be an array \(N, 4\) left, top, right, bottom in pixels; got \(4,\)"),
        (np.ones((2, 5)), r"got \(2, 5\)"),
        ([[0, 0, np.nan, 4]], "must be finite, each with left < right and top < bottom"),
        ([[5, 0, 2, 4]], "must be finite, each with left < right and top < bottom"),
        ([["a", "b", "c", "d"]], "boxes must be numbers"),
    ],
)
def test_boxes_of_another_form(pipeline: FaceMeshPipeline, boxes: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        pipeline.process(IMAGE, boxes=boxes)


def test_boxes_far_from_anything_do_no_harm(pipeline: FaceMeshPipeline) -> None:
    wild = [[-1e9, -1e9, 1e9, 1e9], [1e6, 1e6, 1e6 + 5, 1e6 + 5], [3, 3, 3 + 1e-9, 3 + 1e-9]]
    assert len(pipeline.process(IMAGE, boxes=wild)) == 0
