"""Animated pictures, numbered pictures and parts of clips at the command line and in a batch."""

from __future__ import annotations

import json
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facestream import read_stream
from facestream.cli import main
from facestream.media.source import open_source
from tests.media.clips import remux


@pytest.fixture(scope="module")
def clip(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 frames at 30 Hz."""
    return remux(sample, tmp_path_factory.mktemp("clips") / "clip.mp4", num_packets=60)


@pytest.fixture(scope="module")
def frames(clip: Path) -> Path:
    """The first 30 of them as numbered pictures, without leading zeros."""
    folder = clip.parent / "recordings" / "frames"
    folder.mkdir(parents=True)
    for number, frame in enumerate(islice(open_source(clip), 30), 1):
        Image.fromarray(frame.image).save(folder / f"f{number}.png")
    return folder


@pytest.mark.parametrize("suffix", ["webp", "png", "gif", "avif"])
def test_an_animated_picture(suffix: str, frames: Path, tmp_path: Path) -> None:
    first, *others = (Image.open(frames / f"f{number}.png") for number in (1, 5, 9, 13))
    path = tmp_path / f"moving.{suffix}"
    first.save(path, save_all=True, append_images=others, duration=[100, 200, 100, 100])
    assert main(["mesh", str(path), "--format", "npz", "--format", "stream", "--overlay", "--quiet"]) == 0
    arrays = np.load(tmp_path / "moving.facemesh.npz")
    assert arrays["detected"].all()
    np.testing.assert_allclose(arrays["timestamps_s"], [0, 0.1, 0.3, 0.4], atol=1e-9)
    assert len(read_stream(tmp_path / "moving.facemesh.stream").data) == 4
    with closing(open_source(tmp_path / "moving.facemesh.overlay.mp4")) as overlay:
        assert [round(frame.timestamp_s, 3) for frame in overlay] == [0, 0.1, 0.3, 0.4]
    assert main(["mesh", str(path), "--rate", "10", "-o", str(tmp_path / "even.stream"), "--quiet"]) == 0
    assert len(read_stream(tmp_path / "even.stream").data) == 5
    if suffix == "webp":
        assert main(["batch", str(path), "-o", str(tmp_path / "out"), "--workers", "1", "--split", "4", "--quiet"]) == 0
        assert len(read_stream(tmp_path / "out" / "moving.facemesh.stream").data) == 4


def test_numbered_pictures_are_the_clip_that_they_were(clip: Path, frames: Path, tmp_path: Path) -> None:
    # Frame by frame, since pixels that were made RGB differ by rounding.
    common = ["--detect-every", "1", "--format", "npz", "--quiet", "-o"]
    assert main(["mesh", str(frames), "--sequence", "30", *common, str(tmp_path / "a.npz")]) == 0
    assert main(["mesh", str(clip), "--to", "1", *common, str(tmp_path / "b.npz")]) == 0
    pictures, video = np.load(tmp_path / "a.npz"), np.load(tmp_path / "b.npz")
    for name in ("frames", "sizes", "detected"):
        np.testing.assert_array_equal(pictures[name], video[name])
    np.testing.assert_allclose(pictures["timestamps_s"], video["timestamps_s"], atol=1e-4)
    assert np.abs(pictures["landmarks"][..., :2] - video["landmarks"][..., :2]).mean() < 0.1


def test_names_of_results(frames: Path, tmp_path: Path) -> None:
    recordings = frames.parent
    (tmp_path / "out").mkdir()
    assert main(["mesh", str(recordings), "--sequence", "25", "-o", str(tmp_path / "out"), "--quiet"]) == 0
    assert (tmp_path / "out" / "frames.facemesh.stream").exists()
    assert main(["detect", str(frames), "--sequence", "25", "--quiet"]) == 0
    assert (recordings / "frames.boundingbox.stream").exists()
    again = ["mesh", str(frames / "f1?.png"), "--sequence", "12.5", "--skip-existing", "--json"]
    assert main([*again, "--quiet"]) == 0
    assert len(read_stream(frames / "f1.facemesh.stream").data) == 10
    assert read_stream(frames / "f1.facemesh.stream").rate_hz == 12.5


def test_what_is_done_is_passed_over(frames: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["mesh", str(frames / "f2?.png"), "--sequence", "25", "--skip-existing", "-o", str(tmp_path), "--json"]
    assert main(command) == 0
    assert "skipped" not in json.loads(capsys.readouterr().out)
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out)["skipped"] is True


def test_a_batch_of_sequences_and_parts(clip: Path, frames: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    common = ["-o", str(out), "--workers", "1", "--quiet"]
    assert main(["batch", str(frames.parent), *common, "--sequence", "30"]) == 0
    assert len(read_stream(out / "frames.facemesh.stream").data) == 30
    rows = f"path,output,options\n{clip},early,to=0.5\n{clip},late,from=0:01 to=1.5\n{frames},pictures,sequence=10\n"
    (tmp_path / "list.csv").write_text(rows)
    assert main(["batch", str(tmp_path / "list.csv"), *common]) == 0
    early, late, pictures = (read_stream(out / f"{n}.facemesh.stream") for n in ("early", "late", "pictures"))
    assert [len(stream.data) for stream in (early, late, pictures)] == [15, 15, 30]
    assert (early.first_frame, late.first_frame, pictures.rate_hz) == (0, 30, 10)


BAD = {
    "no time": (["c.mp4", "--from", "soon"], 2, "'soon' is not a time; write seconds, such as 62.5, or 1:02.5"),
    "an end before the start": (["c.mp4", "--from", "2", "--to", "1"], 2, "from 0:02.000 to 0:01.000 is empty"),
    "a part behind the end": (["c.mp4", "--from", "9:00"], 1, "there is no frame from 9:00.000; its first frame is at"),
    "no rate": (["c.mp4", "--sequence", "0"], 2, "'--sequence': 0.0 is not in the range"),
    "a video": (["c.mp4", "--sequence", "25"], 1, "a file, where --sequence wants a folder of numbered pictures"),
    "a folder without pictures": (["empty", "--sequence", "25"], 1, "there are no pictures in this folder"),
    "a pattern that nothing fits": (["*.png", "--sequence", "25"], 1, "no picture fits this pattern"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(
    name: str, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words, code, message = BAD[name]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.mp4").symlink_to(clip)
    (tmp_path / "empty").mkdir()
    assert main(["mesh", *words, "--quiet"]) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not list(tmp_path.glob("*.stream*"))
