"""Folders, patterns, --skip-existing and --rate."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import facestream
from facestream import FaceMeshPipeline
from facestream.cli import main
from tests.media.clips import cut, numbered_frames, remux, write_clip


@pytest.fixture(autouse=True)
def _loaded_once(pipeline: FaceMeshPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facestream.use_cases.extraction.open_pipeline", lambda _: pipeline)


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    for name in ("one.mp4", "day 1/a.mp4", "day 1/b.mp4", "day 2/a.mp4"):
        (tmp_path / "clips" / name).parent.mkdir(parents=True, exist_ok=True)
        write_clip(tmp_path / "clips" / name, numbered_frames(2))
    (tmp_path / "out").mkdir()
    return tmp_path / "clips"


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_folder_keeps_its_structure(clips: Path) -> None:
    out = clips.parent / "out"
    assert main(["mesh", str(clips), "-o", str(out), "--format", "npz", "--quiet"]) == 0
    assert files(out) == ["day 1/a.facemesh.npz", "day 1/b.facemesh.npz", "day 2/a.facemesh.npz", "one.facemesh.npz"]
    before = files(clips)
    assert main(["mesh", str(clips / "*" / "a.mp4"), "--overlay", "--quiet"]) == 0
    assert sorted(set(files(clips)) - set(before)) == [
        "day 1/a.facemesh.overlay.mp4",
        "day 1/a.facemesh.stream",
        "day 1/a.facemesh.stream~",
        "day 2/a.facemesh.overlay.mp4",
        "day 2/a.facemesh.stream",
        "day 2/a.facemesh.stream~",
    ]


def test_two_that_would_write_one_file_are_an_error_before_any_work(
    clips: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = clips.parent / "out"
    named = [str(clips / "day 1" / "a.mp4"), str(clips / "day 2" / "a.mp4")]
    assert main(["mesh", *named, "-o", str(out)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("day 2/a.mp4 would write it; rename one, or use two output folders")
    assert files(out) == []


def test_one_file_for_a_folder_makes_no_sense(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mesh", str(clips / "day 2"), "-o", "x.npz"]) == 2
    assert "-o x.npz names one file, but the input is a folder or pattern; name a folder" in capsys.readouterr().err
    assert main(["mesh", str(clips), "--boxes", "b.stream"]) == 2
    assert "--boxes b.stream belongs to one video, but there are 4 inputs" in capsys.readouterr().err
    assert main(["mesh", str(clips / "one.mp4"), "--boxes", "b.stream", "--faces", "2"]) == 2
    assert "a box stream holds one face per frame, but 2 faces were requested" in capsys.readouterr().err


def test_existing_outputs_are_passed_over(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["mesh", str(clips / "day 1"), "--skip-existing", "--format", "stream", "--format", "csv", "--json"]
    assert main(arguments) == 0
    assert ["skipped" in json.loads(line) for line in capsys.readouterr().out.splitlines()] == [False, False]
    (clips / "day 1" / "a.facemesh.csv").unlink()
    with (clips / "day 1" / "b.facemesh.stream~").open("ab") as file:
        file.write(b"more")
    assert main(arguments) == 0
    assert ["skipped" in json.loads(line) for line in capsys.readouterr().out.splitlines()] == [False, False]
    assert main(arguments) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["skipped"] for line in lines] == [True, True]
    assert [Path(path).name for path in lines[0]["outputs"]] == ["a.facemesh.stream", "a.facemesh.csv"]
    assert main([*arguments[:-1], "--overlay"]) == 0
    assert "skipped" not in capsys.readouterr().out
    assert main([*arguments[:-1], "--overlay"]) == 0
    assert capsys.readouterr().out.count("skipped, its outputs exist") == 2


def test_rows_on_a_constant_clock(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    times_s = [0, 0.1, 0.15, 0.6, 1.0]
    clip = write_clip(tmp_path / "c.mp4", numbered_frames(5), timestamps_s=times_s)
    formats = ["--format", "stream", "--format", "npz", "--format", "csv"]
    assert main(["mesh", str(clip), "--rate", "10", *formats, "--overlay", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == 12
    assert not any("variable frame rate" in warning for warning in told["warnings"])
    stream = facestream.read_stream(tmp_path / "c.facemesh.stream")
    assert (stream.rate_hz, len(stream.data)) == (10, 12)
    archive = np.load(tmp_path / "c.facemesh.npz")
    assert archive["frames"].tolist() == [0, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4]
    np.testing.assert_allclose(archive["timestamps_s"], np.array(times_s)[archive["frames"]], atol=1e-4)
    lines = (tmp_path / "c.facemesh.csv").read_text().splitlines()[1:]
    assert [int(line.split(",")[0]) for line in lines] == archive["frames"].tolist()
    assert json.loads(str(archive["meta"]))["rate_hz"] == 10


def test_frames_between_the_rows_are_not_looked_at(tmp_path: Path, pipeline: FaceMeshPipeline) -> None:
    clip = write_clip(tmp_path / "c.mp4", numbered_frames(9), rate=30)
    summary = facestream.extract(clip, None, facestream.MeshOptions(rate_hz=10), pipeline=pipeline)
    assert (summary.num_frames, summary.num_rows) == (3, 3)
    rows = list(facestream.iter_meshes(clip, facestream.MeshOptions(rate_hz=60), pipeline=pipeline))
    assert [row.index for row in rows] == [k for k in range(9) for _ in range(2)]


@pytest.mark.parametrize("value", ["0", "-5", "nan", "1e9", "fast"])
def test_rates_that_make_no_sense(tmp_path: Path, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mesh", "c.mp4", "--rate", value]) == 2
    assert "rate" in capsys.readouterr().err


def test_names_that_folders_really_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = write_clip(tmp_path / "c.mp4", numbered_frames(2))
    names = ["two\nlines.mp4", "ünïcode 顔.mp4", "-dash.mp4", f"{'n' * 232}.mp4", "a: b.mp4", "%d.mp4", "[x].mp4"]
    (tmp_path / "in").mkdir()
    for name in names:
        shutil.copy(clip, tmp_path / "in" / name)
    assert main(["mesh", str(tmp_path / "in"), "-o", str(tmp_path), "--json", "--format", "npz"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(names)
    assert {f"{name[:-4]}.facemesh.npz" for name in names} <= set(files(tmp_path))


def test_a_leading_dash_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "-dash.mp4", numbered_frames(2))
    assert main(["mesh", "-dash.mp4"]) == 2
    assert "-dash.mp4 is read as an option; to name the file, write ./-dash.mp4" in capsys.readouterr().err
    assert main(["mesh", "--quiet", "./-dash.mp4"]) == 0
    assert main(["mesh", "--quiet", "--", "-dash.mp4"]) == 0


@pytest.mark.parametrize("output_format", ["stream", "npz", "csv"])
def test_partial_and_old_results_are_not_passed_over(
    output_format: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = remux(write_clip(tmp_path / "w.mp4", numbered_frames(40)), tmp_path / "whole.mkv")
    clip = cut(whole, tmp_path / "c.mkv", 0.7)
    arguments = ["mesh", str(clip), "--skip-existing", "--quiet", "--json", "--format", output_format]
    for _ in range(2):
        assert main(arguments) == 1
        assert json.loads(capsys.readouterr().out)["complete"] is False, "again, because it is not complete"
    shutil.copy(whole, clip)
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 40
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["skipped"] is True
    later_s = clip.stat().st_mtime + 60
    os.utime(clip, (later_s, later_s))
    assert main(arguments) == 0
    assert "skipped" not in json.loads(capsys.readouterr().out), "the source is newer"


def test_an_overlay_that_was_named_is_said(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(clips / "one.mp4", clips / "x.overlay.mp4")
    assert main(["mesh", str(clips / "one.mp4"), str(clips / "x.overlay.mp4"), "--quiet"]) == 0
    assert "x.overlay.mp4: skipped, because it is an overlay" in capsys.readouterr().err
    assert not list(clips.glob("x.*.stream"))


def test_no_arguments_are_a_question_for_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    error = capsys.readouterr().err
    assert error.startswith("Usage: facestream [OPTIONS] COMMAND [ARGS]...\n")
    assert "\\n" not in error
