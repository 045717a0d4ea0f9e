from __future__ import annotations

from pathlib import Path

from facestream.config import DetectOptions, MeshOptions
from facestream.discover.modules.stream_plans import plan_beside_streams


def test_what_lies_beside_the_stream_is_named_after_it() -> None:
    options = MeshOptions(formats=("stream", "npz", "csv"), overlay=True)
    plan = plan_beside_streams(Path("c.mp4"), (Path("out/m.facemesh.Stream"),), options)
    assert (plan.npz, plan.csv, plan.overlay) == (
        Path("out/m.facemesh.npz"),
        Path("out/m.facemesh.csv"),
        Path("out/m.facemesh.overlay"),
    )
    assert (plan.is_of_meshes, plan.replaces_any_stream, plan.overlay_is_named) == (True, True, False)
    plain = plan_beside_streams(Path("c.mp4"), (Path("b.stream"), Path("k.stream")), DetectOptions(formats=("stream",)))
    assert plain.paths == (Path("b.stream"), Path("k.stream"))
    assert (plain.is_of_meshes, plain.overlay) == (False, None)
