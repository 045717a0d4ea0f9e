"""Several streams of one job that appear together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.media.clock import FrameClock
from facestream.ssi.columns import CLOCK, CONSTANT_CLOCK
from facestream.ssi.header import FIRST_FRAME
from facestream.ssi.writer import SsiStreamWriter

__all__ = ["StreamSet"]


class StreamSet:
    """Float streams with one row per frame, and the size of the first frame in their headers."""

    def __init__(self, paths: Sequence[Path], columns: Sequence[int], media_types: Sequence[str]) -> None:
        self.paths = tuple(paths)
        self.notes: tuple[str, ...] = ()
        self._media_types = media_types
        self._streams: list[SsiStreamWriter] = []
        try:
            for path, dim in zip(paths, columns, strict=True):
                self._streams.append(SsiStreamWriter(path, dim))
        except BaseException:
            self.discard()
            raise
        self._size: tuple[int, int] | None = None

    def append(self, rows: Sequence[npt.NDArray[np.float32]], size: tuple[int, int]) -> None:
        """Append a row to each stream, for a frame of this size."""
        self._size = self._size or size
        for stream, row in zip(self._streams, rows, strict=True):
            stream.write(row[None])

    def finish(self, clock: FrameClock, meta: Mapping[str, Any]) -> None:
        assert self._size is not None, "a source has at least one frame"
        width, height = self._size
        # Written only if it applies: otherwise type and size are enough.
        special = {"complete": "false"} if meta.get("complete") is False else {}
        options = meta.get("options")
        if isinstance(options, dict) and options.get("rate_hz") is not None:
            special[CLOCK] = CONSTANT_CLOCK
        start_s = 0.0
        if isinstance(part := meta.get("part"), dict):
            special[FIRST_FRAME], start_s = str(part["first_frame"]), float(part["start_s"])
        for stream, media_type in zip(self._streams, self._media_types, strict=True):
            stream.finish(clock.rate_hz, media_type, {"size": f"{width}:{height}", **special}, start_s)
            self.notes += stream.notes

    def commit(self) -> None:
        for stream in self._streams:
            stream.commit()

    def discard(self) -> None:
        for stream in self._streams:
            stream.discard()
