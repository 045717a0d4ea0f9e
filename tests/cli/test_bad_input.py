"""Bad input gets one clear line, and the right exit code."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from facestream import FaceMeshPipeline
from facestream.cli import main
from tests.io.clips import numbered_frames, write_clip

Arguments = Callable[[Path], list[str]]


def clip(folder: Path) -> str:
    return str(write_clip(folder / "clip.mp4", numbered_frames(3)))


def file(folder: Path, name: str, content: bytes = b"") -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


def link_to_itself(folder: Path) -> str:
    (folder / "loop.mp4").symlink_to(folder / "loop.mp4")
    return str(folder / "loop.mp4")


FAILED: dict[str, tuple[Arguments, str]] = {
    "not there": (lambda p: [str(p / "absent.mp4")], r"absent\.mp4: there is no such file$"),
    "an empty folder": (lambda p: [str(p)], r": there is no picture or video in this folder$"),
    "empty": (lambda p: [file(p, "e.mp4")], r"e\.mp4: the file is empty \(0 bytes\)$"),
    "not a video": (
        lambda p: [file(p, "t.mp4", b"hello " * 99)],
        r"t\.mp4: not a picture or video that FFmpeg can read \(.*\); check that it is whole$",
    ),
    "a text": (lambda p: [file(p, "t.txt", b"hello\n" * 99)], r"t\.txt: a text file, not a picture or video$"),
    "missing output folder": (
        lambda p: [clip(p), "-o", str(p / "absent")],
        r"absent: there is no such output folder; make it first \(an output file ends in \.stream, \.npz or \.csv\)$",
    ),
    "missing folder of an output file": (
        lambda p: [clip(p), "-o", str(p / "absent" / "a.npz")],
        r"absent: there is no such output folder",
    ),
    "unwritable output folder": (
        lambda p: [clip(p), "-o", "/proc/self"],
        r"/proc/self: nothing can be written there \(.*\); choose another output folder$",
    ),
    "output folder that is a file": (
        lambda p: [clip(p), "-o", file(p, "notes.txt", b"x")],
        r"notes\.txt: an output folder was wanted, but this is a file$",
    ),
    "output equal to input": (
        lambda p: [clip(p), "--overlay", clip(p)],
        r"clip\.mp4: the output would replace its own input; choose another name$",
    ),
    "a foreign file in the way": (
        lambda p: [clip(p), "-o", file(p, "notes.csv", b"my notes")],
        r"notes\.csv: the file exists and was not written by facestream; move it away or choose another name$",
    ),
    "a link to itself": (
        lambda p: [link_to_itself(p)],
        r"loop\.mp4: cannot be read \(Too many levels of symbolic links\)$",
    ),
    "an input in a folder that is not there": (
        lambda p: [str(p / "absent" / "clip.mp4")],
        r"absent/clip\.mp4: there is no such file$",
    ),
    "two inputs into a missing folder": (
        lambda p: [clip(p), file(p, "b.png", b"x"), "-o", str(p / "absent")],
        r"absent: there is no such output folder",
    ),
    "two inputs, one output": (
        lambda p: [clip(p), file(p, "clip.png", b"x")],
        r"clip\.facemesh\.stream: both .*clip\.mp4 and .*clip\.png would write it; use two output folders$",
    ),
    "overlay of another kind": (
        lambda p: [clip(p), "--overlay", str(p / "o.png")],
        r"o\.png: .*clip\.mp4 is a video, whose overlay must end in \.mp4$",
    ),
    "absent weights": (
        lambda p: [clip(p), "--weights", str(p / "absent.safetensors")],
        r"absent\.safetensors: the weights cannot be read \(No such file or directory\)$",
    ),
    "weights that are none": (
        lambda p: [clip(p), "--weights", file(p, "w.pth", b"\x80\x04K\x01.")],
        r"w\.pth: neither a \.safetensors nor a \.tflite file; give the weights of facemesh in one of these$",
    ),
}

if not torch.cuda.is_available():
    FAILED["CUDA asked for and absent"] = (
        lambda p: [clip(p), "--device", "cuda"],
        r"device 'cuda' was asked for, but PyTorch .* finds none; use one of: cpu",
    )

USAGE: dict[str, tuple[Arguments, str]] = {
    "no input": (lambda _: [], r"error: there is no INPUT: name at least one picture or video$"),
    "the overlay took the input": (
        lambda p: ["--overlay", clip(p)],
        r"there is no INPUT: .*--overlay took .*clip\.mp4; write --overlay last, or --overlay=FILE",
    ),
    "batch size 0": (lambda p: [clip(p), "--batch-size", "0"], r"'--batch-size': 0 is not in the range x>=1"),
    "no faces": (lambda p: [clip(p), "--faces", "0"], r"'--faces': 0 is not in the range x>=1"),
    "threshold": (lambda p: [clip(p), "--min-score-thresh", "1.5"], r"1.5 is not in the range 0.0<=x<=1.0"),
    "unknown device": (lambda p: [clip(p), "--device", "tpu"], r"'tpu' is not one of 'auto', 'cpu', 'cuda', 'mps'"),
    "unknown format": (lambda p: [clip(p), "--format", "xml"], r"'xml' is not one of 'stream', 'npz', 'csv'"),
    "unknown option": (lambda p: [clip(p), "--nonsense"], r"No such option '?--nonsense"),
    "file and format disagree": (
        lambda p: [clip(p), "-o", str(p / "a.npz"), "--format", "csv"],
        r"-o .*a\.npz asks for npz, but --format for csv; give one of them$",
    ),
    "one format twice": (
        lambda p: [clip(p), "--format", "csv", "--format", "csv"],
        r"names one format twice: csv, csv$",
    ),
    "overlay without a known extension": (
        lambda p: [clip(p), "--overlay", str(p / "o.avi")],
        r"--overlay .*o\.avi: must end in \.mp4 for a video, in \.png or \.jpg for a picture$",
    ),
    "one output file for two inputs": (
        lambda p: [clip(p), clip(p), "-o", str(p / "o.npz")],
        r"-o .*o\.npz names one file, but there are 2 inputs; name a folder$",
    ),
    "one overlay file for two inputs": (
        lambda p: [clip(p), clip(p), "--overlay", str(p / "o.mp4")],
        r"names one file, but there are 2 inputs; leave FILE out$",
    ),
}


@pytest.fixture(autouse=True)
def _loaded_once(pipeline: FaceMeshPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks that need no weights or device of one's own are those of the session."""
    from facestream import extraction

    load = extraction.open_pipeline
    monkeypatch.setattr(
        extraction,
        "open_pipeline",
        lambda options: load(options) if options.weights or options.device == "cuda" else pipeline,
    )


def check(arguments: list[str], message: str, exit_code: int, capsys: pytest.CaptureFixture[str]) -> None:
    program = "facestream mesh"
    assert main(["mesh", *arguments]) == exit_code
    output = capsys.readouterr()
    (line,) = output.err.splitlines()
    line = line.removesuffix(f" ({program} --help shows how it is used)") if exit_code == 2 else line
    assert re.search(message, line), line
    assert not output.out


@pytest.mark.parametrize("case", FAILED)
def test_inputs_and_outputs_that_fail_exit_1(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, message = FAILED[case]
    listed = arguments(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    check(listed, message, 1, capsys)
    assert sorted(path.name for path in tmp_path.iterdir()) == before, "nothing half written"


@pytest.mark.parametrize("case", USAGE)
def test_command_lines_that_make_no_sense_exit_2(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, message = USAGE[case]
    check(arguments(tmp_path), message, 2, capsys)
