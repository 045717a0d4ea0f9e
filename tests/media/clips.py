"""Small clips that tests make for themselves."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import numpy.typing as npt
from av.video.stream import VideoStream

Image = npt.NDArray[np.uint8]


def numbered_frames(count: int, width: int = 64, height: int = 48) -> list[Image]:
    """Frames that tell their number by their grey level, 10 more each."""
    return [np.full((height, width, 3), 10 * (number + 1) % 256, np.uint8) for number in range(count)]


def write_clip(
    path: Path,
    frames: Sequence[Image],
    *,
    rate: Fraction | int = 25,
    timestamps_s: Iterable[float] | None = None,
    codec: str = "mpeg4",
    pix_fmt: str = "yuv420p",
    pixel_aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
    codec_options: dict[str, str] | None = None,
) -> Path:
    """Encode frames of one size; timestamps follow the rate when left out."""
    with av.open(str(path), "w", options=options or {}) as container:
        stream = cast(VideoStream, container.add_stream(codec, rate=Fraction(rate), options=codec_options or {}))
        stream.width, stream.height, stream.pix_fmt = frames[0].shape[1], frames[0].shape[0], pix_fmt
        tick_s = 1 / Fraction(rate) if timestamps_s is None else Fraction(1, 60_000)
        stream.codec_context.time_base = tick_s
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        times = timestamps_s if timestamps_s is not None else (float(k / Fraction(rate)) for k in range(len(frames)))
        for image, time_s in zip(frames, times, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = round(time_s / tick_s), tick_s
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def remux(source: Path, target: Path, num_packets: int | None = None, **options: str) -> Path:
    """The same packets, or the first ones of them, in another container."""
    with av.open(str(source)) as reader, av.open(str(target), "w", options=options) as writer:
        old = reader.streams.video[0]
        new = writer.add_stream_from_template(old)
        for packet in islice(reader.demux(old), num_packets):
            if packet.dts is not None:
                packet.stream = new
                writer.mux(packet)
    return target


def set_display_matrix(path: Path, a: int, b: int, c: int, d: int) -> None:
    """Overwrite the track's matrix in an MP4 (box ``tkhd``)."""
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 4
    matrix_at = start + (40 if data[start] == 0 else 52)
    values = (a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    data[matrix_at : matrix_at + 36] = struct.pack(">9i", *values)
    path.write_bytes(data)


def cut(path: Path, target: Path, share: float) -> Path:
    """The first part of a file."""
    data = path.read_bytes()
    target.write_bytes(data[: int(len(data) * share)])
    return target


def grey_levels(frames: Iterable[Any]) -> list[float]:
    return [float(frame.image.mean()) for frame in frames]
