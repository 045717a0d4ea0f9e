#!/usr/bin/env python3
"""Fuzz the reader of streams and the boxes in them, guided by coverage.

    pip install atheris
    python tools/fuzz_streams.py CORPUS_FOLDER -max_total_time=600 -timeout=10 -rss_limit_mb=1024

Every input is a header and its samples. Each must give a right result or an error of facestream's own, at once, and
must not take more than twice the files' bytes beside what a block takes. Options are those of libFuzzer.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import tracemalloc
from fractions import Fraction
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["facestream", "defusedxml"]):
    import numpy as np

    from facestream.errors import FacestreamError
    from facestream.inspection import describe_stream
    from facestream.io.box_track import BoxTrack
    from facestream.io.clock import FrameClock
    from facestream.io.ssi_stream import read_stream
    from facestream.structures import Frame, VideoInfo

FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))
HEADER, DATA = FOLDER / "f.stream", FOLDER / "f.stream~"
VIDEO = VideoInfo(Path("c.mp4"), "video", 8, 8, Fraction(25), 1e-3, None, 0, False, 1.0)
FRAMES = [Frame(np.zeros((8, 8, 3), np.uint8), k, k / 25) for k in range(5)]
BLOCK_ALLOWANCE_BYTES = 2_000_000

TEMPLATE = (
    '<stream ssi-v="2"><info ftype="{ftype}" sr="{sr}" dim="{dim}" byte="4" type="{type}" delim="{delim}"/>'
    '<meta type="{media}" size="8:8"/><chunk num="{num}"/></stream>'
)


CHOICES = {
    "ftype": ("BINARY", "BINARY", "ASCII", "ASCII", "binary", "BIN_LZ4"),
    "sr": ("25", "25", "10", "29.97", "0", "1e400", "nan", "-1"),
    "dim": ("4", "5", "5", "3", "6", "937", "0", "-1"),
    "type": ("FLOAT", "FLOAT", "DOUBLE", "INT", "UCHAR", "BOOL", "ULONG", "LDOUBLE", "IMAGE"),
    "delim": (" ", ";", ",", "\t", ""),
    "media": ("feature;face;boundingbox", "feature;face;landmarks", ""),
    "num": ("1", "2", "3", "5", "9", "0", "1000000000000", "-1"),
}


SEEDS = [
    bytes([how, *picks]) + samples
    for how in (1, 2, 3)
    for picks in ((0, 0, 2, 0, 0, 0, 2), (2, 1, 0, 1, 1, 0, 1), (2, 0, 5, 0, 2, 1, 0), (0, 3, 1, 6, 0, 0, 4))
    for samples in (
        np.array([0.2, 0.1, 0.8, 0.4, 0.9] * 3, "<f4").tobytes(),
        np.array([0.2, 0.1, np.nan, 0.4, 2.0, -5, np.inf, 1e9], "<f4").tobytes(),
        b"0.2 0.1\n0.8;0.4 0.9",
    )
]
"""Where the corpus is empty: streams of boxes and of meshes, as templates with samples."""


def compose(data: bytes) -> tuple[bytes, bytes]:
    """The first byte says how: a raw header up to a zero and raw samples, or a template whose values are chosen by the
    next bytes, with samples that are raw, of the promised length, or numbers in text."""
    if not data or data[0] % 4 == 0:
        header, _, samples = data[1:].partition(b"\0")
        return header, samples
    picks = data[1 : 1 + len(CHOICES)].ljust(len(CHOICES), b"\0")
    values = {name: known[pick % len(known)] for (name, known), pick in zip(CHOICES.items(), picks, strict=True)}
    rest = data[1 + len(CHOICES) :]
    num_values = max(0, min(int(values["num"]), 9) * int(values["dim"]))
    if data[0] % 4 == 1:
        itemsize = {"DOUBLE": 8, "ULONG": 8, "LDOUBLE": 8, "UCHAR": 1, "BOOL": 1}.get(values["type"], 4)
        rest = (rest * (1 + num_values * itemsize // max(len(rest), 1)))[: num_values * itemsize]
    elif data[0] % 4 == 2:
        numbers = np.resize(np.frombuffer(rest[: len(rest) // 4 * 4] or bytes(4), "<f4"), num_values)
        rest = (values["delim"] or " ").join(map(repr, numbers.astype(np.float64).tolist())).encode()
    return TEMPLATE.format(**values).encode(), rest


def one_input(data: bytes) -> None:
    """Read a stream in all the ways there are."""
    header, samples = compose(data)
    HEADER.write_bytes(header)
    DATA.write_bytes(samples)
    tracemalloc.start()
    try:
        with contextlib.suppress(FacestreamError):
            stream = read_stream(HEADER)
            assert stream.data.ndim == 2
            describe_stream(HEADER)
        with contextlib.suppress(FacestreamError):
            track = BoxTrack(HEADER, VIDEO, 0.5, clock_of=lambda info: FrameClock(info.rate_hz, info.tick_s))
            for found in track.boxes_of(FRAMES):
                assert np.isfinite(found.boxes).all()
            list(track.warnings())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= 2 * (len(header) + len(samples)) + BLOCK_ALLOWANCE_BYTES, peak


def main() -> None:
    corpus = next((Path(word) for word in sys.argv[1:] if not word.startswith("-")), None)
    if corpus is not None and corpus.is_dir() and not any(corpus.iterdir()):
        for number, seed in enumerate(SEEDS):
            (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
