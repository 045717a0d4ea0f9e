"""``facestream batch`` as people call it."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from facestream.cli import main
from facestream.cli.batch_progress import BatchProgress
from tests.media.clips import cut, remux


@pytest.fixture
def clips(tmp_path: Path, sample: Path) -> Path:
    folder = tmp_path / "clips"
    (folder / "day 1").mkdir(parents=True)
    remux(sample, folder / "a.mp4", 4)
    remux(sample, folder / "day 1" / "b.mov", 6)
    (folder / "text.mp4").write_text("a note")
    return folder


def batch(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "facestream", "batch", *words], capture_output=True, text=True, timeout=240, check=False
    )


def test_a_batch_from_end_to_end(clips: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = batch(str(clips), "--out", str(out), "--device", "cpu")
    assert run.returncode == 1
    # Where the networks are converted first, there is time for a line about how far it is.
    lines = [line for line in run.stderr.splitlines() if " of 3 items, " not in line]
    assert lines[0] == "facestream: 3 items: 3 to do (3 new)"
    assert lines[1].startswith("facestream: ")
    assert "text.mp4: a text file, not a picture or video" in lines[2]
    assert len(lines) == 3
    # A remuxed clip of six frames is one of a variable frame rate.
    counts, warned, where = run.stdout.splitlines()
    assert counts.startswith("2 done, 1 failed; 10 frames in ")
    assert warned == f"1 of these has warnings: {out / 'facestream-batch' / 'log.txt'}"
    assert where == f"failures: {out / 'facestream-batch' / 'failures.csv'}; use --retry-failed to process them again"
    log = (out / "facestream-batch" / "log.txt").read_text()
    assert f"{clips / 'a.mp4'}: done, 4 frames in " in log
    again = batch(str(clips), "--out", str(out), "--device", "cpu", "--json", "--quiet")
    told = json.loads(again.stdout)
    assert (again.returncode, again.stderr) == (1, "")
    assert (told["to_do"], told["passed_over_done"], told["passed_over_failed"]) == (0, 2, 1)
    (clips / "text.mp4").unlink()
    assert batch(str(clips), "--out", str(out), "--device", "cpu", "--quiet").returncode == 0


def test_a_dry_run_names_what_would_be_done(clips: Path, tmp_path: Path) -> None:
    run = batch(str(clips), "--out", str(tmp_path / "out"), "--dry-run")
    assert run.returncode == 0
    assert run.stdout == ""
    assert run.stderr.splitlines() == [
        "facestream: 3 items: 3 to do (3 new); dry run, nothing was processed",
        *(f"facestream: would process {clips / name}" for name in ("a.mp4", "text.mp4", "day 1/b.mov")),
    ]
    assert not (tmp_path / "out").exists()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Nobody listens there."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("--out", "out"), 2, "no SOURCE given: name at least one folder"),
        (("clips",), 2, "Missing option '-o' / '--out'"),
        (("clips", "--out", "out", "--overlay", "a.mp4"), 2, "--overlay a.mp4 names one file"),
        (("--ray", "clips", "--out", "out"), 2, "--ray took 'clips', which is not HOST:PORT; put --ray last"),
        (("clips", "--out", "out", "--workers", "many"), 2, "or use the word 'auto'"),
        (("clips", "--out", "out", "--boxes", "b.stream"), 2, "--boxes is an option of mesh only"),
        (("t.csv", "--out", "out"), 1, "t.csv: there is no column 'path', the columns are: 'file'; a table of sources"),
        (("clips", "twin/a.mp4", "--out", "out"), 1, "a: both "),
        (("clips", "--out", "t.csv"), 1, "the output folder cannot be created"),
        (("none*.mp4", "--out", "out"), 1, "none*.mp4: no picture or video fits this pattern"),
        (("clips", "--out", "out", "--device", "cuda"), 1, "cuda"),
    ],
)
def test_wrong_words_are_one_clear_line(
    words: tuple[str, ...],
    status: int,
    message: str,
    clips: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if "cuda" in words:
        torch = pytest.importorskip("torch")
        if torch.cuda.is_available():
            pytest.skip("there is a CUDA device")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "twin").mkdir()
    shutil.copyfile(clips / "a.mp4", tmp_path / "twin" / "a.mp4")
    (tmp_path / "t.csv").write_text("file\nclips/a.mp4\n")
    assert main(["batch", *words]) == status
    told = capsys.readouterr()
    errors = [line for line in told.err.splitlines() if "error" in line]
    assert len(errors) == 1, told.err
    assert message in errors[0]
    assert not list(tmp_path.rglob("*.stream"))


def test_a_ray_cluster_that_does_not_answer(
    clips: Path, tmp_path: Path, silent_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ray")
    assert main(["batch", str(clips), "--out", str(tmp_path / "out"), f"--ray=127.0.0.1:{silent_port}"]) == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert f"the Ray cluster 127.0.0.1:{silent_port} does not answer" in line
    assert "ray start --head" in line
    # Nothing is lost: the same command goes on, with or without Ray.
    (clips / "text.mp4").unlink()
    assert main(["batch", str(clips), "--out", str(tmp_path / "out"), "--device", "cpu", "--quiet"]) == 0


def test_without_ray_it_is_named(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["batch", str(clips), "--out", str(tmp_path / "out"), "--ray"]) == 1
    assert "pip install 'facestream[ray]'" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="a small disk is mounted by root alone")
def test_a_full_disk_in_the_middle(clips: Path, tmp_path: Path, sample: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("a small disk may not be mounted here")
    try:
        for number in range(5):
            remux(sample, clips / f"long{number}.mp4", 140)
        (clips / "text.mp4").unlink()
        run = batch(str(clips), "--out", str(disk / "out"), "--device", "cpu", "--workers", "1", "--quiet")
        assert run.returncode == 1
        (line,) = run.stderr.splitlines()
        assert "the disk is full" in line
        assert "unfinished items are kept: free some space and run it again" in line
        assert not list(disk.rglob(".facestream-*"))
        num_done = len(list(disk.rglob("*.stream")))
        assert 1 <= num_done < 7
        before = {path: path.stat().st_mtime_ns for path in disk.rglob("*.stream*")}
        subprocess.run(["mount", "-o", "remount,size=50m", str(disk)], check=True)
        told = json.loads(batch(str(clips), "--out", str(disk / "out"), "--device", "cpu", "--quiet", "--json").stdout)
        assert (told["done"], told["passed_over_done"]) == (7, num_done)
        assert before == {path: path.stat().st_mtime_ns for path in before}
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_partial_results_are_told(clips: Path, sample: Path, tmp_path: Path) -> None:
    cut(remux(sample, tmp_path / "whole.mkv", 20), clips / "cut.mkv", 0.7)
    (clips / "text.mp4").unlink()
    run = batch(str(clips), "--out", str(tmp_path / "out"), "--device", "cpu")
    assert run.returncode == 1
    assert run.stdout.startswith("2 done, 1 partial; ")
    assert f"partial: {clips / 'cut.mkv'}: incomplete: " in run.stderr


def test_the_live_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("facestream.cli.batch_progress.time.monotonic", lambda: clock[0])
    progress = BatchProgress(str(tmp_path))
    progress.begin(num_to_do=10, num_passed=3, num_bytes=1000)
    for second in range(10):
        clock[0] += 1
        progress.progressed("worker 1", "/clips/a.mp4", 100 * (second + 1), 5.0 * (second + 1))
        progress.progressed("worker 2", "/clips/b.mp4", 50 * (second + 1), 0.0)
        progress.sample()
    progress.rested("worker 2", 7, 500, 100.0)
    progress.num_done, progress.num_failed = 2, 1
    progress.item_ended(7, 200)
    output = io.StringIO()
    Console(file=output, width=100).print(progress.table())
    table = output.getvalue()
    assert "2 of 10 done, 1 failed, 0 partial, 7 left, 3 skipped" in table
    assert "150 frames/s, 1500 frames in total" in table
    assert "0:00:10 elapsed, about 0:00:30 left" in table
    assert "GB of disk free" in table
    assert "100 frames/s  a.mp4" in table
    line = progress.line()
    assert line.startswith("3 of 10 items, 1 failed, 0 partial, 150 frames/s (100 + 50), about 0:00:30 left, ")
