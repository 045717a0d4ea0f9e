"""A batch whose workers do nothing, to measure its driver: ``python stub_batch.py TABLE OUT [--dry-run]``."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from pathlib import Path
from unittest import mock

from facestream import MeshOptions
from facestream.batch import running
from facestream.batch.settings import BatchOptions
from facestream.batch.workers.interface import Event
from facestream.batch.workers.tasks import Outcome, Result, Task
from facestream.cli.batch_report import BatchReport

NUM_WORKERS = 64


class StubWorkers:
    """Workers that report each task as done at once."""

    num_workers = NUM_WORKERS

    def __init__(self) -> None:
        self._tasks: deque[Task] = deque()

    @property
    def num_idle(self) -> int:
        return NUM_WORKERS - len(self._tasks)

    def submit(self, task: Task) -> None:
        self._tasks.append(task)

    def wait(self, _: float) -> list[Event]:
        outcome = Outcome(result=Result.DONE, frames=300, seconds=1.0, device="cpu")
        tasks, self._tasks = self._tasks, deque()
        return [Event(worker="stub", task=task, frames=300, outcome=outcome) for task in tasks]

    def stop(self) -> None:
        self._tasks.clear()

    def close(self) -> None:
        self._tasks.clear()


def main() -> None:
    table, out, is_dry = sys.argv[1], sys.argv[2], sys.argv[3:] == ["--dry-run"]
    started = time.perf_counter()
    report = BatchReport(out, is_dry=is_dry, quiet=True)
    with mock.patch.object(running, "_open_workers", return_value=StubWorkers()):
        summary = running.run_batch([table], out, MeshOptions(), BatchOptions(dry_run=is_dry), report)
    report.close()
    result = {"items": summary.plan.num_items, "done": summary.num_done, "seconds": time.perf_counter() - started}
    print(json.dumps({**result, "peak_mb": _peak_mb()}))


def _peak_mb() -> float:
    """Return the peak of this process alone; the value from ``resource`` includes that of the parent process."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1000


if __name__ == "__main__":
    main()
