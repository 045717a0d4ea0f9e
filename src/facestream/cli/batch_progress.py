"""The progress of a batch, counted from reports and shown as a table or as lines of text."""

from __future__ import annotations

import shutil
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["BatchProgress"]

WINDOW_S = 20.0
"""The time over which speeds are averaged."""

SAMPLE_EVERY_S = 0.5

MAX_WORKERS_SHOWN = 16


@dataclass(slots=True)
class _Speed:
    """Number of frames, and their recent rate."""

    num_ended: int = 0
    num_running: int = 0
    """Frames of the running task."""
    samples: deque[tuple[float, int]] = field(default_factory=deque)

    @property
    def num_frames(self) -> int:
        return self.num_ended + self.num_running

    def sample(self, now: float) -> None:
        if not self.samples or now - self.samples[-1][0] >= SAMPLE_EVERY_S:
            self.samples.append((now, self.num_frames))
        while len(self.samples) > 2 and now - self.samples[0][0] > WINDOW_S:
            self.samples.popleft()

    def fps(self, now: float) -> float:
        if not self.samples or now <= self.samples[0][0]:
            return 0.0
        return max(0.0, (self.num_frames - self.samples[0][1]) / (now - self.samples[0][0]))


class BatchProgress:
    """Counts items, frames and bytes."""

    def __init__(self, out: str) -> None:
        self.num_to_do = self.num_done = self.num_partial = self.num_failed = self.num_passed = 0
        self.workers = ""
        self._out = out
        self._started = time.monotonic()
        self._num_bytes = self._num_bytes_done = 0
        self._bytes_of_parts: dict[int, float] = {}
        """For each running item, the bytes processed by tasks that have ended."""
        self._bytes_running: dict[str, float] = {}
        """For each worker, the bytes of its running task."""
        self._all = _Speed()
        self._speeds: dict[str, _Speed] = {}
        self._sources: dict[str, str] = {}

    def begin(self, num_to_do: int, num_passed: int, num_bytes: int) -> None:
        """Start the count, given the items and bytes to process and the items skipped."""
        self.num_to_do, self.num_passed, self._num_bytes = num_to_do, num_passed, num_bytes
        self._started = time.monotonic()

    def progressed(self, worker: str, source: str, frames: int, num_bytes: float) -> None:
        """Record how many frames of a source, and what share of its bytes, a worker has processed."""
        self._bytes_running[worker] = num_bytes
        speed = self._speeds.setdefault(worker, _Speed())
        self._all.num_ended += frames - speed.num_running
        speed.num_running = frames
        self._sources[worker] = source

    def rested(self, worker: str, item: int, frames: int, num_bytes: float) -> None:
        """Record that a worker has ended a task on an item."""
        self._bytes_running.pop(worker, None)
        self._bytes_of_parts[item] = self._bytes_of_parts.get(item, 0.0) + num_bytes
        speed = self._speeds.setdefault(worker, _Speed())
        self._all.num_ended += max(frames, speed.num_running) - speed.num_running
        speed.num_ended += max(frames, speed.num_running)
        speed.num_running = 0
        self._sources.pop(worker, None)

    def item_ended(self, item: int, num_bytes: int) -> None:
        self._bytes_of_parts.pop(item, None)
        self._num_bytes_done += num_bytes

    def sample(self) -> None:
        """Take a sample of the speeds."""
        now = time.monotonic()
        for speed in (self._all, *self._speeds.values()):
            speed.sample(now)

    @property
    def num_frames(self) -> int:
        return self._all.num_frames

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    @property
    def seconds_left(self) -> float | None:
        """Estimated from the bytes of the sources; ``None`` at the start."""
        done = self._num_bytes_done + sum(self._bytes_of_parts.values()) + sum(self._bytes_running.values())
        if not done or not self._num_bytes:
            return None
        return self.seconds * max(0.0, self._num_bytes - done) / done

    @property
    def disk_left(self) -> int | None:
        """Free bytes on the disk of the output folder."""
        try:
            return shutil.disk_usage(Path(self._out)).free
        except OSError:
            return None

    def _shown(self, now: float) -> list[str]:
        """Return the workers that have a task or had one recently; in a cluster, workers come and go."""
        return [worker for worker, speed in self._speeds.items() if worker in self._sources or speed.fps(now) > 0]

    def line(self) -> str:
        """Return the progress as one line."""
        now = time.monotonic()
        ended = self.num_done + self.num_partial + self.num_failed
        parts = [f"{ended} of {self.num_to_do} items"]
        if self.num_failed or self.num_partial:
            parts.append(f"{self.num_failed} failed, {self.num_partial} partial")
        parts.append(f"{self._all.fps(now):.0f} frames/s")
        speeds = [f"{self._speeds[worker].fps(now):.0f}" for worker in self._shown(now)[:MAX_WORKERS_SHOWN]]
        if len(speeds) > 1:
            parts[-1] += f" ({' + '.join(speeds)})"
        if self.seconds_left is not None:
            parts.append(f"about {_clock(self.seconds_left)} left")
        if self.disk_left is not None:
            parts.append(f"{self.disk_left / 1e9:.1f} GB of disk free")
        return ", ".join(parts)

    def table(self) -> RenderableType:
        """Return the progress as a table with one row per worker."""
        from rich.table import Table
        from rich.text import Text

        now = time.monotonic()
        table = Table.grid(padding=(0, 2))
        waiting = self.num_to_do - self.num_done - self.num_partial - self.num_failed
        counts = Text.assemble(
            (f"{self.num_done}", "green"),
            f" of {self.num_to_do} done",
            (f", {self.num_failed} failed", "red" if self.num_failed else "dim"),
            (f", {self.num_partial} partial", "yellow" if self.num_partial else "dim"),
            (f", {waiting} left", "dim"),
            (f", {self.num_passed} skipped" if self.num_passed else "", "dim"),
        )
        left = "" if self.seconds_left is None else f", about {_clock(self.seconds_left)} left"
        disk = "" if self.disk_left is None else f", {self.disk_left / 1e9:.1f} GB of disk free"
        table.add_row("items", counts)
        table.add_row("speed", f"{self._all.fps(now):.0f} frames/s, {self.num_frames} frames in total")
        table.add_row("time", f"{_clock(self.seconds)} elapsed{left}{disk}")
        workers = self._shown(now)
        for worker in workers[:MAX_WORKERS_SHOWN]:
            source = Path(self._sources.get(worker, "")).name
            speed = f"{self._speeds[worker].fps(now):6.0f} frames/s"
            table.add_row(worker, Text(f"{speed}  {source}", overflow="ellipsis", no_wrap=True))
        if len(workers) > MAX_WORKERS_SHOWN:
            table.add_row("", Text(f"and {len(workers) - MAX_WORKERS_SHOWN} more workers", "dim"))
        return table


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
