#!/usr/bin/env python3
"""Make many clips of different lengths from the sample, some of them broken, each in another way.

python tools/make_clips.py FOLDER [--count 300] [--broken 10]
"""

from __future__ import annotations

import argparse
import shutil
import wave
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import av

SAMPLE = Path(__file__).parents[1] / "samples" / "astronaut.mp4"
SUFFIXES = (".mp4", ".mkv", ".mov", ".ts")
FEWEST, MOST = 12, 60
"""Frames of a clip."""


def copy_frames(target: Path, num_frames: int) -> None:
    """The first frames of the sample in another container, as they are."""
    with av.open(str(SAMPLE)) as reader, av.open(str(target), "w") as writer:
        old = reader.streams.video[0]
        new = writer.add_stream_from_template(old)
        for packet in islice(reader.demux(old), num_frames):
            if packet.dts is not None:
                packet.stream = new
                writer.mux(packet)


def cut(target: Path, share: float) -> None:
    """Leave the first part of a file."""
    target.write_bytes(target.read_bytes()[: int(target.stat().st_size * share)])


def cut_matroska(target: Path) -> None:
    """It breaks off in the middle, after frames that can be looked at."""
    copy_frames(target, 50)
    cut(target, 0.6)


def cut_mp4(target: Path) -> None:
    """The index, which is at the end, is missing."""
    shutil.copyfile(SAMPLE, target)
    data = target.read_bytes()
    target.write_bytes(data[: data.index(b"moov") - 4] if data.index(b"moov") > data.index(b"mdat") else data[:2000])


def overwritten(target: Path) -> None:
    """Some of its frames are no frames any more."""
    copy_frames(target, 50)
    data = bytearray(target.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = bytes(4000)
    target.write_bytes(data)


def empty(target: Path) -> None:
    target.write_bytes(b"")


def text(target: Path) -> None:
    target.write_text("a note that somebody called a video\n" * 40)


def noise(target: Path) -> None:
    target.write_bytes(bytes((number * 7919) % 251 for number in range(20_000)))


def sound(target: Path) -> None:
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16_000))


def zeros(target: Path) -> None:
    """The frames of a whole file are overwritten; its head and index are there."""
    copy_frames(target, 40)
    data = bytearray(target.read_bytes())
    at = data.index(b"mdat") + 4
    length = int.from_bytes(data[at - 8 : at - 4], "big") - 8
    data[at : at + length] = bytes(length)
    target.write_bytes(data)


def dangling(target: Path) -> None:
    """A link to nothing."""
    target.symlink_to("nowhere.mp4")


def picture(target: Path) -> None:
    """A photograph that was cut in its head."""
    target.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xc0\x00\x11")


BROKEN: dict[str, Callable[[Path], None]] = {
    "cut_matroska.mkv": cut_matroska,
    "cut_mp4.mp4": cut_mp4,
    "overwritten.mp4": overwritten,
    "empty.mp4": empty,
    "text.mp4": text,
    "noise.mp4": noise,
    "sound.mp4": sound,
    "zeros.mp4": zeros,
    "dangling.mp4": dangling,
    "picture.jpg": picture,
}


def make_clips(folder: Path, count: int, num_broken: int) -> None:
    """So many files, of which some are broken; those are named for how."""
    folder.mkdir(parents=True, exist_ok=True)
    broken = list(BROKEN.items())[:num_broken]
    for name, spoil in broken:
        spoil(folder / name)
    for number in range(count - len(broken)):
        num_frames = FEWEST + number * 37 % (MOST - FEWEST + 1)
        copy_frames(folder / f"clip{number:03d}{SUFFIXES[number % len(SUFFIXES)]}", num_frames)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make many clips from the sample, some of them broken.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=300, help="how many, with the broken ones")
    parser.add_argument("--broken", type=int, default=len(BROKEN), help=f"how many of them are, {len(BROKEN)} at most")
    arguments = parser.parse_args()
    make_clips(arguments.folder, arguments.count, arguments.broken)
    print(f"{arguments.count} files in {arguments.folder}")


if __name__ == "__main__":
    main()
