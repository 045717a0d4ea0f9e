"""Description of a picture or video, without decoding more than its first frame."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facestream.clip_times import format_time
from facestream.inspection.description import Fact
from facestream.media.clock import FrameClock, format_rate
from facestream.media.container.length import count_missing_bytes
from facestream.media.source import open_source
from facestream.media.video.frame_times import read_frame_times
from facestream.structures import VideoInfo

__all__ = ["MediaDescription", "describe_media"]

EVEN_S = 1e-3
"""Gaps count as even if they differ by no more than this, or by about two ticks of the container."""


@dataclass(frozen=True, slots=True)
class MediaDescription:
    """A picture or video."""

    info: VideoInfo
    num_frames: int
    """Counted from the packets, not taken from the header."""
    seconds: float
    """From the first frame to the end of the last one."""
    smallest_gap_s: float
    largest_gap_s: float
    """Between the timestamps of consecutive frames; NaN if there is only one frame."""
    is_even: bool
    jumps_back: bool
    drift_s: float
    """The largest time difference between a stream row and its frame."""
    num_missing_bytes: int
    """Bytes that the file declares beyond its end."""
    notes: tuple[str, ...]

    def facts(self) -> list[Fact]:
        info = self.info
        turned = [f"rotated by {info.rotation_deg} degrees"] if info.rotation_deg else []
        turned += ["mirrored"] if info.mirrored else []
        size = ", ".join([f"{info.width} x {info.height}", *turned])
        facts = [("file", str(info.path)), ("content", info.kind), ("codec", info.codec or "unknown"), ("size", size)]
        if info.pixel_aspect != 1:
            facts.append(("pixels", f"{info.pixel_aspect:.4g} times as wide as they are high"))
        if info.kind == "video":
            promised = info.num_frames_header
            differs = promised is not None and promised != self.num_frames
            facts += [
                ("frames", f"{self.num_frames}" + (f", {promised} according to the header" if differs else "")),
                ("rate", f"{format_rate(info.rate_hz)} Hz"),
                ("duration", f"{format_time(self.seconds)}, first frame at {info.start_s:.3f} s"),
                ("timestamps", self._describe_times()),
            ]
        if self.num_missing_bytes:
            facts.append(("cut short", f"at least {self.num_missing_bytes} bytes are missing at the end"))
        return [*facts, *(("note", note) for note in self.notes)]

    def as_json(self) -> dict[str, Any]:
        info = self.info
        has_gaps = self.num_frames > 1
        return {
            "kind": info.kind,
            "file": str(info.path),
            "codec": info.codec,
            "width": info.width,
            "height": info.height,
            "rotation_deg": info.rotation_deg,
            "mirrored": info.mirrored,
            "pixel_aspect": info.pixel_aspect,
            "rate_hz": float(info.rate_hz),
            "frames": self.num_frames,
            "frames_by_header": info.num_frames_header,
            "seconds": self.seconds,
            "first_s": info.start_s,
            "even": self.is_even,
            "smallest_gap_s": self.smallest_gap_s if has_gaps else None,
            "largest_gap_s": self.largest_gap_s if has_gaps else None,
            "jumps_back": self.jumps_back,
            "drift_s": self.drift_s,
            "missing_bytes": self.num_missing_bytes,
            "notes": list(self.notes),
        }

    def _describe_times(self) -> str:
        if self.is_even:
            return "even"
        gaps = f"{self.smallest_gap_s * 1000:.1f} to {self.largest_gap_s * 1000:.1f} ms apart"
        back = "; they jump back" if self.jumps_back else ""
        return f"uneven, {gaps}{back}; a stream row would be up to {self.drift_s * 1000:.0f} ms away from its frame"


def describe_media(path: Path) -> MediaDescription:
    """Describe a picture or video from its packets.

    Raises:
        SourceError: The file cannot be read, or is neither.
    """
    with closing(open_source(path, 1)) as source:
        info, notes = source.info, source.notes
    times_s = read_frame_times(info)
    clock = FrameClock(info.rate_hz, info.tick_s)
    for time_s in times_s.tolist():
        clock.add(time_s)
    gaps_s = np.diff(times_s)
    period_s = float(1 / info.rate_hz)
    smallest_s, largest_s = (float(gaps_s.min()), float(gaps_s.max())) if len(gaps_s) else (np.nan, np.nan)
    is_even = not len(gaps_s) or largest_s - smallest_s <= max(EVEN_S, 2 * min(info.tick_s, period_s / 2))
    return MediaDescription(
        info=info,
        num_frames=len(times_s),
        seconds=0.0 if info.kind == "picture" else float(times_s[-1] - times_s[0]) + period_s if len(times_s) else 0.0,
        smallest_gap_s=smallest_s,
        largest_gap_s=largest_s,
        is_even=bool(is_even),
        jumps_back=clock.has_jumped_back,
        drift_s=clock.drift_s,
        num_missing_bytes=count_missing_bytes(path),
        notes=notes,
    )
