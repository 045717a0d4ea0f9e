from __future__ import annotations

from pathlib import Path

from facestream.config import DetectOptions, MeshOptions
from facestream.discover.modules.stream_plans import plan_beside_streams
from facestream.formats.contents import BOX_STREAM, KEYPOINT_STREAM, MESH_STREAM, MESHES


def test_what_lies_beside_the_stream_is_named_after_it() -> None:
    options = MeshOptions(formats=("stream", "npz", "csv"), overlay=True)
    plan = plan_beside_streams(Path("c.mp4"), (Path("out/m.facemesh.Stream"),), options)
    assert plan.files == {
        "stream": {Path("out/m.facemesh.Stream"): MESH_STREAM},
        "npz": {Path("out/m.facemesh.npz"): MESHES},
        "csv": {Path("out/m.facemesh.csv"): MESHES},
    }
    assert (plan.overlay, plan.overlay_is_named) == (Path("out/m.facemesh.overlay"), False)
    assert plan.replaces_any_stream
    plain = plan_beside_streams(Path("c.mp4"), (Path("b.stream"), Path("k.stream")), DetectOptions(formats=("stream",)))
    assert plain.paths == (Path("b.stream"), Path("k.stream"))
    assert list(plain.contents.values()) == [BOX_STREAM, KEYPOINT_STREAM]
    assert plain.overlay is None
