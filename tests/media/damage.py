"""Ways in which a database can be damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

__all__ = ["DAMAGES", "contents"]


def random_bytes(path: Path) -> None:
    path.write_bytes(np.random.default_rng(1).bytes(path.stat().st_size))


def header(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[16:100] = np.random.default_rng(2).bytes(84)
    path.write_bytes(data)


def pages(path: Path) -> None:
    """In the middle of the tables."""
    data = bytearray(path.read_bytes())
    for start in range(4096 * 3, len(data) - 4096, 4096 * 4):
        data[start : start + 2000] = np.random.default_rng(3).bytes(2000)
    path.write_bytes(data)


def short(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2 // 4096 * 4096 - 1000])


def no_database(path: Path) -> None:
    path.write_text("a note that somebody saved under this name\n" * 50)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def log_of_junk(path: Path) -> None:
    path.with_name(f"{path.name}-wal").write_bytes(np.random.default_rng(4).bytes(100_000))


def lost_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN ('jobs', 'items')"):
            db.execute(f"DROP TABLE {name}")
        db.commit()


def other_columns(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN ('jobs', 'items')"):
            db.execute(f"ALTER TABLE {name} ADD COLUMN more TEXT")
        db.commit()


DAMAGES: dict[str, Callable[[Path], None]] = {
    "random bytes": random_bytes,
    "its header": header,
    "pages": pages,
    "cut short": short,
    "no database": no_database,
    "empty": empty,
    "a log of junk": log_of_junk,
    "a lost table": lost_table,
    "other columns": other_columns,
}


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder but its lock."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "lock" and path.is_file()}
