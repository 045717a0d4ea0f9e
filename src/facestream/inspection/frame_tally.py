"""The frames that the rows of an archive or table belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from facestream.inspection.description import Fact, plain
from facestream.structures import FrameDetections, FrameMeshes

__all__ = ["FrameTally"]


@dataclass(slots=True)
class FrameTally:
    """Statistics of frame numbers, times and sizes, collected row by row in constant memory."""

    num_rows: int = 0
    first_frame: int = 0
    last_frame: int = 0
    is_consecutive: bool = True
    """Whether each row belongs to the frame right after that of the previous row."""
    first_s: float = 0.0
    last_s: float = 0.0
    size: tuple[int, int] = (0, 0)
    """Width and height of the first frame."""
    num_resized: int = 0
    """Number of rows whose frame has a different size."""

    def add(self, row: FrameMeshes | FrameDetections) -> None:
        if not self.num_rows:
            self.first_frame, self.first_s, self.size = row.index, row.timestamp_s, row.size
        elif row.index != self.last_frame + 1:
            self.is_consecutive = False
        self.num_resized += row.size != self.size
        self.last_frame, self.last_s = row.index, row.timestamp_s
        self.num_rows += 1

    def facts(self) -> list[Fact]:
        frames = f"{self.first_frame} to {self.last_frame}"
        width, height = self.size
        changes = f"; {self.num_resized} rows belong to frames of a different size" if self.num_resized else ""
        return [
            ("frames", frames if self.is_consecutive else f"{frames}, some of them repeated or missing"),
            ("time", f"{self.first_s:.3f} to {self.last_s:.3f} s"),
            ("frame size", f"{width} x {height}{changes}"),
        ]

    def as_json(self) -> dict[str, Any]:
        return {
            "first_frame": self.first_frame,
            "last_frame": self.last_frame,
            "frames_consecutive": self.is_consecutive,
            "first_s": plain(self.first_s),
            "last_s": plain(self.last_s),
            "width": self.size[0],
            "height": self.size[1],
            "rows_of_other_sizes": self.num_resized,
        }
