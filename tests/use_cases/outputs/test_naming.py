from __future__ import annotations

from pathlib import Path

import pytest

from facestream.errors import OptionError
from facestream.formats.stream import detection_streams, mesh_streams
from facestream.use_cases.outputs.naming import check_name


@pytest.mark.parametrize(
    ("name", "boxes", "keypoints"),
    [
        ("c.stream", "c.stream", "c.keypoints.stream"),
        ("c.boundingbox.stream", "c.boundingbox.stream", "c.keypoints.stream"),
        ("c.keypoints.stream", "c.boundingbox.stream", "c.keypoints.stream"),
        ("c.v2.STREAM", "c.v2.STREAM", "c.v2.keypoints.stream"),
    ],
)
def test_boxes_and_keypoints(name: str, boxes: str, keypoints: str) -> None:
    assert detection_streams(Path("x") / name) == (Path("x") / boxes, Path("x") / keypoints)


def test_a_stream_a_face() -> None:
    assert mesh_streams(Path("x/c.stream"), 2) == (Path("x/c.stream"), Path("x/c.face2.stream"))
    assert mesh_streams(Path("c.facemesh.stream"), 3)[1:] == (
        Path("c.face2.facemesh.stream"),
        Path("c.face3.facemesh.stream"),
    )


def test_names_that_say_something_else() -> None:
    for name in ("c.keypoints.stream", "c.boundingbox.csv", "c.blazeface.npz"):
        check_name(Path(name), "boxes and keypoints")
        with pytest.raises(OptionError, match=r"in the name says something else than what is in it, face meshes"):
            check_name(Path(name), "face meshes")
    check_name(Path("c.facemesh.stream"), "face meshes")
    with pytest.raises(OptionError, match=r"c\.facemesh\.stream: \.facemesh in the name says something else"):
        check_name(Path("c.facemesh.stream"), "boxes and keypoints")
    check_name(Path("facemesh.stream"), "boxes and keypoints")
