"""From the sources of a batch to what is to be done: compared with the journal, so that nothing is done twice.

The plan is made in tables beside the journal's. However many items there are, only a few of them are in memory.
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
"""The same source, boxes and options, and the same content: by its hash where both are known, else by size and time."""

COLUMNS = "output, source, boxes, options, changes, marks, sha256, size"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many items there are, by what is to become of them."""

    num_new: int = 0
    num_interrupted: int = 0
    """Waited or ran when an earlier run ended."""
    num_changed: int = 0
    """Their source, boxes or options are others than when they ended."""
    num_missing: int = 0
    """Done, but their results are not there any more."""
    num_retried: int = 0
    """Failed or partial, and asked for again."""
    num_done: int = 0
    """Passed over."""
    num_failed: int = 0
    """Failed or partial, and not asked for again."""
    num_left_out: int = 0
    """To be done, but beyond the limit."""
    failures: tuple[Failure, ...] = ()
    """Words that stand for nothing."""

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
    """Begin a run of the journal with these items.

    Args:
        journal: of the output folder.
        items: what ``find_items`` gives.
        out: the output folder, or an address.
        options: of the batch.
        retry_failed: do failed and partial items again.
        by_hash: compare the content of sources by SHA-256, not by size and time.
        limit: do so many items at most.
        on_item: told now and then how many items were planned.

    Raises:
        OutputError: two items would write one file.
        OptionError: options of an item that do not go together.
        FacestreamError: what the items raise.
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
    """Takes items into the plan's tables."""

    def __init__(self, journal: Journal, out: str, options: MeshOptions, *, by_hash: bool) -> None:
        self.num_items = 0
        self.failures: list[Failure] = []
        self._db = journal.connection
        self._by_hash = by_hash
        self._exists = _look_into(out)
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
        """Whether an output is there. Of an overlay the ending follows from the source."""
        if name.endswith(".overlay"):
            return any(self._exists(name + suffix) for suffix in (".mp4", ".png"))
        return self._exists(name) and (not name.endswith(".stream") or self._exists(f"{name}~"))

    def _check_twins(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """A source may be named twice; two sources may not have one output."""
        for row in rows:
            output, source, boxes, options = row[:4]
            (other, *rest) = self._db.execute(
                "SELECT source, boxes, options FROM planned WHERE output = ?", (output,)
            ).fetchone()
            if other != source:
                raise _conflict(output, other, source)
            if rest != [boxes, options]:
                raise OutputError(
                    f"{source}: asked for twice with different boxes or options, and both would be written to "
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
    """Make sure that nothing is replaced elsewhere that this journal does not know.

    Raises:
        OutputError: something would be.
    """
    row = journal.connection.execute(
        "SELECT output FROM planned WHERE is_there AND output NOT IN (SELECT output FROM items) LIMIT 1"
    ).fetchone()
    if row:
        raise OutputError(
            f"{out}/{row[0]}: results of that name are there, and the journal of this batch does not know them; "
            "remove them, name another --out, or the --state of the batch that wrote them"
        )


def _merge(journal: Journal, *, retry_failed: bool) -> dict[str, int]:
    """Take the plan into the journal; the answer is how many items there are of each kind."""
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
    """Leave items beyond the limit to later runs; the answer is how many."""
    run = journal.run
    # They are of no run, but wait.
    return journal.connection.execute(
        f"UPDATE items SET run = 0 WHERE run = ? AND state = {State.WAITING:d} AND number NOT IN "
        f"(SELECT number FROM items WHERE run = ? AND state = {State.WAITING:d} ORDER BY number LIMIT ?)",
        (run, run, limit),
    ).rowcount


def _names(item: Item, options: MeshOptions) -> list[str]:
    """The outputs of an item, below the output folder."""
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
    """Of numbered pictures how many there are as well."""
    if options.sequence_hz is None:
        return _mark(source)
    if is_address(source):
        raise OptionError(
            f"{source}: numbered pictures are read from folders of this machine, or mounted ones; copy them first"
        )
    try:
        pictures = [os.stat(path) for path in find_pictures(Path(source))]  # noqa: PTH116 - ten times as fast
    except (OSError, FacestreamError):
        return 0, ""
    newest = max(picture.st_mtime_ns for picture in pictures)
    return sum(picture.st_size for picture in pictures), f"{len(pictures)} pictures, {newest}"


def _mark(source: str) -> tuple[int, str]:
    """Size and time of a file, by which a change is seen; nothing where it is not there, which its run will say."""
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


def _look_into(out: str) -> Callable[[str], bool]:
    """What tells whether a name is there below the output folder. Elsewhere that is listed once."""
    if is_address(out):
        there = frozenset(name for _, name in find_files(f"{out}/")) if is_there(out) else frozenset[str]()
        return there.__contains__
    if not os.path.isdir(out):  # noqa: PTH112 - ten times as fast
        return lambda _: False
    return lambda name: os.path.exists(f"{out}/{name}")  # noqa: PTH110 - ten times as fast
