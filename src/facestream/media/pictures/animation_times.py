"""Read how long each frame of an animated picture is shown, without decoding the frames."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import accumulate, islice, repeat
from pathlib import Path
from typing import BinaryIO

from facestream.media.container.mp4_boxes import Box, find_boxes

__all__ = ["MIN_DURATION_S", "SHOWN_S", "read_animation_times", "whole_webp"]

MIN_DURATION_S, SHOWN_S = Fraction(1, 100), Fraction(1, 10)
"""Browsers show a frame that asks for a hundredth of a second or less for a tenth: Chromium in
``cc/paint/deferred_image_decoder``, Firefox in ``image/FrameTimeout.h``."""

PNG_SIGNATURE_BYTES, PNG_MAX_CHUNK = 8, 1 << 31
MAX_FRAMES = 10_000_000

GIF_HEADER_BYTES, GIF_IMAGE, GIF_EXTENSION, GIF_CONTROL = 13, 0x2C, 0x21, b"\xf9\x04"
RIFF_HEADER_BYTES = 12


def read_animation_times(path: Path, format_name: str) -> list[Fraction]:
    """When each frame of an animated ``GIF``, ``WEBP``, ``PNG`` or ``AVIF`` is shown, in seconds, the first at 0.

    A file that was cut short gives the frames that begin in it.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        # A header of a few bytes could claim billions.
        durations_s = list(islice(DURATIONS[format_name](file), MAX_FRAMES))
    shown_s = [duration_s if duration_s > MIN_DURATION_S else SHOWN_S for duration_s in durations_s]
    return list(accumulate(shown_s, initial=Fraction(0)))[: len(shown_s)]


def whole_webp(content: bytes) -> bytes:
    """Return a truncated WebP as a valid file that ends with its last complete frame."""
    end = RIFF_HEADER_BYTES
    for _, start, stop in _riff_chunks(content):
        if stop > len(content):
            break
        end = stop + (stop - start) % 2
    return content[:4] + (end - 8).to_bytes(4, "little") + content[8:end]


def _gif_durations(file: BinaryIO) -> Iterator[Fraction]:
    """Iterate over the delays, in hundredths of a second in the graphic control extension of each image (GIF89a,
    23)."""
    content = _mapped(file)
    at = GIF_HEADER_BYTES + _color_table_bytes(content[10:11])
    delay = 0
    while at < len(content):
        if content[at] == GIF_IMAGE:
            at += 10 + _color_table_bytes(content[at + 9 : at + 10]) + 1
            end = _end_of_blocks(content, at)
            if end is None:
                return
            yield Fraction(delay, 100)
            at, delay = end, 0
        elif content[at] == GIF_EXTENSION:
            if content[at + 1 : at + 3] == GIF_CONTROL:
                delay = int.from_bytes(content[at + 4 : at + 6], "little")
            end = _end_of_blocks(content, at + 2)
            if end is None:
                return
            at = end
        else:
            # The trailer, or an invalid block.
            return


def _mapped(file: BinaryIO) -> mmap.mmap:
    """Map the bytes of a non-empty file."""
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _color_table_bytes(flags: bytes) -> int:
    """Return the size of the colour table that the flags announce (GIF89a, 18 and 20)."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def _end_of_blocks(content: bytes | mmap.mmap, at: int) -> int | None:
    """Return the offset after a series of data blocks, which ends with an empty one; ``None`` if the file ends
    first."""
    while at < len(content):
        size = content[at]
        at += 1 + size
        if not size:
            return at
    return None


def _webp_durations(file: BinaryIO) -> Iterator[Fraction]:
    """Iterate over the delays, in milliseconds in 24 bits of each ``ANMF`` chunk (RFC 9649, 2.7.1.1)."""
    content = _mapped(file)
    for kind, start, stop in _riff_chunks(content):
        if kind == b"ANMF" and stop <= len(content):
            yield Fraction(int.from_bytes(content[start + 12 : start + 15], "little"), 1000)


def _riff_chunks(content: bytes | mmap.mmap) -> Iterator[tuple[bytes, int, int]]:
    """Iterate over type, start and end of each chunk of a RIFF file."""
    start = RIFF_HEADER_BYTES
    while start + 8 <= len(content):
        size = int.from_bytes(content[start + 4 : start + 8], "little")
        yield content[start : start + 4], start + 8, start + 8 + size
        start += 8 + size + size % 2


def _png_durations(file: BinaryIO) -> Iterator[Fraction]:
    """Iterate over the delays, a fraction of a second in each ``fcTL`` chunk (PNG, third edition, 11.3.6.2). A
    denominator of 0 means 100."""
    file.seek(PNG_SIGNATURE_BYTES)
    while len(head := file.read(8)) == 8:
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        if size >= PNG_MAX_CHUNK:
            return
        if kind == b"fcTL":
            control = file.read(size)
            if len(control) < 26:
                return
            yield Fraction(int.from_bytes(control[20:22], "big"), int.from_bytes(control[22:24], "big") or 100)
            file.seek(4, os.SEEK_CUR)
        else:
            file.seek(size + 4, os.SEEK_CUR)


def _avif_durations(file: BinaryIO) -> Iterator[Fraction]:
    """Iterate over the delays of the first picture track (ISO 14496-12, 8.4.2 and 8.6.1.2)."""
    whole = Box(b"", 0, file.seek(0, os.SEEK_END))
    for media in find_boxes(file, whole, b"moov", b"trak", b"mdia"):
        handler, header = (next(find_boxes(file, media, kind), None) for kind in (b"hdlr", b"mdhd"))
        if handler is None or header is None or _read(file, handler.start + 8, 4) != b"pict":
            continue
        is_long = _read(file, header.start, 1) == b"\1"
        ticks_a_second = int.from_bytes(_read(file, header.start + (20 if is_long else 12), 4), "big")
        for table in find_boxes(file, media, b"minf", b"stbl", b"stts"):
            num_entries = int.from_bytes(_read(file, table.start + 4, 4), "big")
            entries = _read(file, table.start + 8, min(8 * num_entries, table.end - table.start - 8))
            for at in range(0, len(entries) - 7, 8):
                num_samples, ticks = (int.from_bytes(entries[at + k : at + k + 4], "big") for k in (0, 4))
                yield from repeat(Fraction(ticks, ticks_a_second or 1), num_samples)
        return


def _read(file: BinaryIO, start: int, num_bytes: int) -> bytes:
    file.seek(start)
    return file.read(max(0, num_bytes))


DURATIONS: Mapping[str, Callable[[BinaryIO], Iterator[Fraction]]] = {
    "GIF": _gif_durations,
    "WEBP": _webp_durations,
    "PNG": _png_durations,
    "AVIF": _avif_durations,
}
"""The readers of delays by Pillow's format names. FFmpeg reads HEIF sequences."""
