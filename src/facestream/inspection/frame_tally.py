"""The frames that the rows of an archive or table belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from facestream.inspection.description import Fact, plain
from facestream.structures import FrameDetections, FrameMeshes

__all__ = ["FrameTally"]


@dataclass(slots=True)
class FrameTally:
    """Numbers, times and sizes of frames that come row by row; memory does not grow with them."""

    num_rows: int = 0
    first_frame: int = 0
    last_frame: int = 0
    is_consecutive: bool = True
    """Each row is of the frame after that of the row before."""
    first_s: float = 0.0
    last_s: float = 0.0
    size: tuple[int, int] = (0, 0)
    """Width and height of the first frame."""
    num_resized: int = 0
    """Rows whose frame has another size."""

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
        changes = f"; {self.num_resized} rows are of frames of another size" if self.num_resized else ""
        return [
            ("frames", frames if self.is_consecutive else f"{frames}, some of them repeated or left out"),
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
