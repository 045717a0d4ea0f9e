"""Fuzzer for streams: every input is a header and its samples, read as a stream and as a box track."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from fuzzing import Picks, bounded_memory, refusals, scratch_folder

from facestream.inspection import describe_stream
from facestream.media.clock import FrameClock
from facestream.ssi.box_track import BoxTrack
from facestream.ssi.stream import read_stream
from facestream.structures import Frame, VideoInfo

__all__ = ["SEEDS", "one_input"]

FOLDER = scratch_folder("streams")
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
"""Templates of box and mesh streams, with samples."""


def compose(data: bytes) -> tuple[bytes, bytes]:
    """Make a stream. The first byte selects a raw header up to a zero byte and raw samples, or a template whose values
    are selected by the next bytes, with samples that are raw, of the declared length, or numbers as text."""
    picks = Picks(data)
    how = picks.number(4)
    if how == 0:
        header, _, samples = picks.rest().partition(b"\0")
        return header, samples
    values = {name: picks.one_of(known) for name, known in CHOICES.items()}
    rest = picks.rest()
    num_values = max(0, min(int(values["num"]), 9) * int(values["dim"]))
    if how == 1:
        itemsize = {"DOUBLE": 8, "ULONG": 8, "LDOUBLE": 8, "UCHAR": 1, "BOOL": 1}.get(values["type"], 4)
        rest = (rest * (1 + num_values * itemsize // max(len(rest), 1)))[: num_values * itemsize]
    elif how == 2:
        numbers = np.resize(np.frombuffer(rest[: len(rest) // 4 * 4] or bytes(4), "<f4"), num_values)
        rest = (values["delim"] or " ").join(map(repr, numbers.tolist())).encode()
    return TEMPLATE.format(**values).encode(), rest


def one_input(data: bytes) -> None:
    """Read a stream in all possible ways, within the memory of one block and twice its bytes."""
    header, samples = compose(data)
    HEADER.write_bytes(header)
    DATA.write_bytes(samples)
    with bounded_memory(2 * (len(header) + len(samples)) + BLOCK_ALLOWANCE_BYTES):
        with refusals():
            stream = read_stream(HEADER)
            assert stream.data.ndim == 2
            describe_stream(HEADER)
        with refusals():
            track = BoxTrack(HEADER, VIDEO, 0.5, clock_of=lambda info: FrameClock(info.rate_hz, info.tick_s))
            for found in track.boxes_of(FRAMES):
                assert np.isfinite(found.boxes).all()
            list(track.warnings())
