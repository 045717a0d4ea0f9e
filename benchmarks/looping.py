"""Clips made long by being repeated."""

from __future__ import annotations

from pathlib import Path

import av

__all__ = ["loop_clip"]


def loop_clip(source: Path, target: Path, num_frames: int) -> Path:
    """The packets of a clip again and again, with times that go on, until there are so many frames."""
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
