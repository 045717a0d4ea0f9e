"""Fuzzer for manifests: every input is a list of sources, as text, as a table or as Parquet."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
from fuzzing import Picks, bounded_memory, refusals, scratch_folder

from facestream.batch.sources.items import Item, apply_options, plan_item
from facestream.batch.sources.manifest import LIST_SUFFIXES, read_list
from facestream.config import MeshOptions

__all__ = ["SEEDS", "one_input"]

FOLDER = scratch_folder("manifests")
RESULTS = Path("/results")

LIST_ALLOWANCE_BYTES = 4_000_000
MAX_LIST_FACTOR = 100
MAX_ITEMS = 10_000
MAX_PLANNED_FACES = 100
"""Items with more faces are not planned, because each face has its own file."""

COLUMNS = ("path", "output", "options", "boxes", "Path ", "subject", "", "path.x")
CELLS: dict[str, Sequence[str]] = {
    "path": ("a.mp4", "sub/b c.mkv", "s3://bucket/x.mp4", "/data/a.b.mov", "..", "", "s3://", "a\\b.mp4", "é\nx.mp4"),
    "output": ("", "s1/take 1", "x.npz", "../b", "/b", "C:\\b", ".", "a/../..", "a\0b", "a\nb", "x/" * 200),
    "boxes": ("", "boxes/a.stream", "memory://b.stream"),
    "options": (
        *(
            "",
            "faces=2",
            "--rate=12.5 detect-every=auto",
            "format=npz,csv;overlay=yes",
            "faces=",
            "rate=nan",
            "faces='2",
        ),
        *("faces=" + "9" * 5000, "rate=1e999", "missing=zero missing=nan", "format=,", "a=\nb", "device=cuda", "{}"),
    ),
}
OPTION_NAMES = (
    *("detector", "formats", "rate_hz", "overlay", "engine", "precision", "num_faces", "min_score_thresh"),
    *("detect_every", "missing", "faces", "format", "rate", "boxes"),
)
TYPES: Sequence[Any] = (
    *(pyarrow.string(), pyarrow.string(), pyarrow.string(), pyarrow.large_string(), pyarrow.binary()),
    *(pyarrow.dictionary(pyarrow.int32(), pyarrow.string()), pyarrow.list_(pyarrow.string())),
    *(pyarrow.struct([("x", pyarrow.string())]), pyarrow.int64(), pyarrow.timestamp("ns"), pyarrow.null()),
)
SEEDS = [
    *(bytes([suffix, 1, *picks]) for suffix in range(6) for picks in ((), (1, 2, 1, 3, 1, 1, 1, 1), range(60))),
    *(bytes([4, 1, 1, 0, kind, 1, 0, 0]) for kind in range(len(TYPES))),
    b"\0\0a.mp4\n# note\n",
    '\2\0\ufeffpath;options\na.mp4;{"num_faces": 2}\n'.encode(),
]
"""Templates of lists of every kind, and the text of two."""


def compose(data: bytes) -> tuple[str, bytes]:
    """Make a list. The first byte selects the suffix, the second whether the rest is the raw list or selects cells."""
    picks = Picks(data)
    suffix = picks.one_of(LIST_SUFFIXES)
    if picks.number(4) == 0:
        return suffix, picks.rest()
    if suffix in (".parquet", ".pq"):
        return suffix, _parquet(picks)
    names = ["path", *(picks.one_of(COLUMNS) for _ in range(picks.number(4)))]
    rows = [[_cell(picks, name) for name in names] for _ in range(1 + picks.number(3))]
    text = io.StringIO()
    if suffix in (".csv", ".tsv"):
        csv.writer(text, delimiter=picks.one_of(",;\t"), escapechar="\\").writerows([names, *rows])
    else:
        text.writelines(f"{row[0]}\n" for row in rows)
    return suffix, text.getvalue().encode("utf-8", "surrogateescape") + picks.rest()


def _cell(picks: Picks, column: str) -> str:
    if column == "options" and picks.number(2):
        pairs = [
            f"{json.dumps(picks.text(OPTION_NAMES))}:{picks.json(('auto', 'back'))}" for _ in range(picks.number(3))
        ]
        return "{" + ",".join(pairs) + "}"
    return picks.text(CELLS.get(column, ("1", "")))


def _parquet(picks: Picks) -> bytes:
    """Make a Parquet table with columns of many types, then change some bytes."""
    fields, columns = [], []
    num_rows = 1 + picks.number(3)
    for name in ["path", *(picks.one_of(COLUMNS) for _ in range(picks.number(4)))]:
        kind = picks.one_of(TYPES)
        values = [_value(kind, _cell(picks, name)) if picks.number(8) < 7 else None for _ in range(num_rows)]
        columns.append(pyarrow.array(values, kind))
        fields.append(pyarrow.field(name, kind))
    file = io.BytesIO()
    compression = picks.one_of(("none", "snappy", "zstd"))
    pyarrow.parquet.write_table(
        pyarrow.Table.from_arrays(columns, schema=pyarrow.schema(fields)), file, compression=compression
    )
    content = bytearray(file.getvalue())
    for _ in range(picks.number(4)):
        # Half of them in the footer, which holds the positions of everything else.
        place = picks.number(256) * 256 + picks.number(256)
        content[-1 - place % min(len(content), 400) if picks.number(2) else place % len(content)] = picks.number(256)
    return bytes(content)


def _value(kind: Any, text: str) -> Any:
    """Convert a cell to the type of a pyarrow column."""
    clean = text.encode("utf-8", "replace")
    if pyarrow.types.is_binary(kind):
        return text.encode("utf-8", "surrogateescape")
    if pyarrow.types.is_integer(kind) or pyarrow.types.is_timestamp(kind):
        return int.from_bytes(clean[:7], "little")
    if pyarrow.types.is_list(kind):
        return [clean.decode()]
    if pyarrow.types.is_struct(kind):
        return {"x": clean.decode()}
    return None if pyarrow.types.is_null(kind) else clean.decode()


def one_input(data: bytes) -> None:
    """Check that all items have results inside the output folder and options that a batch can store and apply."""
    suffix, content = compose(data)
    path = FOLDER / f"list{suffix}"
    path.write_bytes(content)
    with bounded_memory(MAX_LIST_FACTOR * len(content) + LIST_ALLOWANCE_BYTES), refusals():
        for item in islice(read_list(path), MAX_ITEMS):
            _check_item(item)


def _check_item(item: Item) -> None:
    assert item.source
    assert item.place.startswith(str(FOLDER))
    assert _is_below(RESULTS / item.output), item.output
    assert json.loads(json.dumps(item.options)) == item.options
    options = apply_options(MeshOptions(), item.options, item.boxes)
    if options.num_faces <= MAX_PLANNED_FACES:
        plan = plan_item(RESULTS, Path(item.source), item.output, options)
        assert all(map(_is_below, (*plan.paths, *([plan.overlay] if plan.overlay else [])))), plan


def _is_below(path: Path) -> bool:
    return Path(os.path.normpath(path)).is_relative_to(RESULTS) and Path(os.path.normpath(path)) != RESULTS
