from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from facestream.drawing.mesh import draw_meshes
from facestream.drawing.overlay import OVERLAY_COMMENT, is_overlay, open_overlay
from facestream.media.clock import FrameClock
from facestream.media.source import open_source
from facestream.media.video.writer import VideoWriter
from facestream.structures import FaceMeshes, Frame
from tests.conftest import Image


def test_lines_run_through_the_landmarks(astronaut: Image, astronaut_meshes: FaceMeshes) -> None:
    before = astronaut.copy()
    drawn = draw_meshes(astronaut, astronaut_meshes)
    np.testing.assert_array_equal(astronaut, before)
    changed = (drawn != astronaut).any(axis=2)
    for x, y, _ in astronaut_meshes.landmarks[0]:
        assert changed[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2].any(), (x, y)
    ys, xs = np.nonzero(changed)
    mesh = astronaut_meshes.landmarks[0]
    assert mesh[:, 0].min() - 8 < xs.min()
    assert ys.max() < mesh[:, 1].max() + 3


def test_a_line_lies_where_its_points_do() -> None:
    """All points on one level line at y = 20.5, the middle of row 20: the contour is brightest there."""
    landmarks = np.zeros((1, 468, 3))
    landmarks[0, :, 0] = np.linspace(5, 55, 468)
    landmarks[0, :, 1] = 20.5
    meshes = FaceMeshes(landmarks, np.ones(1), np.ones(1), np.zeros((1, 4)), np.zeros((1, 6, 2)), (60, 40))
    drawn = draw_meshes(np.zeros((40, 60, 3), np.uint8), meshes)[18:, 10:50].sum(axis=(1, 2))
    assert int(drawn.argmax()) + 18 == 20
    assert drawn[1] == pytest.approx(drawn[3], rel=0.1)


def test_a_long_overlay_is_known_for_ours(tmp_path: Path) -> None:
    """The comment of an MP4 stands behind an index that grows with every frame."""
    for comment in (OVERLAY_COMMENT, "a film of mine"):
        writer = VideoWriter(tmp_path / "a.mp4", (16, 16), Fraction(25), 1.0, comment)
        for k in range(9000):
            writer.write(np.full((16, 16, 3), k % 200, np.uint8), k / 25)
        writer.close()
        assert is_overlay(tmp_path / "a.mp4") == (comment == OVERLAY_COMMENT)


def test_no_faces_nothing_drawn(astronaut: Image, astronaut_meshes: FaceMeshes) -> None:
    nothing = FaceMeshes(
        np.empty((0, 468, 3)), np.empty(0), np.empty(0), np.empty((0, 4)), np.empty((0, 6, 2)), (512, 512)
    )
    np.testing.assert_array_equal(draw_meshes(astronaut, nothing), astronaut)


def test_points_far_outside_do_no_harm(astronaut: Image, astronaut_meshes: FaceMeshes) -> None:
    wild = FaceMeshes(
        astronaut_meshes.landmarks * 1e9, np.ones(1), np.ones(1), np.zeros((1, 4)), np.zeros((1, 6, 2)), (512, 512)
    )
    assert draw_meshes(astronaut, wild).shape == astronaut.shape


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.JPEG"])
def test_a_picture_says_that_it_is_ours(
    tmp_path: Path, name: str, astronaut: Image, astronaut_meshes: FaceMeshes
) -> None:
    Pillow.fromarray(astronaut).save(tmp_path / "source.png")
    assert not is_overlay(tmp_path / "source.png")
    writer = open_overlay(tmp_path / name, open_source(tmp_path / "source.png").info)
    writer.write(draw_meshes(astronaut, astronaut_meshes), Frame(astronaut))
    writer.finish(FrameClock(Fraction(1), 0.0), {})
    writer.commit()
    assert is_overlay(tmp_path / name)
    with Pillow.open(tmp_path / name) as picture:
        difference = np.abs(np.asarray(picture).astype(int) - draw_meshes(astronaut, astronaut_meshes))
    assert difference.mean() < (0.01 if name == "a.png" else 4)
