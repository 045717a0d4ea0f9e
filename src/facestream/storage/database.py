"""Open SQLite databases after a check, and set damaged ones aside."""

from __future__ import annotations

import itertools
import os
import sqlite3
import struct
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from facestream.errors import FacestreamError

__all__ = [
    "DamagedDatabaseError",
    "ImpossibleRowError",
    "Layout",
    "OtherVersionError",
    "damage_of",
    "look_at_files",
    "name_aside",
    "note_damage",
    "open_database",
    "set_aside",
]

MAGIC = b"SQLite format 3\0"
HEADER_BYTES = 100
WAL_HEADER_BYTES = 32
WAL_MAGIC = (0x377F0682, 0x377F0683)

ENDINGS = ("-shm", "-wal", "")
"""The file extensions of a database. The main file comes last: while it exists, a later start finds the damage as
well."""
NOTE_ENDING = "-damaged"

MAX_VERSIONS = 1000
"""A larger number can only be damage."""

MAX_FOUND = 200
"""The most characters of a description of damage."""


class DamagedDatabaseError(FacestreamError):
    """A database does not hold what was written to it."""

    def __init__(self, path: Path, found: str) -> None:
        super().__init__(f"{path}: damaged ({found})")
        self.found = found


class OtherVersionError(FacestreamError):
    """A database was written by another version of facestream."""

    def __init__(self, path: Path, version: int, expected: int) -> None:
        super().__init__(f"{path}: written by another version of facestream ({version}, not {expected})")
        self.version = version


class ImpossibleRowError(sqlite3.DatabaseError):
    """A row contains values that the program never writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The schema of a database."""

    version: int
    statements: Sequence[str]
    """Statements that create what is missing."""
    impossible: Mapping[str, str]
    """For some tables, an SQL expression that is true for invalid rows."""


def open_database(path: Path, layout: Layout, *, any_thread: bool = False) -> sqlite3.Connection:
    """Open a database with a write-ahead log after a complete check, and create what is missing.

    Args:
        path: of the database, which is created if it does not exist.
        layout: what it holds.
        any_thread: calls may come from any thread.

    Raises:
        DamagedDatabaseError: it is damaged; the files are as they were.
        OtherVersionError: it is whole, but of another version.
        sqlite3.Error: it cannot be used for another reason, such as a lock or a full disk.
    """
    found = look_at_files(path)
    if found:
        raise DamagedDatabaseError(path, found)
    is_new = not path.exists()
    connection = None
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=not any_thread)
        _prepare(connection, path, layout)
    except BaseException as error:
        if connection is not None:
            connection.close()
        if is_new:
            _remove_empty(path)
        if isinstance(error, sqlite3.Error) and (found := damage_of(error)):
            raise DamagedDatabaseError(path, found) from error
        raise
    return connection


def look_at_files(path: Path) -> str:
    """Return what is wrong with a database from its files alone, without opening it; ``""`` if nothing.

    SQLite itself takes a write-ahead log that cannot be read for none, and an empty file for a new database.
    """
    note = path.with_name(path.name + NOTE_ENDING)
    with suppress(OSError):
        return _one_line(note.read_text(encoding="utf-8", errors="replace")) or "found while it was used"
    with suppress(OSError):
        return _look_at_main(path) or _look_at_log(path)
    return ""


def damage_of(error: sqlite3.Error) -> str:
    """Return the damage that an error reports; ``""`` if it is about something else, such as a lock or a full disk."""
    code = getattr(error, "sqlite_errorcode", 0)
    is_damage = (
        isinstance(error, ImpossibleRowError)
        or code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        # Inserted keys were looked up before, so an index contradicts its table.
        or code in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
        or str(error).startswith("Could not decode to UTF-8")
    )
    return _one_line(str(error)) if is_damage else ""


def note_damage(path: Path, found: str) -> None:
    """Leave a note next to a database that is in use, so that the next start treats it as damaged.

    Not all that is met while a database is used is found by a check of its structure.
    """
    # If nothing can be written, the next start will find the damage again.
    with suppress(OSError):
        path.with_name(path.name + NOTE_ENDING).write_text(found, encoding="utf-8", errors="backslashreplace")


def name_aside(path: Path) -> Path:
    """Return an unused name with the date for a damaged database."""
    stamp = time.strftime("%Y-%m-%dT%H%M%S")
    for number in itertools.count(1):
        more = f"-{number}" if number > 1 else ""
        target = path.with_name(f"{path.stem}.damaged-{stamp}{more}{path.suffix}")
        if not any(os.path.lexists(f"{target}{ending}") for ending in ENDINGS):
            break
    return target


def set_aside(path: Path, target: Path) -> None:
    """Rename all files of a database that is not open.

    Raises:
        OSError: they cannot be renamed.
    """
    for ending in ENDINGS:
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(f"{target}{ending}")
    path.with_name(path.name + NOTE_ENDING).unlink(missing_ok=True)


def _prepare(connection: sqlite3.Connection, path: Path, layout: Layout) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in (0, layout.version):
        if 0 < version < MAX_VERSIONS:
            raise OtherVersionError(path, version, layout.version)
        raise DamagedDatabaseError(path, f"it says that it is of version {version}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    found = _check(connection, layout, is_new=version == 0)
    if found:
        raise DamagedDatabaseError(path, found)
    connection.execute("BEGIN IMMEDIATE")
    for statement in layout.statements:
        connection.execute(statement)
    if version == 0:
        connection.execute(f"PRAGMA user_version = {layout.version}")
    connection.execute("COMMIT")


def _check(connection: sqlite3.Connection, layout: Layout, *, is_new: bool) -> str:
    """Return what is wrong with pages, tables or rows; ``""`` if nothing."""
    for (line,) in connection.execute("PRAGMA quick_check(1)"):
        if line != "ok":
            return f"quick_check: {_one_line(line.removeprefix('*** in database main ***'))}"
    tables = _read_tables(connection)
    with closing(sqlite3.connect(":memory:")) as example:
        for statement in layout.statements:
            example.execute(statement)
        expected = _read_tables(example)
    for table, columns in expected.items():
        if table not in tables:
            # A run that was killed while creating them left some.
            if not is_new:
                return f"there is no table {table!r}"
        elif tables[table] != columns:
            return f"the table {table!r} has other columns"
    for table, condition in layout.impossible.items():
        if table in tables:
            row = connection.execute(f"SELECT rowid FROM {table} WHERE {condition} LIMIT 1").fetchone()  # noqa: S608 - our own words
            if row:
                return f"row {row[0]} of {table!r} holds what cannot be"
    return ""


def _read_tables(connection: sqlite3.Connection) -> dict[str, list[tuple[str, ...]]]:
    """Return the columns of each table, rather than its SQL, which may be formatted differently."""
    query = (
        'SELECT tables.name, columns.name, columns.type, columns."notnull", columns.pk '
        "FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns "
        "WHERE tables.type = 'table' ORDER BY tables.name, columns.cid"
    )
    tables: dict[str, list[tuple[str, ...]]] = {}
    for table, *column in connection.execute(query):
        tables.setdefault(table, []).append(tuple(column))
    return tables


def _look_at_main(path: Path) -> str:
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
    except FileNotFoundError:
        log = path.with_name(f"{path.name}-wal")
        return f"{log.name} is there without it" if log.exists() and log.stat().st_size else ""
    if not header:
        return "the file is empty"
    if len(header) < HEADER_BYTES or not header.startswith(MAGIC):
        return "the file is no SQLite database"
    (schema_format,), (encoding,) = struct.unpack(">I", header[44:48]), struct.unpack(">I", header[56:60])
    # SQLite would open some of these read-only, or take them for a later version.
    if not (set(header[18:20]) <= {1, 2} and schema_format <= 4 and encoding <= 1):
        return "its header is damaged"
    return ""


def _look_at_log(path: Path) -> str:
    try:
        with path.with_name(f"{path.name}-wal").open("rb") as file:
            header = file.read(WAL_HEADER_BYTES)
    except FileNotFoundError:
        return ""
    # After a power failure it may be all zeros, for changes that were not yet on disk.
    if not any(header):
        return ""
    if len(header) == WAL_HEADER_BYTES:
        magic, *_, sum_1, sum_2 = struct.unpack(">8I", header)
        if magic in WAL_MAGIC and _sum_words(header[:24], is_big=magic == WAL_MAGIC[1]) == (sum_1, sum_2):
            return ""
    return f"the header of {path.name}-wal is damaged"


def _sum_words(data: bytes, *, is_big: bool) -> tuple[int, int]:
    """Compute SQLite's checksum of a write-ahead log header (sqlite.org/fileformat2.html, 4.2)."""
    words = struct.unpack(f"{'>' if is_big else '<'}{len(data) // 4}I", data)
    sum_1 = sum_2 = 0
    for first, second in zip(words[::2], words[1::2], strict=True):
        sum_1 = (sum_1 + first + sum_2) & 0xFFFFFFFF
        sum_2 = (sum_2 + second + sum_1) & 0xFFFFFFFF
    return sum_1, sum_2


def _remove_empty(path: Path) -> None:
    """Remove files that could not be created, so that they do not count as damage later."""
    with suppress(OSError):
        if path.stat().st_size == 0:
            path.unlink()


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_FOUND else f"{line[:MAX_FOUND]}..."
