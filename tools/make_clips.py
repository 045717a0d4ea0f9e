#!/usr/bin/env python3
"""Make many clips of different lengths from the sample, some of them broken, each in a different way.

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
"""Minimum and maximum number of frames of a clip."""


def copy_frames(target: Path, num_frames: int) -> None:
    """Copy the first frames of the sample to another container without re-encoding."""
    with av.open(str(SAMPLE)) as reader, av.open(str(target), "w") as writer:
        old = reader.streams.video[0]
        new = writer.add_stream_from_template(old)
        for packet in islice(reader.demux(old), num_frames):
            if packet.dts is not None:
                packet.stream = new
                writer.mux(packet)


def cut(target: Path, share: float) -> None:
    """Truncate a file, keeping this share of it."""
    target.write_bytes(target.read_bytes()[: int(target.stat().st_size * share)])


def cut_matroska(target: Path) -> None:
    """Write a file that ends in the middle, after some usable frames."""
    copy_frames(target, 50)
    cut(target, 0.6)


def cut_mp4(target: Path) -> None:
    """Write a file without its index, which is at the end."""
    shutil.copyfile(SAMPLE, target)
    data = target.read_bytes()
    target.write_bytes(data[: data.index(b"moov") - 4] if data.index(b"moov") > data.index(b"mdat") else data[:2000])


def overwritten(target: Path) -> None:
    """Write a file with some of its frames overwritten."""
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
    """Write a file whose frames are all overwritten, but whose header and index are intact."""
    copy_frames(target, 40)
    data = bytearray(target.read_bytes())
    at = data.index(b"mdat") + 4
    length = int.from_bytes(data[at - 8 : at - 4], "big") - 8
    data[at : at + length] = bytes(length)
    target.write_bytes(data)


def dangling(target: Path) -> None:
    """Make a broken symbolic link."""
    target.symlink_to("nowhere.mp4")


def picture(target: Path) -> None:
    """Write a photograph that is truncated in its header."""
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
    """Make ``count`` files, of which ``num_broken`` are broken and named after their defect."""
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
    parser.add_argument("--count", type=int, default=300, help="number of files, including broken ones")
    parser.add_argument(
        "--broken", type=int, default=len(BROKEN), help=f"number of broken files, at most {len(BROKEN)}"
    )
    arguments = parser.parse_args()
    make_clips(arguments.folder, arguments.count, arguments.broken)
    print(f"{arguments.count} files in {arguments.folder}")


if __name__ == "__main__":
    main()
