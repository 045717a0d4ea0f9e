"""Make clips longer by repeating them, and larger by scaling them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

__all__ = ["loop_clip", "scale_clip"]


def scale_clip(source: Path, target: Path, width: int, height: int, megabits: int) -> Path:
    """Scale a clip to another size, encoded as H.264 at this many Mbit/s."""
    rates = dict.fromkeys(("b", "minrate", "maxrate", "bufsize"), f"{megabits}M")
    options = {**rates, "preset": "medium", "bf": "0"}
    with av.open(str(source)) as reader, av.open(str(target), "w") as writer:
        rate = Fraction(reader.streams.video[0].average_rate or 25)
        stream = writer.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number, frame in enumerate(reader.decode(video=0)):
            scaled = frame.reformat(width, height, format="yuv420p", interpolation="BICUBIC")
            scaled.pts, scaled.time_base = number, 1 / rate
            writer.mux(stream.encode(scaled))
        writer.mux(stream.encode(None))
    return target


def loop_clip(source: Path, target: Path, num_frames: int) -> Path:
    """Repeat the packets of a clip, with continuous timestamps, until there are at least ``num_frames`` frames."""
    num_written, shift = 0, 0
    with av.open(str(target), "w") as writer:
        stream = None
        while num_written < num_frames:
            with av.open(str(source)) as reader:
                old = reader.streams.video[0]
                stream = stream or writer.add_stream_from_template(old)
                end = 0
                for packet in reader.demux(old):
                    if packet.pts is None or packet.dts is None:
                        continue
                    end = max(end, packet.pts + (packet.duration or 1))
                    packet.pts += shift
                    packet.dts += shift
                    packet.stream = stream
                    writer.mux(packet)
                    num_written += 1
            shift += end
    return target
