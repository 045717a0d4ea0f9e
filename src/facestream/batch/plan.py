"""Plan a batch: compare its sources with the journal, so that nothing is processed twice.

The plan is made in temporary tables of the journal's database, so only a few items are in memory at a time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from facestream.batch.journal import Journal, State
from facestream.batch.recovered import count_as_done
from facestream.batch.recovery import Recovery
from facestream.batch.sources.items import Item, apply_options, item_endings, options_to_text, plan_item
from facestream.config import MeshOptions
from facestream.errors import FacestreamError, OptionError, OutputError
from facestream.formats.catalog import find_format
from facestream.media.pictures.numbered import find_pictures
from facestream.storage.remote import describe_file, find_files, is_address, is_there
from facestream.use_cases.inputs import Failure

__all__ = ["Plan", "make_plan"]

CHUNK = 1000
HASH_BLOCK_BYTES = 1 << 20

TABLES = (
    "DROP TABLE IF EXISTS temp.planned",
    "DROP TABLE IF EXISTS temp.planned_files",
    """
    CREATE TEMP TABLE planned (
        number INTEGER PRIMARY KEY,
        output TEXT NOT NULL UNIQUE,
        source TEXT NOT NULL,
        boxes TEXT,
        options TEXT NOT NULL,
        changes TEXT NOT NULL,
        marks TEXT NOT NULL,
        sha256 TEXT,
        size INTEGER NOT NULL,
        is_there INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE TEMP TABLE planned_files (path TEXT PRIMARY KEY, output TEXT NOT NULL) WITHOUT ROWID, STRICT",
)

UNCHANGED = """
    items.source = planned.source AND items.boxes IS planned.boxes AND items.options = planned.options
    AND CASE WHEN items.sha256 IS NOT NULL AND planned.sha256 IS NOT NULL
        THEN items.sha256 = planned.sha256 ELSE items.marks = planned.marks END
"""
"""Same source, boxes, options and content, compared by hash if both are known, otherwise by size and time."""

COLUMNS = "output, source, boxes, options, changes, marks, sha256, size"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The number of items, by what the run will do with them."""

    num_new: int = 0
    num_interrupted: int = 0
    """Waiting or running when an earlier run ended."""
    num_changed: int = 0
    """Ended, but source, boxes or options have changed since."""
    num_missing: int = 0
    """Done, but their results no longer exist."""
    num_retried: int = 0
    """Failed or partial, and to be retried."""
    num_done: int = 0
    """Done and therefore skipped."""
    num_failed: int = 0
    """Failed or partial, and not to be retried."""
    num_left_out: int = 0
    """To be processed, but beyond the limit."""
    failures: tuple[Failure, ...] = ()
    """Sources for which nothing was found."""

    @property
    def num_to_do(self) -> int:
        wanted = self.num_new + self.num_interrupted + self.num_changed + self.num_missing + self.num_retried
        return wanted - self.num_left_out

    @property
    def num_items(self) -> int:
        return self.num_to_do + self.num_left_out + self.num_done + self.num_failed


def make_plan(
    journal: Journal,
    items: Iterable[Item | Failure],
    out: str,
    options: MeshOptions,
    *,
    retry_failed: bool = False,
    by_hash: bool = False,
    limit: int | None = None,
    on_item: Callable[[int], None] = lambda _: None,
) -> Plan:
    """Begin a new run of the journal with these items.

    Args:
        journal: The journal of the output folder.
        items: The items, as returned by ``find_items``.
        out: The output folder, or a URL.
        options: The options of the batch.
        retry_failed: Whether to retry failed and partial items.
        by_hash: Whether to compare sources by SHA-256 instead of size and time.
        limit: The maximum number of items to process.
        on_item: Called now and then with the number of items planned so far.

    Raises:
        OutputError: Two items would write the same file.
        OptionError: The options of an item contradict each other.
        FacestreamError: Any error raised by ``items``.
    """
    planner = _Planner(journal, out, options, by_hash=by_hash)
    for statement in TABLES:
        journal.connection.execute(statement)
    iterator = iter(items)
    while chunk := list(islice(iterator, CHUNK)):
        with journal.writing():
            planner.add(chunk)
        on_item(planner.num_items)
    if is_address(out):
        _refuse_strangers(journal, out)
    journal.begin_run()
    is_recovering = journal.recovery is not None and not is_address(out)
    with journal.writing():
        plan = _merge(journal, retry_failed=retry_failed)
        if is_recovering:
            num_found = count_as_done(journal, Path(out), options)
            plan["num_new"] -= num_found
            plan["num_done"] += num_found
        plan["num_left_out"] = 0 if limit is None else _leave_out(journal, limit)
    if journal.recovery is not None:
        Recovery.end(journal.path.parent)
    for table in ("planned", "planned_files"):
        journal.connection.execute(f"DROP TABLE temp.{table}")
    return Plan(**plan, failures=tuple(planner.failures))


class _Planner:
    """Adds items to the tables of the plan."""

    def __init__(self, journal: Journal, out: str, options: MeshOptions, *, by_hash: bool) -> None:
        self.num_items = 0
        self.failures: list[Failure] = []
        self._db = journal.connection
        self._by_hash = by_hash
        self._exists = _make_existence_check(out)
        self._options_of = lru_cache(maxsize=1000)(
            lambda changes, boxes: apply_options(options, json.loads(changes), boxes)
        )
        self._text_of = lru_cache(maxsize=1000)(options_to_text)
        self._weights_mark = [_mark(str(path)) for path in (options.weights, options.detector_weights) if path]

    def add(self, chunk: Iterable[Item | Failure]) -> None:
        rows, files = [], []
        for item in chunk:
            if isinstance(item, Failure):
                self.failures.append(item)
                continue
            row, names = self._plan(item)
            rows.append(row)
            files += [(name, item.output) for name in names]
        sql = f"INSERT OR IGNORE INTO planned ({COLUMNS}, is_there) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        added = self._db.executemany(sql, rows).rowcount
        if added < len(rows):
            self._check_twins(rows)
        added_files = self._db.executemany("INSERT OR IGNORE INTO planned_files VALUES (?, ?)", files).rowcount
        if added_files < len(files):
            self._check_files(files)
        self.num_items += len(rows)

    def _plan(self, item: Item) -> tuple[tuple[Any, ...], list[str]]:
        changes = json.dumps(item.options, sort_keys=True) if item.options else "{}"
        try:
            options = self._options_of(changes, item.boxes)
            names = _names(item, options)
        except OptionError as error:
            raise OptionError(f"{item.place or item.source}: {error}") from None
        marks = [
            _mark_of_source(item.source, options),
            *([_mark(item.boxes)] if item.boxes else []),
            *self._weights_mark,
        ]
        there = all(self._is_written(name) for name in names)
        row = (
            item.output,
            item.source,
            item.boxes,
            self._text_of(options),
            changes,
            json.dumps(marks),
            _hash(item.source) if self._by_hash else None,
            marks[0][0],
            there,
        )
        return row, names

    def _is_written(self, name: str) -> bool:
        """Whether an output exists. The extension of an overlay depends on the source."""
        if name.endswith(".overlay"):
            return any(self._exists(name + suffix) for suffix in (".mp4", ".png"))
        return self._exists(name) and (not name.endswith(".stream") or self._exists(f"{name}~"))

    def _check_twins(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Check that two items with one output are the same source, boxes and options."""
        for row in rows:
            output, source, boxes, options = row[:4]
            (other, *rest) = self._db.execute(
                "SELECT source, boxes, options FROM planned WHERE output = ?", (output,)
            ).fetchone()
            if other != source:
                raise _conflict(output, other, source)
            if rest != [boxes, options]:
                raise OutputError(
                    f"{source}: listed twice with different boxes or options, and both would be written to "
                    f"{output!r}; give one of them another output name"
                )

    def _check_files(self, files: Iterable[tuple[str, str]]) -> None:
        for name, output in files:
            (other,) = self._db.execute("SELECT output FROM planned_files WHERE path = ?", (name,)).fetchone()
            if other != output:
                sources = [
                    self._db.execute("SELECT source FROM planned WHERE output = ?", (key,)).fetchone()[0]
                    for key in (other, output)
                ]
                raise _conflict(name, *sources)


def _refuse_strangers(journal: Journal, out: str) -> None:
    """Check that no remote results would be overwritten that are unknown to this journal.

    Raises:
        OutputError: Some would be.
    """
    row = journal.connection.execute(
        "SELECT output FROM planned WHERE is_there AND output NOT IN (SELECT output FROM items) LIMIT 1"
    ).fetchone()
    if row:
        raise OutputError(
            f"{out}/{row[0]}: results of that name exist, but the journal of this batch does not list them; "
            "remove them, choose another --out, or give the --state of the batch that wrote them"
        )


def _merge(journal: Journal, *, retry_failed: bool) -> dict[str, int]:
    """Merge the plan into the journal, and return the number of items of each kind."""
    db, run = journal.connection, journal.run
    joined = "FROM planned JOIN items USING (output)"

    def count(condition: str, *values: Any) -> int:
        return int(db.execute(f"SELECT count(*) {joined} WHERE {condition}", values).fetchone()[0])

    ended = f"items.state >= {State.DONE:d}"
    failed = f"items.state > {State.DONE:d}"
    done = f"items.state = {State.DONE:d}"
    counts = {
        "num_interrupted": count(f"items.state = {State.WAITING:d}"),
        "num_changed": count(f"{ended} AND NOT ({UNCHANGED})"),
        "num_missing": count(f"{done} AND ({UNCHANGED}) AND NOT is_there"),
        "num_done": count(f"{done} AND ({UNCHANGED}) AND is_there"),
        "num_retried" if retry_failed else "num_failed": count(f"{failed} AND ({UNCHANGED})"),
    }
    again = f"NOT ({UNCHANGED}) OR ({done} AND NOT is_there)" + (f" OR {failed}" if retry_failed else "")
    db.execute(
        f"UPDATE items SET state = {State.WAITING:d} FROM planned "
        f"WHERE items.output = planned.output AND {ended} AND ({again})"
    )
    db.execute(
        "UPDATE items SET source = planned.source, boxes = planned.boxes, options = planned.options, "
        "changes = planned.changes, marks = planned.marks, sha256 = coalesce(planned.sha256, "
        "CASE WHEN items.marks = planned.marks THEN items.sha256 END), size = planned.size, run = ? "
        "FROM planned WHERE items.output = planned.output",
        (run,),
    )
    counts["num_new"] = db.execute(
        f"INSERT INTO items ({COLUMNS}, state, run) SELECT {COLUMNS}, {State.WAITING:d}, ? FROM planned "
        "WHERE output NOT IN (SELECT output FROM items) ORDER BY number",
        (run,),
    ).rowcount
    return counts


def _leave_out(journal: Journal, limit: int) -> int:
    """Leave items beyond the limit to later runs, and return their number."""
    run = journal.run
    # They belong to no run, but stay waiting.
    return journal.connection.execute(
        f"UPDATE items SET run = 0 WHERE run = ? AND state = {State.WAITING:d} AND number NOT IN "
        f"(SELECT number FROM items WHERE run = ? AND state = {State.WAITING:d} ORDER BY number LIMIT ?)",
        (run, run, limit),
    ).rowcount


def _names(item: Item, options: MeshOptions) -> list[str]:
    """Return the outputs of an item, relative to the output folder."""
    if find_format(Path(item.output)):
        plan = plan_item(Path(), Path(item.source), item.output, options)
        return [path.as_posix() for path in (*plan.paths, *([plan.overlay] if plan.overlay else []))]
    return [item.output + ending for ending in item_endings(options)]


def _conflict(name: str, first: str, second: str) -> OutputError:
    return OutputError(
        f"{name}: both {first} and {second} would write it; rename one, or give it another name in the column 'output' "
        "of a table"
    )


def _mark_of_source(source: str, options: MeshOptions) -> tuple[int, str]:
    """Return the mark of a source; for numbered pictures, it includes their count."""
    if options.sequence_hz is None:
        return _mark(source)
    if is_address(source):
        raise OptionError(f"{source}: numbered pictures are read from local or mounted folders only; copy them first")
    try:
        pictures = [os.stat(path) for path in find_pictures(Path(source))]  # noqa: PTH116 - ten times as fast
    except (OSError, FacestreamError):
        return 0, ""
    newest = max(picture.st_mtime_ns for picture in pictures)
    return sum(picture.st_size for picture in pictures), f"{len(pictures)} pictures, {newest}"


def _mark(source: str) -> tuple[int, str]:
    """Return size and time of a file, to detect changes; ``(0, "")`` for a missing file, which its run will report."""
    if is_address(source):
        with suppress(FacestreamError):
            return describe_file(source)
        return 0, ""
    try:
        status = os.stat(source)  # noqa: PTH116 - ten times as fast
    except (OSError, ValueError):
        return 0, ""
    return status.st_size, str(status.st_mtime_ns)


def _hash(source: str) -> str | None:
    from facestream.storage.remote import open_ranges

    digest = hashlib.sha256()
    with (
        suppress(OSError, FacestreamError),
        open_ranges(source) if is_address(source) else Path(source).open("rb") as file,
    ):
        while block := file.read(HASH_BLOCK_BYTES):
            digest.update(block)
        return digest.hexdigest()
    return None


def _make_existence_check(out: str) -> Callable[[str], bool]:
    """Return a function that checks whether an output exists. A remote folder is listed once."""
    if is_address(out):
        there = frozenset(name for _, name in find_files(f"{out}/")) if is_there(out) else frozenset[str]()
        return there.__contains__
    if not os.path.isdir(out):  # noqa: PTH112 - ten times as fast
        return lambda _: False
    return lambda name: os.path.exists(f"{out}/{name}")  # noqa: PTH110 - ten times as fast
