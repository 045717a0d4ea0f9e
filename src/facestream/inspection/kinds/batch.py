"""The progress of a batch, read from its journal without disturbing it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from facestream.batch.journal import FILE_NAME, LOCK_NAME, VERSION, State
from facestream.batch.running import STATE_NAME
from facestream.errors import SourceError
from facestream.inspection.description import Fact, plain, shown
from facestream.storage.database import damage_of, look_at_files
from facestream.storage.locks import lock

__all__ = ["BatchDescription", "describe_batch", "find_journal"]

NUM_FAILURES = 5
ENDINGS = ("", "-wal")


@dataclass(frozen=True, slots=True)
class BatchDescription:
    """The items of a batch and its last run. Times are in seconds since 1970."""

    path: Path
    counts: Mapping[State, int]
    is_running: bool
    num_frames: int
    seconds: float
    """Processing time, summed over all workers."""
    started_s: float | None
    ended_s: float | None
    failures: Sequence[tuple[str, str]]
    """Source and error of the first items that failed or are incomplete."""

    def facts(self) -> list[Fact]:
        counts = self.counts
        running = "running" if self.is_running else "interrupted"
        facts = [
            ("file", str(self.path)),
            ("content", "the journal of a batch" + (", currently running" if self.is_running else "")),
            ("items", str(sum(counts.values()))),
            ("done", str(counts[State.DONE])),
            ("failed", str(counts[State.FAILED])),
            ("partial", str(counts[State.PARTIAL])),
            ("waiting", str(counts[State.WAITING])),
            (running, str(counts[State.RUNNING])),
            ("frames", f"{self.num_frames}, in {timedelta(seconds=round(self.seconds))} of work"),
        ]
        if self.started_s is not None:
            until = "no end" if self.ended_s is None else _moment(self.ended_s)
            facts.append(("last run", f"{_moment(self.started_s)} to {until}"))
        return [*facts, *(("failure", shown(error)) for _, error in self.failures)]

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": "batch",
            "file": str(self.path),
            "items": sum(self.counts.values()),
            **{state.name.lower(): count for state, count in self.counts.items()},
            "is_running": self.is_running,
            "frames": self.num_frames,
            "seconds": self.seconds,
            "started_s": plain(self.started_s),
            "ended_s": plain(self.ended_s),
            "failures": [{"source": source, "error": error} for source, error in self.failures],
        }


def find_journal(path: Path) -> Path | None:
    """Find the journal, given an output folder, its state folder or the journal itself."""
    for place in (path / STATE_NAME / FILE_NAME, path / FILE_NAME, path):
        if place.name == FILE_NAME and place.is_file():
            return place
    return None


def describe_batch(path: Path) -> BatchDescription:
    """Describe a batch from a copy of its journal, so that nothing in its folder changes, even while it runs.

    Raises:
        SourceError: The journal is damaged, was written by another version, or cannot be read.
    """
    if found := look_at_files(path):
        raise SourceError(f"{path}: damaged ({found}); running the batch again sets the file aside and continues")
    with tempfile.TemporaryDirectory(prefix="facestream-") as name:
        copy = Path(name) / FILE_NAME
        try:
            for ending in ENDINGS:
                if (part := path.with_name(path.name + ending)).exists():
                    shutil.copyfile(part, f"{copy}{ending}")
            with closing(sqlite3.connect(copy)) as db:
                return _read(path, db)
        except OSError as error:
            raise SourceError(f"{path}: the journal cannot be read ({error.strerror or error})") from error
        except (sqlite3.Error, ValueError) as error:
            found = damage_of(error) if isinstance(error, sqlite3.Error) else str(error)
            raise SourceError(
                f"{path}: damaged ({found or error}); running the batch again sets the file aside and continues"
            ) from error


def _read(path: Path, db: sqlite3.Connection) -> BatchDescription:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version != VERSION:
        raise SourceError(
            f"{path}: written by another version of facestream (journal version {version}, not {VERSION})"
        )
    counts = dict.fromkeys(State, 0)
    for state, count in db.execute("SELECT state, count(*) FROM items GROUP BY state"):
        counts[State(state)] = count
    frames, seconds = db.execute("SELECT coalesce(sum(frames), 0), coalesce(sum(seconds), 0) FROM items").fetchone()
    run = db.execute("SELECT started_s, ended_s FROM runs ORDER BY number DESC LIMIT 1").fetchone()
    failures = db.execute(
        "SELECT source, error FROM items WHERE state IN (?, ?) ORDER BY number LIMIT ?",
        (State.FAILED, State.PARTIAL, NUM_FAILURES),
    ).fetchall()
    started_s, ended_s = run or (None, None)
    return BatchDescription(path, counts, _is_locked(path.parent), frames, seconds, started_s, ended_s, failures)


def _is_locked(folder: Path) -> bool:
    """Whether a batch is running in this folder."""
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDWR)
    except OSError:
        return False
    try:
        return not lock(descriptor, wait=False)
    finally:
        os.close(descriptor)


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
