from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facestream import (
    DetectOptions,
    FaceMeshPipeline,
    MeshOptions,
    OptionError,
    OutputError,
    extract,
    write_stream,
)
from facestream.media.source import open_source
from facestream.use_cases.outputs.plan import check_distinct, check_outputs, plan_outputs
from tests.media.clips import numbered_frames, write_clip


def names(source: str, target: Path | None = None, **values: object) -> list[str]:
    plan = plan_outputs(Path(source), target, MeshOptions(**values))  # type: ignore[arg-type]
    return [str(path) for path in (*plan.paths, *([plan.overlay] if plan.overlay else []))]


def test_names_beside_the_source() -> None:
    assert names("a/clip.mp4") == ["a/clip.facemesh.stream"]
    assert names("a/clip.final.mp4", formats=("npz",)) == ["a/clip.final.facemesh.npz"]
    assert names("clip", formats=("csv",)) == ["clip.facemesh.csv"]
    assert names("a.b/.mp4") == ["a.b/.mp4.facemesh.stream"]
    assert names("c.mp4", formats=("csv", "stream"), overlay=True) == [
        "c.facemesh.stream",
        "c.facemesh.csv",
        "c.facemesh.overlay",
    ]


def test_names_of_several_faces() -> None:
    assert names("c.mp4", num_faces=3, formats=("stream", "npz")) == [
        "c.facemesh.stream",
        "c.face2.facemesh.stream",
        "c.face3.facemesh.stream",
        "c.facemesh.npz",
    ]
    assert names("c.mp4", Path("x/out.stream"), num_faces=2) == ["x/out.stream", "x/out.face2.stream"]


def test_names_of_boxes_and_keypoints() -> None:
    plan = plan_outputs(Path("c.mp4"), Path("x/c.keypoints.stream"), DetectOptions())
    assert plan.contents == {
        Path("x/c.boundingbox.stream"): "feature;face;boundingbox;blazeface in 5 columns",
        Path("x/c.keypoints.stream"): "feature;face;landmarks;blazeface in 13 columns",
    }
    with pytest.raises(OptionError, match=r"c\.keypoints\.stream: \.keypoints in the name says something else"):
        plan_outputs(Path("c.mp4"), Path("c.keypoints.stream"), MeshOptions())
    with pytest.raises(OptionError, match=r"c\.facemesh\.npz: \.facemesh in the name says something else"):
        plan_outputs(Path("c.mp4"), Path("c.facemesh.npz"), DetectOptions())


@pytest.mark.parametrize("name", ["r.npz", "r.csv", "r.stream"])
def test_what_another_job_wrote_is_neither_done_nor_replaced(
    tmp_path: Path, name: str, pipeline: FaceMeshPipeline
) -> None:
    source = write_clip(tmp_path / "c.mp4", numbered_frames(2))
    extract(source, tmp_path / name, pipeline=pipeline)
    assert plan_outputs(source, tmp_path / name, MeshOptions()).is_done()
    other = plan_outputs(source, tmp_path / name, DetectOptions())
    if name == "r.stream":
        write_stream(tmp_path / "r.keypoints.stream", np.ones((2, 13), np.float32), 25)
    assert not other.is_done()
    with pytest.raises(OutputError, match=r"r\..*: holds .*, which .* would replace; choose another name"):
        check_outputs(other)


def test_a_target_is_a_file_where_it_ends_in_a_known_extension(tmp_path: Path) -> None:
    assert names("a/c.mp4", Path("x/out.npz")) == ["x/out.npz"]
    assert names("a/c.mp4", Path("x/out.CSV")) == ["x/out.CSV"]
    assert names("a/c.mp4", Path("x/out.npz"), formats=("npz", "csv"), overlay=True) == [
        "x/out.npz",
        "x/out.csv",
        "x/out.overlay",
    ]
    assert names("a/c.mp4", Path("x/run.v2")) == ["x/run.v2/c.facemesh.stream"]
    (tmp_path / "folder.npz").mkdir()
    assert names("c.mp4", tmp_path / "folder.npz") == [f"{tmp_path}/folder.npz/c.facemesh.stream"]
    plan = plan_outputs(Path("c.mp4"), Path("out.npz"), MeshOptions(), target_is_folder=True)
    assert plan.paths == (Path("out.npz/c.facemesh.stream"),)
    with pytest.raises(OptionError, match=r"-o x/out.npz asks for npz, but --format for stream"):
        names("c.mp4", Path("x/out.npz"), formats=("stream",))


def test_the_overlay_follows_the_source(tmp_path: Path) -> None:
    info = open_source(write_clip(tmp_path / "c.mp4", numbered_frames(2))).info
    plan = plan_outputs(tmp_path / "c.mp4", None, MeshOptions(overlay=True))
    assert plan.overlay_path(info) == tmp_path / "c.facemesh.overlay.mp4"
    plan = plan_outputs(tmp_path / "c.mp4", None, MeshOptions(overlay=Path("x.MP4")))
    assert plan.overlay_path(info) == Path("x.MP4")
    with pytest.raises(OutputError, match=r"x.png: .*c.mp4 is a video, whose overlay must end in .mp4"):
        plan_outputs(tmp_path / "c.mp4", None, MeshOptions(overlay=Path("x.png"))).overlay_path(info)
    with pytest.raises(OptionError, match=r"must end in \.mp4 for a video, in \.png or \.jpg for a picture"):
        plan_outputs(tmp_path / "c.mp4", None, MeshOptions(overlay=Path("x.avi")))


def check(source: Path, target: Path | None = None, **values: object) -> None:
    check_outputs(plan_outputs(source, target, MeshOptions(**values)))  # type: ignore[arg-type]


def test_nothing_of_the_users_is_replaced(tmp_path: Path) -> None:
    source = tmp_path / "c.mp4"
    source.write_bytes(b"x")
    check(source)
    notes = tmp_path / "notes.csv"
    notes.write_text("name,age\n")
    with pytest.raises(OutputError, match=r"notes\.csv: the file exists and was not written by facestream"):
        check(source, notes)
    notes.write_text("")
    check(source, notes)
    (tmp_path / "s.stream~").write_text("an editor's backup")
    with pytest.raises(OutputError, match=r"s\.stream~: the file exists and was not written by facestream"):
        check(source, tmp_path / "s.stream")
    (tmp_path / "t.stream~").mkdir()
    with pytest.raises(OutputError, match=r"t\.stream~: a folder is in the way"):
        check(source, tmp_path / "t.stream")
    with pytest.raises(OutputError, match="cannot be an output"):
        check(tmp_path / f"{'x' * 245}.mp4")
    (tmp_path / "a.npz").write_bytes(b"PK nothing")
    with pytest.raises(OutputError, match="was not written by facestream"):
        check(source, tmp_path / "a.npz")
    (tmp_path / "b.stream").write_text("my notes")
    with pytest.raises(OutputError, match="was not written by facestream"):
        check(source, tmp_path / "b.stream")
    (tmp_path / "b.stream").unlink()
    write_stream(tmp_path / "b.stream", np.ones((2, 937), np.float32), 25, media_type="feature;face;landmarks;facemesh")
    check(source, tmp_path / "b.stream")
    with pytest.raises(OutputError, match=r"holds feature;face;landmarks;facemesh in 937 columns, which feat"):
        check_outputs(plan_outputs(source, tmp_path / "b.stream", DetectOptions()))
    write_stream(tmp_path / "b.stream", np.ones((2, 5), np.float32), 25, media_type="feature;face;boundingbox")
    with pytest.raises(OutputError, match=r"holds feature;face;boundingbox in 5 columns, which .*blazeface in 5"):
        check_outputs(plan_outputs(source, tmp_path / "b.stream", DetectOptions()))
    # A header as discover-utils writes it.
    (tmp_path / "b.stream").write_text('<stream ssi-v ="2">\n    <info ftype="BINARY" sr="25.000" dim="2" byte="8" />')
    with pytest.raises(OutputError, match="was not written by facestream"):
        check(source, tmp_path / "b.stream")
    (tmp_path / "e.csv").write_text("time_s,pupil,heart\n0,1,2\n")
    with pytest.raises(OutputError, match="was not written by facestream"):
        check(source, tmp_path / "e.csv")
    film = write_clip(tmp_path / "film.mp4", numbered_frames(2))
    with pytest.raises(OutputError, match=r"film.mp4: the file exists and was not written by facestream"):
        check(source, overlay=film)
    (tmp_path / "d.npz").write_bytes(b"")
    (tmp_path / "c.facemesh.stream").mkdir()
    with pytest.raises(OutputError, match="a folder is in the way of this output"):
        check(source)


def test_an_output_is_not_its_own_input(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "c.mp4", numbered_frames(2))
    source = source.rename(tmp_path / "c.csv")
    with pytest.raises(OutputError, match="the output would replace its own input"):
        check(source, source)
    (tmp_path / "link.csv").symlink_to(source)
    with pytest.raises(OutputError, match="the output would replace its own input"):
        check(source, tmp_path / "link.csv")


def test_folders_are_checked(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no such output folder"):
        check(tmp_path / "c.mp4", tmp_path / "absent")
    with pytest.raises(OutputError, match="there is no such output folder"):
        check(tmp_path / "c.mp4", tmp_path / "absent" / "out.npz")
    with pytest.raises(OutputError, match="there is no such output folder"):
        check(tmp_path / "c.mp4", overlay=tmp_path / "absent" / "o.mp4")


def test_two_sources_do_not_write_one_file() -> None:
    options = MeshOptions()
    plans = [plan_outputs(Path(name), None, options) for name in ("a.mp4", "b.mp4", "a.png")]
    check_distinct(plans[:2])
    with pytest.raises(OutputError, match=r"a.facemesh.stream: both a.mp4 and a.png would write it"):
        check_distinct(plans)
    check_distinct([plans[0], plans[0]])


def test_no_source_is_written_over_by_another(tmp_path: Path) -> None:
    options = MeshOptions(overlay=True, formats=("csv",))
    sources = [tmp_path / "c.mp4", tmp_path / "c.facemesh.csv"]
    with pytest.raises(OutputError, match=r"an output of .*c\.mp4 would replace this input"):
        check_distinct([plan_outputs(path, None, options) for path in sources])
    (tmp_path / "link").symlink_to(tmp_path)
    linked = [tmp_path / "c.mp4", tmp_path / "link" / "c.png"]
    with pytest.raises(OutputError, match="would write it; rename one, or use two output folders"):
        check_distinct([plan_outputs(path, None, options) for path in linked])
