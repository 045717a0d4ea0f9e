#!/usr/bin/env python3
"""Measure how long it takes to open, and thereby check, a journal and a queue of 100,000 items.

python benchmarks/opening.py
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from facestream.batch.journal import Journal
from facestream.server.queue.store import JobStore

ITEMS = 100_000
TIMES = 7

MARKS = '[[123456789, "1700000000000000000"]]'
"""The size and time of a source, as stored in the journal."""


def fill_journal(folder: Path, num_items: int) -> None:
    """Add finished items, with paths of 100 characters."""
    with Journal(folder) as journal, journal.writing():
        journal.connection.executemany(
            "INSERT INTO items (output, source, options, changes, marks, size, state, run, frames, seconds, device) "
            "VALUES (?, ?, '{}', '{}', ?, 1, 2, 1, 9, 1, 'cpu')",
            (
                (f"day {number % 97}/clip {number:06d}", f"/{'videos/' * 12}clip {number:06d}.mp4", MARKS)
                for number in range(num_items)
            ),
        )


def fill_queue(folder: Path, num_jobs: int) -> None:
    """Add ended jobs with forms of typical length."""
    store = JobStore(folder)
    form = json.dumps({"trainerFilePath": "facemesh/facemesh.trainer", "data": "x" * 300})
    with store._transaction() as db:
        db.executemany(
            "INSERT INTO jobs (key, status, form, queued_s) VALUES (?, 2, ?, 1e9)",
            ((f"job {number}", form) for number in range(num_jobs)),
        )
    store.close()


def median_seconds(open_it: Callable[[], object]) -> float:
    """Return the median time of several openings."""
    times = []
    for _ in range(TIMES):
        started = time.perf_counter()
        opened = open_it()
        times.append(time.perf_counter() - started)
        opened.__exit__(None, None, None) if isinstance(opened, Journal) else opened.close()  # type: ignore[attr-defined]
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the opening of a journal and of a queue.")
    parser.add_argument("--items", type=int, default=ITEMS)
    num_items = parser.parse_args().items
    with tempfile.TemporaryDirectory() as name:
        journal, queue = Path(name) / "journal", Path(name) / "queue"
        fill_journal(journal, num_items)
        fill_queue(queue, num_items)
        found = {
            "items": num_items,
            "journal_mb": round((journal / "journal.sqlite").stat().st_size / 1e6, 1),
            "journal_s": round(median_seconds(lambda: Journal(journal)), 4),
            "queue_mb": round((queue / "jobs.sqlite").stat().st_size / 1e6, 1),
            "queue_s": round(median_seconds(lambda: JobStore(queue)), 4),
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
