"""The persistent queue of jobs, in an SQLite database of its own folder."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from facestream.errors import FacestreamError
from facestream.storage.database import (
    DamagedDatabaseError,
    Layout,
    OtherVersionError,
    damage_of,
    name_aside,
    note_damage,
    open_database,
    set_aside,
)
from facestream.storage.locks import lock

__all__ = ["MOVES", "Changes", "Job", "JobStatus", "JobStore"]

FILE_NAME, LOCK_NAME = "jobs.sqlite", "lock"

LOCAL_DISK = "network shares often cannot keep it: give --state-dir FOLDER on a local disk"

SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        status INTEGER NOT NULL,
        form TEXT NOT NULL,
        progress TEXT NOT NULL DEFAULT '',
        error TEXT NOT NULL DEFAULT '',
        outputs TEXT NOT NULL DEFAULT '[]',
        was_canceled INTEGER NOT NULL DEFAULT 0,
        num_starts INTEGER NOT NULL DEFAULT 0,
        queued_s REAL NOT NULL,
        started_s REAL,
        ended_s REAL,
        changed INTEGER NOT NULL DEFAULT 0
    ) STRICT
    """,
    "CREATE INDEX IF NOT EXISTS by_status ON jobs (status, number)",
    "CREATE INDEX IF NOT EXISTS by_change ON jobs (changed)",
    "CREATE TABLE IF NOT EXISTS clock (changes INTEGER NOT NULL) STRICT",
    "INSERT INTO clock SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM clock)",
    "CREATE TABLE IF NOT EXISTS removed (number INTEGER NOT NULL, changed INTEGER NOT NULL) STRICT",
    """
    CREATE TRIGGER IF NOT EXISTS insert_counts AFTER INSERT ON jobs BEGIN
        UPDATE clock SET changes = changes + 1;
        UPDATE jobs SET changed = (SELECT changes FROM clock) WHERE number = new.number;
    END
    """,
    """
    CREATE TRIGGER IF NOT EXISTS update_counts AFTER UPDATE ON jobs BEGIN
        UPDATE clock SET changes = changes + 1;
        UPDATE jobs SET changed = (SELECT changes FROM clock) WHERE number = new.number;
    END
    """,
    """
    CREATE TRIGGER IF NOT EXISTS delete_counts AFTER DELETE ON jobs BEGIN
        UPDATE clock SET changes = changes + 1;
        INSERT INTO removed SELECT old.number, changes FROM clock;
    END
    """,
)
"""Every change has a number, so that clients that follow the queue can ask for new changes only."""
VERSION = 2


LAYOUT = Layout(
    version=VERSION,
    statements=SCHEMA,
    impossible={"jobs": "status NOT BETWEEN 0 AND 4 OR NOT json_valid(form) OR NOT json_valid(outputs)"},
)


class JobStatus(IntEnum):
    """The numbers that DISCOVER uses."""

    WAITING = 0
    RUNNING = 1
    FINISHED = 2
    ERROR = 3
    CANCELED = 4

    @property
    def has_ended(self) -> bool:
        return self >= JobStatus.FINISHED


MOVES: Mapping[JobStatus, frozenset[JobStatus]] = {
    JobStatus.WAITING: frozenset({JobStatus.RUNNING, JobStatus.CANCELED}),
    JobStatus.RUNNING: frozenset({JobStatus.FINISHED, JobStatus.ERROR, JobStatus.CANCELED, JobStatus.WAITING}),
    JobStatus.FINISHED: frozenset({JobStatus.WAITING}),
    JobStatus.ERROR: frozenset({JobStatus.WAITING}),
    JobStatus.CANCELED: frozenset({JobStatus.WAITING}),
}
"""A running job waits again if its server was stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job in the queue. Times are in seconds since 1970."""

    number: int
    """The position in the queue; never used twice."""
    key: str
    """The key by which the client refers to it."""
    status: JobStatus
    form: Mapping[str, str]
    progress: str
    """The current session and the number of sessions, ``1/2``."""
    error: str
    outputs: Sequence[str]
    """The paths of the written files."""
    was_canceled: bool
    num_starts: int
    queued_s: float
    started_s: float | None
    ended_s: float | None
    changed: int
    """The number of the last change of this job."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of a queue since an earlier one."""

    number: int
    """The number of the last change."""
    jobs: Sequence[Job]
    """The jobs that were queued or changed."""
    removed: Sequence[int]
    """The numbers of removed jobs."""


class JobStore:
    """The jobs of one server. All methods are thread-safe."""

    def __init__(self, folder: Path, *, replaces_damaged: bool = False) -> None:
        """Open the queue in a folder, which is created. Running jobs of a stopped server wait again.

        Args:
            folder: where the queue is kept.
            replaces_damaged: a damaged queue is set aside under a name with the date, and a new one begun.

        Raises:
            FacestreamError: another server has it, it is damaged, or it cannot be kept there.
        """
        self.replaced: str | None = None
        """What was done with a damaged queue."""
        self.path = folder / FILE_NAME
        self._mutex = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock_file = (folder / LOCK_NAME).open("a")
        except OSError as error:
            raise FacestreamError(f"{folder}: the queue cannot be kept there ({error.strerror or error})") from error
        if not lock(self._lock_file.fileno(), wait=False):
            self._lock_file.close()
            raise FacestreamError(f"{folder}: another server has this queue; stop it, or give --state-dir FOLDER")
        try:
            self._db = self._open(replaces_damaged=replaces_damaged)
        except (sqlite3.Error, OSError) as error:
            self._lock_file.close()
            raise self._cannot_be_kept(error) from error
        except BaseException:
            self._lock_file.close()
            raise
        self._db.row_factory = sqlite3.Row
        try:
            self._prepare()
        except BaseException as error:
            self.close()
            if isinstance(error, sqlite3.Error):
                raise self._cannot_be_kept(error) from error
            raise

    def _open(self, *, replaces_damaged: bool) -> sqlite3.Connection:
        try:
            return open_database(self.path, LAYOUT, any_thread=True)
        except OtherVersionError as error:
            raise FacestreamError(f"{error}; give --state-dir FOLDER") from error
        except DamagedDatabaseError as damage:
            if not replaces_damaged:
                raise FacestreamError(
                    f"{self.path}: the queue is damaged ({damage.found}); nothing was changed: --new-queue sets it "
                    "aside, with the jobs in it, and begins a new one"
                ) from damage
            aside = name_aside(self.path)
            set_aside(self.path, aside)
            self.replaced = (
                f"{self.path}: the queue was damaged ({damage.found}); it was set aside as {aside.name}, and a new one "
                "begun"
            )
            return open_database(self.path, LAYOUT, any_thread=True)

    def _cannot_be_kept(self, error: sqlite3.Error | OSError) -> FacestreamError:
        if isinstance(error, sqlite3.OperationalError | OSError):
            return FacestreamError(f"{self.path}: the queue cannot be kept there ({error}); {LOCAL_DISK}")
        return FacestreamError(f"{self.path}: the queue cannot be read ({error})")

    def _prepare(self) -> None:
        (mode,) = self._db.execute("PRAGMA journal_mode").fetchone()
        if mode != "wal":
            raise FacestreamError(
                f"{self.path}: the queue cannot be kept there (SQLite's journal is {mode}, not WAL); {LOCAL_DISK}"
            )
        with self._transaction() as db:
            # Clients cannot follow changes from before the start of the server.
            db.execute("DELETE FROM removed")
            db.execute("UPDATE jobs SET status = ? WHERE status = ?", (JobStatus.WAITING, JobStatus.RUNNING))

    def close(self) -> None:
        with self._mutex:
            self._db.close()
            self._lock_file.close()

    def submit(self, key: str, form: Mapping[str, str], before: Callable[[], None]) -> bool:
        """Queue a job after calling ``before``. Return false if a job of this key already waits or runs."""
        with self._transaction() as db:
            row = db.execute("SELECT status FROM jobs WHERE key = ?", (key,)).fetchone()
            if row is not None and not JobStatus(row["status"]).has_ended:
                return False
            before()
            db.execute("DELETE FROM jobs WHERE key = ?", (key,))
            db.execute(
                "INSERT INTO jobs (key, status, form, queued_s) VALUES (?, ?, ?, ?)",
                (key, JobStatus.WAITING, json.dumps(dict(form)), time.time()),
            )
        return True

    def take_next(self) -> Job | None:
        """Mark the job that has waited longest as running, and return it."""
        with self._transaction() as db:
            row = db.execute(
                "SELECT key FROM jobs WHERE status = ? ORDER BY number LIMIT 1", (JobStatus.WAITING,)
            ).fetchone()
            if row is None:
                return None
            db.execute(
                "UPDATE jobs SET status = ?, started_s = ?, ended_s = NULL, progress = '', outputs = '[]', "
                "num_starts = num_starts + 1 WHERE key = ?",
                (JobStatus.RUNNING, time.time(), row["key"]),
            )
            return _job(db.execute("SELECT * FROM jobs WHERE key = ?", (row["key"],)).fetchone())

    def move(self, key: str, status: JobStatus, error: str = "") -> bool:
        """Change the status of a job if the transition is allowed."""
        with self._transaction() as db:
            row = db.execute("SELECT status FROM jobs WHERE key = ?", (key,)).fetchone()
            if row is None or status not in MOVES[JobStatus(row["status"])]:
                return False
            ended_s = time.time() if status.has_ended else None
            was_canceled = status is JobStatus.CANCELED
            db.execute(
                "UPDATE jobs SET status = ?, error = ?, ended_s = ?, was_canceled = ? WHERE key = ?",
                (status, error, ended_s, was_canceled, key),
            )
        return True

    def move_waiting_to_canceled(self, key: str) -> bool:
        """Cancel a job that has not been started."""
        with self._transaction() as db:
            query = "UPDATE jobs SET status = ?, ended_s = ?, was_canceled = 1 WHERE key = ? AND status = ?"
            values = (JobStatus.CANCELED, time.time(), key, JobStatus.WAITING)
            return bool(db.execute(query, values).rowcount)

    def set_progress(self, key: str, progress: str) -> None:
        with self._transaction() as db:
            db.execute("UPDATE jobs SET progress = ? WHERE key = ?", (progress, key))

    def find(self, key: str) -> Job | None:
        with self._mutex:
            row = self._db.execute("SELECT * FROM jobs WHERE key = ?", (key,)).fetchone()
        return None if row is None else _job(row)

    def status_of(self, key: str) -> JobStatus | None:
        """Return the status alone, without reading the job."""
        with self._mutex:
            row = self._db.execute("SELECT status FROM jobs WHERE key = ?", (key,)).fetchone()
        return None if row is None else JobStatus(row["status"])

    def add_outputs(self, key: str, paths: Sequence[str]) -> None:
        """Record files that a job has written."""
        with self._transaction() as db:
            row = db.execute("SELECT outputs FROM jobs WHERE key = ?", (key,)).fetchone()
            if row is not None:
                outputs = dict.fromkeys([*json.loads(row["outputs"]), *paths])
                db.execute("UPDATE jobs SET outputs = ? WHERE key = ?", (json.dumps(list(outputs)), key))

    def find_number(self, number: int) -> Job | None:
        with self._mutex:
            row = self._db.execute("SELECT * FROM jobs WHERE number = ?", (number,)).fetchone()
        return None if row is None else _job(row)

    def page(
        self, *, before: int | None = None, limit: int = 100, statuses: Sequence[JobStatus] = tuple(JobStatus)
    ) -> list[Job]:
        """Return the newest jobs, or the newest ones below a number."""
        marks = ", ".join("?" * len(statuses))
        query = f"SELECT * FROM jobs WHERE status IN ({marks}) AND number < ? ORDER BY number DESC LIMIT ?"  # noqa: S608 - marks only
        with self._mutex:
            rows = self._db.execute(query, (*statuses, 2**62 if before is None else before, limit)).fetchall()
        return [_job(row) for row in rows]

    def last_change(self) -> int:
        with self._mutex:
            (number,) = self._db.execute("SELECT changes FROM clock").fetchone()
        return int(number)

    def changes(self, after: int) -> Changes:
        """Return all changes after the one with this number."""
        with self._mutex:
            (last,) = self._db.execute("SELECT changes FROM clock").fetchone()
            query = "SELECT * FROM jobs WHERE changed > ? ORDER BY number"
            rows = self._db.execute(query, (after,)).fetchall()
            removed = self._db.execute("SELECT number FROM removed WHERE changed > ?", (after,)).fetchall()
        return Changes(last, [_job(row) for row in rows], [row["number"] for row in removed])

    def counts(self) -> dict[JobStatus, int]:
        with self._mutex:
            rows = self._db.execute("SELECT status, COUNT(*) AS n FROM jobs GROUP BY status").fetchall()
        return dict.fromkeys(JobStatus, 0) | {JobStatus(row["status"]): row["n"] for row in rows}

    def remove(self, key: str, before: Callable[[], None]) -> bool:
        """Remove a job that has ended, after calling ``before``."""
        with self._transaction() as db:
            row = db.execute("SELECT status FROM jobs WHERE key = ?", (key,)).fetchone()
            if row is None or not JobStatus(row["status"]).has_ended:
                return False
            before()
            db.execute("DELETE FROM jobs WHERE key = ?", (key,))
        return True

    def outdated(self, *, keep_days: float, keep_jobs: int) -> list[str]:
        """Return ended jobs that are too old, or exceed the limit."""
        with self._mutex:
            rows = self._db.execute(
                "SELECT key FROM jobs WHERE status >= :ended AND (ended_s < :oldest OR number <= COALESCE(("
                "SELECT number FROM jobs WHERE status >= :ended ORDER BY number DESC LIMIT 1 OFFSET :kept), 0))",
                {"ended": JobStatus.FINISHED, "oldest": time.time() - keep_days * 86400, "kept": keep_jobs},
            ).fetchall()
        return [row["key"] for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._mutex:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error) and (found := damage_of(error)):
                    note_damage(self.path, found)
                raise


def _job(row: sqlite3.Row) -> Job:
    values: dict[str, Any] = dict(row)
    values |= {
        "status": JobStatus(values["status"]),
        "form": json.loads(values["form"]),
        "outputs": tuple(json.loads(values["outputs"])),
        "was_canceled": bool(values["was_canceled"]),
    }
    return Job(**values)
