"""Find and end worker processes that a killed server left behind. Process ID and start time identify them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from pathlib import Path

__all__ = ["WorkerRecords"]

MODULE = b"facestream.server.queue.worker"
SECONDS_TO_END = 5.0


class WorkerRecords:
    """The file that lists the workers of a server. Without ``/proc``, workers end only by their closed pipe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[int, str] = {}
        self._mutex = threading.Lock()

    def add(self, process: int) -> None:
        born = _birth(process)
        if born is None:
            return
        with self._mutex:
            self._known = {number: birth for number, birth in self._known.items() if _birth(number) == birth}
            self._known[process] = born
            self._save()

    def end_all(self) -> int:
        """Kill the workers of an earlier server that still run, wait for their end, and return how many there were."""
        try:
            records = json.loads(self._path.read_text())
            known = [int(number) for number, birth in records.items() if _birth(int(number)) == birth]
            living = list(filter(_is_worker, known))
        except (OSError, ValueError, AttributeError):
            return 0
        for process in living:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        deadline = time.monotonic() + SECONDS_TO_END
        while any(map(_birth, living)) and time.monotonic() < deadline:
            time.sleep(0.01)
        self._save()
        return len(living)

    def _save(self) -> None:
        hidden = self._path.with_name(f".{self._path.name}")
        hidden.write_text(json.dumps(self._known))
        hidden.replace(self._path)


def _birth(process: int) -> str | None:
    """Return the start time of a process in ticks since boot; ``None`` if it no longer runs."""
    try:
        # The name of the process, in parentheses, may contain spaces.
        state, *fields = (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state in "ZX" else fields[18]


def _is_worker(process: int) -> bool:
    try:
        return MODULE in (Path("/proc") / str(process) / "cmdline").read_bytes()
    except OSError:
        return False
