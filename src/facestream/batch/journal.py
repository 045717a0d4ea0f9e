"""The state of each item in a batch, kept in SQLite so that it survives any interruption."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from facestream.batch.recovery import Recovery
from facestream.errors import OutputError
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

__all__ = ["MOVES", "Entry", "Journal", "JournalFullError", "State"]

FILE_NAME, LOCK_NAME = "journal.sqlite", "lock"

SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS items (
        number INTEGER PRIMARY KEY,
        output TEXT NOT NULL UNIQUE,
        source TEXT NOT NULL,
        boxes TEXT,
        options TEXT NOT NULL,
        changes TEXT NOT NULL,
        marks TEXT NOT NULL,
        sha256 TEXT,
        size INTEGER NOT NULL,
        state INTEGER NOT NULL,
        run INTEGER NOT NULL,
        frames INTEGER NOT NULL DEFAULT 0,
        seconds REAL NOT NULL DEFAULT 0,
        device TEXT NOT NULL DEFAULT '',
        error TEXT NOT NULL DEFAULT '',
        warnings TEXT NOT NULL DEFAULT '[]',
        num_starts INTEGER NOT NULL DEFAULT 0,
        started_s REAL,
        ended_s REAL
    ) STRICT
    """,
    "CREATE INDEX IF NOT EXISTS by_state ON items (run, state, number)",
    "CREATE TABLE IF NOT EXISTS runs (number INTEGER PRIMARY KEY, started_s REAL NOT NULL, ended_s REAL) STRICT",
)
VERSION = 1

LAYOUT = Layout(
    version=VERSION,
    statements=SCHEMA,
    impossible={"items": "state NOT BETWEEN 0 AND 4 OR NOT json_valid(changes) OR NOT json_valid(warnings)"},
)


class State(IntEnum):
    """The state of an item."""

    WAITING = 0
    RUNNING = 1
    DONE = 2
    PARTIAL = 3
    """The source ended early; the results hold everything up to there."""
    FAILED = 4


MOVES = {
    State.WAITING: {State.RUNNING},
    State.RUNNING: {State.DONE, State.PARTIAL, State.FAILED, State.WAITING},
    State.DONE: {State.WAITING},
    State.PARTIAL: {State.WAITING},
    State.FAILED: {State.WAITING},
}
"""Allowed changes of state. An interrupted run returns items from running to waiting; a new plan returns ended ones."""


class JournalFullError(OutputError):
    """There is no space left for the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item in the journal. Times are in seconds since 1970."""

    number: int
    output: str
    source: str
    boxes: str | None
    options: str
    """All options that affect the results, as JSON."""
    changes: dict[str, Any]
    """Differences from the options of the batch."""
    marks: str
    """Marks from which changes of the source or the boxes are detected."""
    size: int
    """Size of the source in bytes."""
    state: State
    frames: int
    seconds: float
    device: str
    error: str
    warnings: Sequence[str]
    num_starts: int


class Journal:
    """The journal of one output folder, locked by one run at a time."""

    def __init__(self, folder: Path) -> None:
        """Open the journal, creating the folder if it is missing.

        Raises:
            OutputError: Another run holds the lock, the journal is damaged, or it cannot be kept there.
        """
        self.path = folder / FILE_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise OutputError(f"{folder}: the journal cannot be kept there ({error.strerror or error})") from error
        if os.name != "nt" and not lock(self._lock, wait=False):
            os.close(self._lock)
            raise OutputError(f"{folder}: another batch is writing there; wait until it ends, or choose another --out")
        self.recovery = Recovery.find(folder)
        """Set if the previous journal was damaged and no plan has been made since."""
        try:
            # The planner manages its transactions itself.
            self.connection = self._open()
        except (sqlite3.Error, OSError) as error:
            os.close(self._lock)
            raise OutputError(
                f"{self.path}: the journal cannot be used ({error}); keep it on a local disk: --state FOLDER"
            ) from error
        except OtherVersionError as error:
            os.close(self._lock)
            raise OutputError(str(error)) from error
        except BaseException:
            os.close(self._lock)
            raise
        self.run = 0

    def _open(self) -> sqlite3.Connection:
        """Open the database; a damaged one is set aside and replaced by a new one."""
        try:
            return open_database(self.path, LAYOUT)
        except DamagedDatabaseError as damage:
            aside = name_aside(self.path)
            self.recovery = Recovery(damage.found, aside.name)
            # Before anything is renamed, so that recovery continues even if this run is killed in between.
            self.recovery.keep(self.path.parent)
            set_aside(self.path, aside)
            return open_database(self.path, LAYOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.connection.close()
        finally:
            os.close(self._lock)

    def begin_run(self) -> None:
        """Begin a new run; items that were running when the previous one was interrupted wait again."""
        with self.writing():
            self.connection.execute("UPDATE items SET state = ? WHERE state = ?", (State.WAITING, State.RUNNING))
            cursor = self.connection.execute("INSERT INTO runs (started_s) VALUES (?)", (time.time(),))
            assert cursor.lastrowid is not None
            self.run = cursor.lastrowid

    def end_run(self) -> None:
        with self.writing():
            self.connection.execute("UPDATE runs SET ended_s = ? WHERE number = ?", (time.time(), self.run))

    def take_next(self) -> Entry | None:
        """Return the next waiting item and mark it as running."""
        entry = next(self._entries("run = ? AND state = ? ORDER BY number LIMIT 1", self.run, State.WAITING), None)
        if entry is not None:
            with self.writing():
                self._move(entry.number, State.RUNNING)
                self.connection.execute(
                    "UPDATE items SET num_starts = num_starts + 1, started_s = ?, ended_s = NULL WHERE number = ?",
                    (time.time(), entry.number),
                )
        return entry

    def put_back(self, number: int) -> None:
        """Return a running item to the waiting state."""
        with self.writing():
            self._move(number, State.WAITING)

    def end(
        self,
        number: int,
        state: State,
        *,
        frames: int = 0,
        seconds: float = 0.0,
        device: str = "",
        error: str = "",
        warnings: Sequence[str] = (),
    ) -> None:
        """Record the end of a running item."""
        with self.writing():
            self._move(number, state)
            self.connection.execute(
                "UPDATE items SET frames = ?, seconds = ?, device = ?, error = ?, warnings = ?, ended_s = ? "
                "WHERE number = ?",
                (frames, seconds, device, error, json.dumps(list(warnings)), time.time(), number),
            )

    def count(self) -> dict[State, int]:
        """Count the items of this run in each state."""
        query = "SELECT state, count(*) FROM items WHERE run = ? GROUP BY state"
        with self._reading():
            counts = {State(state): count for state, count in self.connection.execute(query, (self.run,))}
        return {state: counts.get(state, 0) for state in State}

    def sum_sizes(self, *states: State) -> int:
        """Sum the source sizes of this run's items in the given states, in bytes."""
        marks = ", ".join("?" * len(states))
        query = f"SELECT coalesce(sum(size), 0) FROM items WHERE run = ? AND state IN ({marks})"  # noqa: S608 - question marks
        with self._reading():
            return int(self.connection.execute(query, (self.run, *states)).fetchone()[0])

    def entries(self, *states: State) -> Iterator[Entry]:
        """Return this run's items in the given states, in order."""
        marks = ", ".join("?" * len(states))
        return self._entries(f"run = ? AND state IN ({marks}) ORDER BY number", self.run, *states)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make a change atomically.

        Raises:
            JournalFullError: There is no space for it.
            OutputError: The journal is damaged.
        """
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            if found := damage_of(error):
                raise self._damaged(found) from error
            if getattr(error, "sqlite_errorname", "") in ("SQLITE_FULL", "SQLITE_IOERR_WRITE"):
                raise JournalFullError(f"{self.path}: there is no space left for the journal ({error})") from error
            raise OutputError(f"{self.path}: the journal cannot be written ({error})") from error

    def _next(self, rows: sqlite3.Cursor) -> tuple[Any, ...] | None:
        with self._reading():
            row: tuple[Any, ...] | None = rows.fetchone()
        return row

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._damaged(damage_of(error) or str(error)) from error

    def _damaged(self, found: str) -> OutputError:
        note_damage(self.path, found)
        return OutputError(
            f"{self.path}: damaged ({found}); running the same command sets it aside and keeps what is done"
        )

    def _move(self, number: int, state: State) -> None:
        (before,) = self.connection.execute("SELECT state FROM items WHERE number = ?", (number,)).fetchone()
        assert state in MOVES[State(before)], f"item {number}: {State(before).name} to {state.name}"
        self.connection.execute("UPDATE items SET state = ? WHERE number = ?", (state, number))

    def _entries(self, condition: str, *values: Any) -> Iterator[Entry]:
        columns = (
            "number, output, source, boxes, options, changes, marks, size, state, frames, seconds, device, error, "
            "warnings, num_starts"
        )
        with self._reading():
            rows = self.connection.execute(f"SELECT {columns} FROM items WHERE {condition}", values)  # noqa: S608 - only fixed strings
        while (row := self._next(rows)) is not None:
            fields = dict(zip(columns.split(", "), row, strict=True))
            fields |= {name: json.loads(fields[name]) for name in ("changes", "warnings")}
            yield Entry(**{**fields, "state": State(fields["state"])})
