"""What info tells of each kind of file, against what was put in."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from facestream import DetectOptions, MeshOptions, convert, detect, extract, write_stream
from facestream.batch.journal import Journal
from facestream.cli import main
from facestream.errors import FacestreamError
from facestream.inspection import inspect
from facestream.models.registry import WEIGHTS
from tests.media.clips import cut, numbered_frames, remux, set_display_matrix, write_clip
from tests.media.damage import contents


def told(path: Path) -> dict[str, Any]:
    """The JSON, which holds no NaN, and whose facts are lines."""
    description = inspect(path)
    for name, value in description.facts():
        assert 0 < len(name) <= 12
        assert "\n" not in value
    found: dict[str, Any] = json.loads(json.dumps(description.as_json(), allow_nan=False))
    assert found["file"] == str(path)
    return found


@pytest.fixture(scope="module")
def results(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the jobs write of the frames 15 to 29 of a clip."""
    folder = tmp_path_factory.mktemp("results")
    clip = remux(sample, folder / "clip.mp4", num_packets=60)
    options = MeshOptions(formats=("stream", "npz", "csv"), device="cpu", from_s=0.5, to_s=1.0, num_faces=2)
    extract(clip, folder, options)
    detect(clip, folder, DetectOptions(formats=("npz", "csv"), device="cpu", to_s=0.5))
    return folder


@pytest.mark.parametrize("suffix", ["npz", "csv"])
def test_meshes(results: Path, suffix: str) -> None:
    found = told(results / f"clip.facemesh.{suffix}")
    arrays = np.load(results / "clip.facemesh.npz")
    assert (found["kind"], found["format"], found["rows"], found["faces"]) == ("meshes", suffix, 15, 2)
    assert (found["first_frame"], found["last_frame"], found["width"], found["height"]) == (15, 29, 480, 360)
    assert (found["first_s"], found["last_s"]) == pytest.approx((0.5, 29 / 30), abs=1e-3)
    assert found["rows_by_face"] == [15, 0]
    assert found["options"] == {"from_s": 0.5, "to_s": 1.0, "num_faces": 2, "device": "cpu"}
    x = arrays["landmarks"][:, 0, :, 0]
    ranges = found["ranges"]["x"]
    assert (ranges["min"], ranges["max"], ranges["mean"]) == pytest.approx((x.min(), x.max(), x.mean()), rel=1e-5)
    assert (found["complete"], found["source"]) == (True, "clip.mp4")


@pytest.mark.parametrize("suffix", ["npz", "csv"])
def test_boxes(results: Path, suffix: str) -> None:
    found = told(results / f"clip.blazeface.{suffix}")
    boxes = np.load(results / "clip.blazeface.npz")["boxes"]
    assert (found["kind"], found["rows"], found["rows_with_face"]) == ("boxes", 15, 15)
    assert found["ranges"]["left"]["min"] == pytest.approx(boxes[..., 0].min(), rel=1e-5)


@pytest.mark.parametrize("suffix", ["npz", "csv"])
def test_samples(tmp_path: Path, suffix: str) -> None:
    rows = np.array([[0, 1], [2, 3], [4, 8]], np.float32)
    write_stream(tmp_path / "a.stream", rows, 10, media_type="feature;x")
    convert(tmp_path / "a.stream", tmp_path / f"a.{suffix}")
    found = told(tmp_path / f"a.{suffix}")
    assert (found["kind"], found["rows"], found["columns"], found["type"], found["seconds"]) == (
        "samples",
        3,
        2,
        "FLOAT",
        0.3,
    )
    assert [(values["min"], values["max"], values["mean"]) for values in found["ranges"].values()] == [
        (0, 4, 2),
        (1, 8, 4),
    ]


def test_a_stream(results: Path) -> None:
    found = told(results / "clip.facemesh.stream")
    assert (found["kind"], found["rows"], found["meta"]["first_frame"]) == ("stream", 15, "15")


def test_a_video_that_its_header_turns(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", numbered_frames(10), codec="libx264", rate=10)
    set_display_matrix(clip, 0, 1, -1, 0)
    found = told(clip)
    assert (found["kind"], found["width"], found["height"], found["rotation_deg"]) == ("video", 48, 64, 90)
    assert (found["frames"], found["frames_by_header"], found["rate_hz"], found["seconds"]) == (10, 10, 10, 1.0)
    assert found["codec"].startswith("h264, yuv420p in QuickTime")
    assert (found["even"], found["jumps_back"], found["missing_bytes"]) == (True, False, 0)


def test_a_video_of_varying_rate(tmp_path: Path) -> None:
    times = [0.5, 0.6, 0.7, 1.1, 1.2]
    found = told(write_clip(tmp_path / "a.mkv", numbered_frames(5), timestamps_s=times))
    assert (found["even"], found["first_s"]) == (False, 0.5)
    assert (found["smallest_gap_s"], found["largest_gap_s"]) == pytest.approx((0.1, 0.4), abs=2e-3)
    # Rows of (5 - 1) / 0.7 Hz: the third is at 0.35 s, its frame at 0.2 s after the first.
    assert found["drift_s"] == pytest.approx(0.15, abs=3e-3)


def test_half_a_video(tmp_path: Path, sample: Path) -> None:
    path = cut(remux(sample, tmp_path / "whole.mkv"), tmp_path / "a.mkv", 0.5)
    found = told(path)
    assert found["missing_bytes"] > 0
    assert 10 < found["frames"] < 150


def test_pictures(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (32, 24)).save(tmp_path / "a.jpg", exif=exif)
    found = told(tmp_path / "a.jpg")
    assert (found["kind"], found["codec"], found["width"], found["height"]) == ("picture", "JPEG, RGB", 24, 32)
    assert (found["rotation_deg"], found["frames"], found["smallest_gap_s"]) == (90, 1, None)
    first, second = Image.new("RGB", (8, 8)), Image.new("RGB", (8, 8), "red")
    first.save(tmp_path / "b.webp", save_all=True, append_images=[second], duration=[100, 200])
    found = told(tmp_path / "b.webp")
    assert (found["kind"], found["frames"], found["codec"][:13]) == ("video", 2, "animated WEBP")
    first.save(tmp_path / "c.tiff", save_all=True, append_images=[second])
    assert told(tmp_path / "c.tiff")["notes"] == ["the picture holds 2 frames; only the first is used"]


def test_a_trainer(tmp_path: Path) -> None:
    path = tmp_path / "x.trainer"
    ios = '<io type="input" id="data" data="stream:Video"/><io type="output" id="out" data="stream"/>'
    path.write_text(f'<trainer><meta description="about">{ios}</meta><model create="Mine" script="evil.py"/></trainer>')
    found = told(path)
    assert (found["kind"], found["create"], found["known"], found["script"]) == ("trainer", "Mine", False, "evil.py")
    assert found["inputs"] == [{"id": "data", "data": "stream:Video"}]


def test_lists(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("path,boxes,options\na.mp4,,faces=2\nb.mp4,b.stream,\n")
    found = told(tmp_path / "l.csv")
    assert (found["kind"], found["items"], found["items_with_boxes"], found["items_with_options"]) == ("list", 2, 1, 1)
    (tmp_path / "l.txt").write_text("a.mp4\n# no\nb.mp4\nc.mp4\n")
    assert told(tmp_path / "l.txt")["items"] == 3


@pytest.mark.parametrize("name", sorted(WEIGHTS))
def test_weights(name: str) -> None:
    found = told(WEIGHTS[name].path)
    assert (found["kind"], found["network"], found["sha256"]) == ("weights", name, WEIGHTS[name].sha256)


def test_a_batch_in_all_its_states(tmp_path: Path) -> None:
    state = tmp_path / "out" / "facestream-batch"
    with Journal(state) as journal:
        journal.begin_run()
        journal.connection.executemany(
            "INSERT INTO items (output, source, options, changes, marks, size, state, run, frames, seconds, error) "
            "VALUES (?, ?, '{}', '{}', '[]', 1, ?, 1, 10, 2.5, ?)",
            [(f"{n}", f"/v/{n}.mp4", n % 5, "broken" if n % 5 == 4 else "") for n in range(12)],
        )
        while_running = told_batch(tmp_path / "out")
    before = contents(state)
    found = told_batch(tmp_path / "out")
    assert contents(state) == before
    assert (while_running["is_running"], found["is_running"]) == (True, False)
    assert [found[name] for name in ("items", "waiting", "running", "done", "partial", "failed")] == [12, 3, 3, 2, 2, 2]
    assert (found["frames"], found["seconds"], found["ended_s"]) == (120, 30.0, None)
    assert {"source": "/v/4.mp4", "error": "broken"} in found["failures"]
    assert told_batch(state) == told_batch(state / "journal.sqlite") == found


def told_batch(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(inspect(path).as_json(), allow_nan=False))
    assert found["kind"] == "batch"
    return found


def damaged_npz(folder: Path) -> Path:
    (folder / "a.npz").write_bytes(b"PK\x03\x04" + bytes(99))
    return folder / "a.npz"


def damaged_csv(folder: Path) -> Path:
    (folder / "a.csv").write_text("frame,time_s,width,meta\n1,2\n")
    return folder / "a.csv"


def damaged_batch(folder: Path) -> Path:
    with Journal(folder / "facestream-batch"):
        pass
    (folder / "facestream-batch" / "journal.sqlite").write_bytes(b"x" * 5000)
    return folder


def batch_of_another_version(folder: Path) -> Path:
    with Journal(folder / "facestream-batch"):
        pass
    with closing(sqlite3.connect(folder / "facestream-batch" / "journal.sqlite")) as db:
        db.execute("PRAGMA user_version = 7")
    return folder


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.mp4")
    return folder / "pipe.mp4"


def file(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


BAD = {
    "a damaged archive": (damaged_npz, "not a NumPy archive"),
    "a table without its last row": (damaged_csv, "the last row does not say"),
    "a damaged batch": (
        damaged_batch,
        "damaged (the file is no SQLite database); running the batch again sets the file aside",
    ),
    "a batch of another version": (
        batch_of_another_version,
        "written by another version of facestream (journal version 7, not 1)",
    ),
    "a pipe": (pipe, "neither a file nor a folder"),
    "an empty folder": (lambda folder: folder, "this folder holds no batch; give a file"),
    "nothing": (lambda folder: folder / "absent.mp4", "there is no such file"),
    "an empty file": (lambda folder: file(folder, "a.mp4", b""), "the file is empty"),
    "a text": (lambda folder: file(folder, "a.py", b"print()\n"), "a text file, not a picture or video"),
    "samples": (
        lambda folder: file(folder, "a.stream~", b"1234"),
        "these are the samples of a stream; give its header, a.stream",
    ),
    "weights of nothing": (lambda folder: folder / "absent.tflite", "the weights cannot be read"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_a_line(
    name: str, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, message = BAD[name]
    path = make(tmp_path)
    with pytest.raises(FacestreamError):
        inspect(path)
    assert main(["info", str(path), str(results / "clip.mp4"), "--json"]) == 1
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert message in line
    assert json.loads(captured.out)["kind"] == "video"
