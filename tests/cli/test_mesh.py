"""The command line as users run it: a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import facestream
from facestream.cli import main
from tests.conftest import CPU_ENGINE
from tests.media.clips import cut, numbered_frames, remux, write_clip

COMMAND = [sys.executable, "-m", "facestream"]


def run(*arguments: str | Path, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_clip_a_picture_and_a_bad_file(tmp_path: Path, carphone: Path) -> None:
    from PIL import Image

    Image.fromarray(numbered_frames(1)[0]).save(tmp_path / "grey.png")
    (tmp_path / "bad.mp4").write_text("no video")
    out = tmp_path / "out"
    out.mkdir()
    result = run("mesh", tmp_path / "bad.mp4", carphone, tmp_path / "grey.png", "-o", out, "--json")
    assert result.returncode == 1
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [Path(line["input"]).name for line in lines] == ["bad.mp4", carphone.name, "grey.png"]
    bad, clip, picture = lines
    assert bad["complete"] is False
    assert "not a picture or video" in bad["error"]
    assert set(clip) == {
        "input", "outputs", "frames", "frames_with_face", "frames_by_face", "complete", "reason", "seconds",
        "total_seconds", "fps", "rows", "device", "engine", "precision", "warnings",
    }  # fmt: skip
    assert (clip["frames"], clip["frames_with_face"], clip["complete"]) == (120, 120, True)
    assert clip["fps"] == pytest.approx(120 / clip["seconds"], rel=0.01)
    assert clip["total_seconds"] >= clip["seconds"]
    assert (clip["engine"], clip["precision"]) == (CPU_ENGINE, "float32")
    assert clip["outputs"] == [str(out / f"{carphone.stem}.facemesh.stream")]
    assert (picture["frames"], picture["frames_with_face"]) == (1, 0)
    errors = result.stderr.splitlines()
    assert sum("error: " in line for line in errors) == 1
    assert "facestream: 1 of 3 inputs failed" in errors
    assert facestream.read_stream(clip["outputs"][0]).data.shape == (120, 937)


def test_beside_the_input_with_everything(tmp_path: Path, carphone: Path) -> None:
    clip = tmp_path / "my clip.mp4"
    clip.write_bytes(carphone.read_bytes())
    arguments = ["my clip.mp4", "--faces", "2", "--format", "stream", "--format", "npz", "--format", "csv", "--overlay"]
    result = run("mesh", *arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "my clip.mp4: 120 frames, 120 with a face, 0 with a face 2, " in result.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "my clip.face2.facemesh.stream",
        "my clip.face2.facemesh.stream~",
        "my clip.facemesh.csv",
        "my clip.facemesh.npz",
        "my clip.facemesh.overlay.mp4",
        "my clip.facemesh.stream",
        "my clip.facemesh.stream~",
        "my clip.mp4",
    ]
    assert np.load(tmp_path / "my clip.facemesh.npz")["landmarks"].shape == (120, 2, 468, 3)
    again = run("mesh", *arguments, "--quiet", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (0, ""), "our own outputs are replaced"
    assert "error" not in again.stderr


def test_a_partial_result_exits_1(tmp_path: Path, sample: Path) -> None:
    clip = cut(remux(sample, tmp_path / "whole.mkv"), tmp_path / "half.mkv", 0.15)
    result = run("mesh", clip, "--json", "-o", tmp_path / "half.npz")
    assert result.returncode == 1
    line = json.loads(result.stdout)
    assert line["complete"] is False
    assert "bytes are missing" in line["reason"]
    assert len(np.load(tmp_path / "half.npz")["timestamps_s"]) == line["frames"]
    assert f"facestream: warning: {clip}: incomplete: " in result.stderr


def test_ctrl_c_leaves_nothing_and_exits_130(tmp_path: Path, sample: Path) -> None:
    # Where the tests run in the background, SIGINT is ignored, and children inherit that.
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    start = f"{heed}; from facestream.cli import main; raise SystemExit(main())"
    process = subprocess.Popen(
        [sys.executable, "-c", start, "mesh", str(sample), "-o", str(tmp_path), "--overlay"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 120
        while not any(tmp_path.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert list(tmp_path.iterdir()), "the run has begun to write"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, errors
    assert errors.splitlines()[-1] == "facestream: interrupted; no partial outputs were left behind"
    assert list(tmp_path.iterdir()) == []


def test_ending_from_outside_cleans_up(tmp_path: Path, sample: Path) -> None:
    process = subprocess.Popen([*COMMAND, "mesh", str(sample), "-o", str(tmp_path), "--quiet"])
    try:
        deadline = time.monotonic() + 120
        while not any(tmp_path.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.terminate()
        assert process.wait(timeout=60) == 128 + signal.SIGTERM
    finally:
        process.kill()
        process.wait()
    assert list(tmp_path.iterdir()) == []


def test_whoever_reads_the_results_may_go(tmp_path: Path, carphone: Path) -> None:
    inputs = [tmp_path / f"{k}.mp4" for k in range(3)]
    for path in inputs:
        write_clip(path, numbered_frames(2))
    process = subprocess.Popen([*COMMAND, "mesh", *map(str, inputs)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        assert b"Traceback" not in process.stderr.read()
    assert process.wait(timeout=120) == 0
    assert all((tmp_path / f"{k}.facemesh.stream").exists() for k in range(3))


def test_a_fault_of_ours_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from facestream.use_cases import extraction

    real = extraction.extract

    def faulty(source: Path, *arguments: object, **options: object) -> object:
        if source.name == "0.mp4":
            raise ZeroDivisionError("division by zero")
        return real(source, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(extraction, "extract", faulty)
    inputs = [str(write_clip(tmp_path / f"{k}.mp4", numbered_frames(2))) for k in range(2)]
    assert main(["mesh", *inputs, "--json"]) == 1
    output = capsys.readouterr()
    assert "0.mp4: facestream itself failed (ZeroDivisionError: division by zero)" in output.err
    assert [json.loads(line)["complete"] for line in output.out.splitlines()] == [False, True]


def test_the_environment_stands_below_the_command_line(tmp_path: Path, carphone: Path) -> None:
    quick = ("mesh", carphone, "-o", tmp_path)
    result = run(*quick, FACESTREAM_FACES="0")
    assert result.returncode == 2
    assert "'--faces': 0 is not in the range" in result.stderr
    result = run(*quick, "--detector", "front", FACESTREAM_DETECTOR="nonsense", FACESTREAM_FORMAT="csv npz")
    assert result.returncode == 0, result.stderr
    assert {path.suffix for path in tmp_path.iterdir()} == {".csv", ".npz"}


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"facestream, version {facestream.__version__}\n"
    assert main(["mesh", "--help"]) == 0
    assert "--min-score-thresh" in capsys.readouterr().out


def test_own_weights(tmp_path: Path, carphone: Path) -> None:
    from tests.conftest import GOLDEN

    tflite = GOLDEN / "face_detection_short_range.tflite"
    few = write_clip(tmp_path / "few.mp4", numbered_frames(3))
    result = run("mesh", few, "--detector", "front", "--detector-weights", tflite, "--json")
    assert result.returncode == 0, result.stderr
    result = run("mesh", few, "--detector-weights", tflite)
    assert result.returncode == 1
    assert "not a blazeface-back network" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_profile_is_a_table_for_people_and_numbers_for_programs(sample: Path, tmp_path: Path) -> None:
    shown = run("mesh", sample, "-o", tmp_path, "--profile")
    assert shown.returncode == 0
    lines = shown.stdout.splitlines()[1:]
    assert lines[0].split()[0] == "decode"
    assert all("% of the run" in line and "frames/s" in line for line in lines)
    told = run("mesh", sample, "-o", tmp_path, "--profile", "--json", "--quiet")
    assert json.loads(told.stdout)["stages"]["FaceMesh"] > 0
