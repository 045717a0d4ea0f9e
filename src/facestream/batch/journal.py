"""What became of each item of a batch, kept in SQLite so that it outlives whatever ends the run."""

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
    """How far an item is."""

    WAITING = 0
    RUNNING = 1
    DONE = 2
    PARTIAL = 3
    """The source broke off; the results hold what came before."""
    FAILED = 4


MOVES = {
    State.WAITING: {State.RUNNING},
    State.RUNNING: {State.DONE, State.PARTIAL, State.FAILED, State.WAITING},
    State.DONE: {State.WAITING},
    State.PARTIAL: {State.WAITING},
    State.FAILED: {State.WAITING},
}
"""From running back to waiting leads a run that was ended meanwhile; from an end, a plan that wants it anew."""


class JournalFullError(OutputError):
    """There is no room for the journal any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item as it is kept. Times are seconds since 1970."""

    number: int
    output: str
    source: str
    boxes: str | None
    options: str
    """All that decides over the results, as JSON."""
    changes: dict[str, Any]
    """Of the batch's options."""
    marks: str
    """By which a change of the source or the boxes is seen."""
    size: int
    """Of the source in bytes."""
    state: State
    frames: int
    seconds: float
    device: str
    error: str
    warnings: Sequence[str]
    num_starts: int


class Journal:
    """The journal of one output folder, which one run at a time has."""

    def __init__(self, folder: Path) -> None:
        """Open it; the folder is made where it is missing.

        Raises:
            OutputError: another run has it, it is damaged, or it cannot be kept there.
        """
        self.path = folder / FILE_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise OutputError(f"{folder}: the journal cannot be kept there ({error.strerror or error})") from error
        if os.name != "nt" and not lock(self._lock, wait=False):
            os.close(self._lock)
            raise OutputError(f"{folder}: another batch writes there; wait for its end, or name another --out")
        self.recovery = Recovery.find(folder)
        """Where the journal before this one was damaged, and no plan has been made since."""
        try:
            # The planner begins its transactions itself.
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
        """The database; a damaged one is set aside, and a new one takes its place."""
        try:
            return open_database(self.path, LAYOUT)
        except DamagedDatabaseError as damage:
            aside = name_aside(self.path)
            self.recovery = Recovery(damage.found, aside.name)
            # Before anything is renamed: a run that is killed in between is one that recovers.
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
        """From now on all is said of a new run; what ran when the one before was ended waits again."""
        with self.writing():
            self.connection.execute("UPDATE items SET state = ? WHERE state = ?", (State.WAITING, State.RUNNING))
            cursor = self.connection.execute("INSERT INTO runs (started_s) VALUES (?)", (time.time(),))
            assert cursor.lastrowid is not None
            self.run = cursor.lastrowid

    def end_run(self) -> None:
        with self.writing():
            self.connection.execute("UPDATE runs SET ended_s = ? WHERE number = ?", (time.time(), self.run))

    def take_next(self) -> Entry | None:
        """The next item that waits, which runs from now on."""
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
        """An item that runs waits again."""
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
        """An item that ran has ended."""
        with self.writing():
            self._move(number, state)
            self.connection.execute(
                "UPDATE items SET frames = ?, seconds = ?, device = ?, error = ?, warnings = ?, ended_s = ? "
                "WHERE number = ?",
                (frames, seconds, device, error, json.dumps(list(warnings)), time.time(), number),
            )

    def count(self) -> dict[State, int]:
        """How many items of this run are in each state."""
        query = "SELECT state, count(*) FROM items WHERE run = ? GROUP BY state"
        with self._reading():
            counts = {State(state): count for state, count in self.connection.execute(query, (self.run,))}
        return {state: counts.get(state, 0) for state in State}

    def sum_sizes(self, *states: State) -> int:
        """The bytes of the sources of this run's items in such states."""
        marks = ", ".join("?" * len(states))
        query = f"SELECT coalesce(sum(size), 0) FROM items WHERE run = ? AND state IN ({marks})"  # noqa: S608 - question marks
        with self._reading():
            return int(self.connection.execute(query, (self.run, *states)).fetchone()[0])

    def entries(self, *states: State) -> Iterator[Entry]:
        """The items of this run in such states, in order."""
        marks = ", ".join("?" * len(states))
        return self._entries(f"run = ? AND state IN ({marks}) ORDER BY number", self.run, *states)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A change that is made as a whole or not at all.

        Raises:
            JournalFullError: there is no room for it.
            OutputError: the journal is damaged.
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
                raise JournalFullError(f"{self.path}: there is no room for the journal any more ({error})") from error
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
            f"{self.path}: damaged ({found}); the same command sets it aside and goes on with what is done"
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
            rows = self.connection.execute(f"SELECT {columns} FROM items WHERE {condition}", values)  # noqa: S608 - our own words
        while (row := self._next(rows)) is not None:
            fields = dict(zip(columns.split(", "), row, strict=True))
            fields |= {name: json.loads(fields[name]) for name in ("changes", "warnings")}
            yield Entry(**{**fields, "state": State(fields["state"])})
