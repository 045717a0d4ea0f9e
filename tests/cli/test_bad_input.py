"""Bad input gets one clear line, and the right exit code."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from facestream import FaceMeshPipeline, read_stream, write_stream
from facestream.cli import main
from tests.media.clips import numbered_frames, write_clip
from tests.ssi.streams import GOOD_HEADER, header, write_pair

XML_BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>'

Arguments = Callable[[Path], list[str]]


def clip(folder: Path) -> str:
    return str(write_clip(folder / "clip.mp4", numbered_frames(3)))


def file(folder: Path, name: str, content: bytes = b"") -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


def boxes(folder: Path, rows: object) -> list[str]:
    """A clip and a box stream for it."""
    write_stream(folder / "b.stream", np.asarray(rows, dtype=np.float32), 25)
    return [clip(folder), "--boxes", str(folder / "b.stream")]


def damaged_boxes(folder: Path, text: str = GOOD_HEADER, samples: bytes | None = b"\0" * 48) -> list[str]:
    """A clip and a stream whose files are as they are told."""
    write_pair(folder, text, samples or b"")
    if samples is None:
        (folder / "b.stream~").unlink()
    return [clip(folder), "--boxes", str(folder / "b.stream")]


def linked_boxes(folder: Path, name: str) -> list[str]:
    """A clip and a stream of which one file is a link to itself."""
    arguments = damaged_boxes(folder)
    (folder / name).unlink()
    (folder / name).symlink_to(folder / name)
    return arguments


def picture_bomb(folder: Path) -> str:
    """A PNG of a few bytes that says it has 40,000 x 40,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0))
    return file(folder, "p.png", b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(999))))


def video_bomb(folder: Path) -> str:
    """A raw AVI of a few frames whose header says 100,000 x 100,000."""
    path = write_clip(folder / "v.avi", numbered_frames(2), codec="rawvideo", pix_fmt="bgr24")
    data = bytearray(path.read_bytes())
    struct.pack_into("<ii", data, data.index(b"strf") + 12, 100_000, 100_000)
    path.write_bytes(data)
    return str(path)


def large_film(folder: Path) -> str:
    """A GIF of a few bytes whose header says 12,000 x 12,000."""
    path = write_clip(folder / "v.gif", numbered_frames(2), codec="gif", pix_fmt="rgb8")
    data = bytearray(path.read_bytes())
    struct.pack_into("<HH", data, 6, 12_000, 12_000)
    path.write_bytes(data)
    return str(path)


def link_to_itself(folder: Path) -> str:
    (folder / "loop.mp4").symlink_to(folder / "loop.mp4")
    return str(folder / "loop.mp4")


FAILED: dict[str, tuple[Arguments, str]] = {
    "not there": (lambda p: [str(p / "absent.mp4")], r"absent\.mp4: there is no such file$"),
    "an empty folder": (lambda p: [str(p)], r": there is no picture or video in this folder$"),
    "empty": (lambda p: [file(p, "e.mp4")], r"e\.mp4: the file is empty \(0 bytes\)$"),
    "not a video": (
        lambda p: [file(p, "t.mp4", b"hello " * 99)],
        r"t\.mp4: a text file, not a picture or video$",
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
        r"notes\.txt: an output folder was expected, but this is a file$",
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
        r"clip\.facemesh\.stream: both .*clip\.mp4 and .*clip\.png would write it; rename one, or use two",
    ),
    "overlay of another kind": (
        lambda p: [clip(p), "--overlay", str(p / "o.png")],
        r"o\.png: .*clip\.mp4 is a video, whose overlay must end in \.mp4$",
    ),
    "boxes of 3 columns": (
        lambda p: boxes(p, np.ones((3, 3))),
        r"b\.stream: 3 columns of float32; a box stream has 4 or 5: ymin, xmin, ymax, xmax, and perhaps the con",
    ),
    "boxes of 6 columns": (lambda p: boxes(p, np.ones((3, 6))), r"b\.stream: 6 columns of float32; a box stream has"),
    "boxes with NaN": (
        lambda p: boxes(p, [[0, 0, np.nan, 1, 0.9]]),
        r"b\.stream: row 0 cannot be a face \(0, 0, nan, 1, 0\.9\): its box is not finite; wanted are ymin, xmin, ",
    ),
    "boxes with infinities": (lambda p: boxes(p, [[0, -np.inf, 1, 1]]), r"row 0 cannot be a face .*not finite; wanted"),
    "a confidence that is none": (lambda p: boxes(p, [[0, 0, 1, 1, np.nan]]), r"its confidence is no finite number; "),
    "boxes left of right": (
        lambda p: boxes(p, [[0, 0, 1, 1, 0.9], [0.1, 0.9, 0.8, 0.2, 0.9]]),
        r"row 1 cannot be a face \(0\.1, 0\.9, 0\.8, 0\.2, 0\.9\): its box ends before it begins; wanted are",
    ),
    "boxes of a thousand times the frame": (
        lambda p: boxes(p, [[-500, -500, 500, 500, 0.9]]),
        r"row 0 cannot be a face .*: boxes are fractions of the frame; divide y by its height, x by its width; want",
    ),
    "boxes that are not there": (
        lambda p: [clip(p), "--boxes", str(p / "absent.stream")],
        r"absent\.stream: the stream cannot be read \(No such file or directory\)$",
    ),
    "boxes without their samples": (
        lambda p: damaged_boxes(p, samples=None),
        r"b\.stream~: the samples of the stream cannot be read \(No such file or directory\)$",
    ),
    "boxes whose bytes are too few": (
        lambda p: damaged_boxes(p, samples=b"123"),
        r"b\.stream~: 3 bytes, but the header promises 48 \(4 samples of 3 x float32\)$",
    ),
    "boxes that say they are double floats": (
        lambda p: damaged_boxes(p, header(dim=5, type="DOUBLE"), b"\0" * 80),
        r"80 bytes, but the header promises 160 \(4 samples of 5 x float64\); they would fit the type INT or",
    ),
    "boxes of 10^12 samples": (
        lambda p: damaged_boxes(p, header(num=10**12)),
        r"b\.stream~: 48 bytes, but the header promises 12000000000000 \(1000000000000 samples of 3 x float32\)$",
    ),
    "text boxes of 10^12 samples": (
        lambda p: damaged_boxes(p, header(num=10**12, ftype="ASCII"), b"1 2 3"),
        r"b\.stream~: 3 numbers, but the header promises 1000000000000 samples x 3$",
    ),
    "boxes of 10^300 columns": (
        lambda p: damaged_boxes(p, header(dim=10**300)),
        r"b\.stream: dim='10{39}\.\.\.' is out of range$",
    ),
    "a header that links to itself": (
        lambda p: linked_boxes(p, "b.stream"),
        r"b\.stream: the stream cannot be read \(Too many levels of symbolic links\)$",
    ),
    "samples that link to themselves": (
        lambda p: linked_boxes(p, "b.stream~"),
        r"b\.stream~: the samples of the stream cannot be read \(Too many levels of symbolic links\)$",
    ),
    "an XML bomb": (
        lambda p: damaged_boxes(p, XML_BOMB + GOOD_HEADER),
        r"b\.stream: not the header of an SSI stream \(EntitiesForbidden: ",
    ),
    "an XML file from elsewhere": (
        lambda p: damaged_boxes(p, '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + GOOD_HEADER),
        r"b\.stream: not the header of an SSI stream \(EntitiesForbidden: ",
    ),
    "boxes that are a video": (
        lambda p: [clip(p), "--boxes", clip(p)],
        r"clip\.mp4: not the header of an SSI stream \(ParseError: ",
    ),
    "boxes that would be replaced": (
        lambda p: [*boxes(p, [[0, 0, 1, 1]]), "-o", str(p / "b.stream")],
        r"b\.stream: the output would replace its own input; choose another name$",
    ),
    "a picture that unpacks to gigabytes": (
        lambda p: [picture_bomb(p)],
        r"p\.png: the picture is too large to unpack \(1600 megapixels, at most 179 megapixels\); scale it down first$",
    ),
    "a video of 100,000 x 100,000": (
        lambda p: [video_bomb(p)],
        r"v\.avi: the video stream holds no frame that can be decoded \(its header gives no frame size, or one b",
    ),
    "a film of 12,000 x 12,000": (
        lambda p: [large_film(p)],
        r"v\.gif: frames of 12000 x 12000 pixels by its header, where at most 100 megapixels are unpacked; scale the",
    ),
    "a name of 250 bytes": (
        lambda p: [str(write_clip(p / f"{'n' * 246}.mp4", numbered_frames(2)))],
        r"n+\.facemesh\.stream~?: cannot be an output \(File name too long\); choose another name$",
    ),
    "a name with a line break": (
        lambda p: [file(p, "two\nlines.mp4", b"no video" * 99)],
        r"two\\nlines\.mp4: a text file, not a picture or video",
    ),
    "a name that is no UTF-8": (
        lambda p: [os.fsdecode(bytes(p) + b"/\xff.mp4")],
        r"\\udcff\.mp4: there is no such file$",
    ),
    "a HEIC picture without the plug-in": (
        lambda p: [file(p, "p.heic", b"\0\0\0\x18ftypheic" + bytes(200))],
        r"p\.heic: HEIC pictures need a plug-in: pip install pillow-heif$",
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
    "no input": (lambda _: [], r"error: no INPUT given: name at least one picture or video$"),
    "the overlay took the input": (
        lambda p: ["--overlay", clip(p)],
        r"no INPUT given: .*--overlay took .*clip\.mp4; put --overlay last, or write --overlay=FILE",
    ),
    "batch size 0": (lambda p: [clip(p), "--batch-size", "0"], r"'--batch-size': 0 is not in the range x>=1"),
    "no faces": (lambda p: [clip(p), "--faces", "0"], r"'--faces': 0 is not in the range 1<=x<=1000"),
    "threshold": (lambda p: [clip(p), "--min-score-thresh", "1.5"], r"1.5 is not in the range 0.0<=x<=1.0"),
    "unknown device": (lambda p: [clip(p), "--device", "tpu"], r"'tpu' is not one of 'auto', 'cpu', 'cuda', 'mps'"),
    "unknown format": (lambda p: [clip(p), "--format", "xml"], r"'xml' is not one of 'stream', 'npz', 'csv'"),
    "an option of another command": (
        lambda p: [clip(p), "--verify"],
        r"error: --verify is an option of detect only$",
    ),
    "unknown option": (lambda p: [clip(p), "--nonsense"], r"No such option '?--nonsense"),
    "file and format disagree": (
        lambda p: [clip(p), "-o", str(p / "a.npz"), "--format", "csv"],
        r"-o .*a\.npz asks for npz, but --format for csv; give one of them$",
    ),
    "one format twice": (
        lambda p: [clip(p), "--format", "csv", "--format", "csv"],
        r"lists a format twice: csv, csv$",
    ),
    "overlay without a known extension": (
        lambda p: [clip(p), "--overlay", str(p / "o.avi")],
        r"--overlay .*o\.avi: must end in \.mp4 for a video, in \.png or \.jpg for a picture$",
    ),
    "one output file for two inputs": (
        lambda p: [clip(p), str(p / "b.mp4"), "-o", str(p / "o.npz")],
        r"-o .*o\.npz names one file, but there are 2 inputs; name a folder$",
    ),
    "one overlay file for two inputs": (
        lambda p: [clip(p), str(p / "b.mp4"), "--overlay", str(p / "o.mp4")],
        r"names one file, but there are 2 inputs; omit FILE$",
    ),
}


@pytest.fixture(autouse=True)
def _loaded_once(pipeline: FaceMeshPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks that need no weights or device of one's own are those of the session."""
    from facestream.use_cases import extraction

    load = extraction.open_pipeline
    monkeypatch.setattr(
        extraction,
        "open_pipeline",
        lambda options: load(options) if options.weights or options.device == "cuda" else pipeline,
    )


@pytest.fixture(autouse=True)
def _no_plug_in_for_heic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)


def check(arguments: list[str], message: str, exit_code: int, capsys: pytest.CaptureFixture[str]) -> None:
    program = "facestream mesh"
    assert main(["mesh", *arguments]) == exit_code
    output = capsys.readouterr()
    (line,) = output.err.splitlines()
    line = line.removesuffix(f" (see {program} --help)") if exit_code == 2 else line
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


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [[0, 1.1, 1, 1.5], [2, 0, 3, 1]],
            r"b\.stream: 2 of its boxes lie outside the frame; their frames are missing$",
        ),
        (
            [[0, 0, 1, 1]],
            r"b\.stream has 1 rows at 25 Hz \(0\.04 s\), the video 3 frames at 25 Hz; the 2 fram",
        ),
    ],
)
def test_boxes_that_only_some_frames_have(
    rows: object, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mesh", *boxes(tmp_path, rows), "--quiet"]) == 0
    warnings = capsys.readouterr().err.splitlines()
    assert all(line.startswith("facestream: warning: ") for line in warnings)
    assert any(re.search(message, line) for line in warnings), warnings
    assert read_stream(tmp_path / "clip.facemesh.stream").data.shape == (3, 937)


@pytest.mark.parametrize("command", ["info", "detect"])
def test_other_commands_have_one_line_too(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, str(tmp_path / "absent")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"facestream: error: {tmp_path}/absent: ")


def is_mountable() -> bool:
    return os.geteuid() == 0 and shutil.which("mount") is not None and shutil.which("umount") is not None


@pytest.mark.skipif(not is_mountable(), reason="only root can mount a small disk")
@pytest.mark.parametrize("output_format", ["stream", "npz", "csv"])
def test_a_disk_that_fills_up_in_the_middle(
    output_format: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_clip(tmp_path / "c.mp4", numbered_frames(60))
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", disk], check=False).returncode:
        pytest.skip("no file system may be mounted here")
    try:
        assert main(["mesh", str(source), "-o", str(disk), "--format", output_format, "--quiet"]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert re.search(r"disk/c\.facemesh\.\w+~?: cannot be written \(No space left on device\)$", line), line
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", disk], check=True)
