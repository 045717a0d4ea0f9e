"""Fuzzer for archives and tables: every input is a .npz or .csv file and the format to convert it to."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from fuzzing import Picks, bounded_memory, refusals, scratch_folder

from facestream.formats.contents import content_of
from facestream.ssi.columns import column_names
from facestream.ssi.header import WRITTEN_TYPES
from facestream.tables.archive import read_archive, read_meta
from facestream.tables.detection_csv import DETECTION_CSV_COLUMNS
from facestream.tables.mesh_csv import MESH_CSV_COLUMNS
from facestream.tables.table import Table
from facestream.topology import NUM_LANDMARKS
from facestream.use_cases.conversion import convert

__all__ = ["SEEDS", "one_input"]

FOLDER = scratch_folder("archives")

BLOCK_ALLOWANCE_BYTES = 4_000_000
"""Memory allowed besides a small multiple of the file size, for a block of rows and the buffers of writers."""
MAX_FILE_FACTOR = 20

SHAPES: dict[str, dict[str, tuple[str, tuple[int, ...]]]] = {
    "samples": {"data": ("<f4", (5,))},
    "detections": {"boxes": ("<f4", (4,)), "keypoints": ("<f4", (6, 2)), "scores": ("<f4", ())},
    "meshes": {
        "landmarks": ("<f4", (1, NUM_LANDMARKS, 3)),
        **dict.fromkeys(("presence", "scores"), ("<f4", (1,))),
        "boxes": ("<f4", (1, 4)),
        "keypoints": ("<f4", (1, 6, 2)),
    },
}
FRAME_SHAPES: dict[str, tuple[str, tuple[int, ...]]] = {
    "frames": ("<i8", ()),
    "sizes": ("<i4", (2,)),
    "timestamps_s": ("<f8", ()),
}
"""Type and shape of one row of each array."""

TYPES = ("<f4", "<f8", ">f4", "<i8", "<u2", "?", "<c8", "<U3", "|S4", "<M8[s]", "<f2", "|V3")
RATES = ("25", "29.97", "1e-9", "0", "NaN", "1" + "0" * 400, "1e300", "true", '"25"')
MEDIA_TYPES = ("feature;face;boundingbox", "feature;face;landmarks", "", '<&"', "a\nb", "\0")
NUMBERS = (
    "0",
    "1",
    "0.25",
    "",
    "-1",
    "1e39",
    "nan",
    "inf",
    "2147483648",
    "x",
    "1" * 5000,
    "9e18",
    "1_0",
    "-99999999999999999999",
)

SEEDS = [
    *(
        bytes([form, target, kind, *picks])
        for form in (2, 3)
        for target in range(3)
        for kind in range(3)
        for picks in ((), (1, 2))
    ),
    *(
        bytes([form, target, 0, *(step * k % 256 for k in range(80))])
        for form in (2, 3)
        for target in range(3)
        for step in (1, 5, 9)
    ),
    b'\1\0time_s,a,meta\n0.0,1.0,"{""rate_hz"": 25, ""type"": ""FLOAT""}"\n',
]
"""Templates of archives and tables of all kinds, and the text of a table."""


def compose(data: bytes) -> tuple[str, str, bytes]:
    """Return the suffixes of the source and the target, and the content of the source: raw, or from a template."""
    picks = Picks(data)
    how = picks.number(4)
    target = picks.one_of((".stream", ".npz", ".csv"))
    if how < 2:
        return (".npz", ".csv")[how], target, picks.rest()
    kind = picks.one_of(sorted(SHAPES))
    return (".npz", target, _archive(picks, kind)) if how == 2 else (".csv", target, _table(picks, kind))


def _meta(picks: Picks) -> str:
    values = {
        "rate_hz": picks.one_of(RATES),
        "type": json.dumps(picks.text(("FLOAT", *WRITTEN_TYPES))),
        "media_type": picks.json(MEDIA_TYPES),
        "meta": picks.one_of(("{}", '{"size":"8:8"}', '{"a":"b\\nc"}', '{"":""}', '{"num":"\\u0000"}', "[]", "{")),
        "options": picks.one_of(('{"missing":"repeat"}', "{}", "[]", '{"missing":[]}')),
    }
    for _ in range(picks.number(3)):
        values[picks.one_of(sorted(values))] = picks.json(("x",))
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in values.items()) + "}"


def _archive(picks: Picks, kind: str) -> bytes:
    """Make an archive of matching arrays, with perhaps one array replaced and some bytes changed."""
    num_rows = picks.one_of((1, 2, 3, 0))
    wanted = {**SHAPES[kind], **({} if kind == "samples" else FRAME_SHAPES)}
    arrays = {name: _array(picks, dtype, (num_rows, *shape)) for name, (dtype, shape) in wanted.items()}
    if kind != "samples":
        arrays["detected"] = np.resize([True, False], (num_rows, 1) if kind == "meshes" else num_rows)
    if picks.number(4) == 3:
        name = picks.one_of(sorted(arrays))
        shape = arrays[name].shape
        other = picks.one_of((shape, shape[:-1], (*shape, 2), (num_rows, 70_000), (num_rows, 0)))
        arrays[name] = np.zeros(other, picks.one_of(TYPES))
    arrays["meta"] = np.array(_meta(picks))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return _changed(picks, file.getvalue())


def _array(picks: Picks, dtype: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    size = np.dtype(dtype).itemsize
    raw = picks.raw() if picks.number(2) else b""
    return np.resize(np.frombuffer(raw[: len(raw) // size * size] or struct.pack("<B7x", 1)[:size], dtype), shape)


def _table(picks: Picks, kind: str) -> bytes:
    dim = picks.one_of((5, 1, 4, 13))
    names = {
        "samples": ("time_s", *column_names("", dim)),
        "detections": DETECTION_CSV_COLUMNS,
        "meshes": MESH_CSV_COLUMNS,
    }
    columns = names[kind]
    rows = []
    for row in range(1 + picks.number(3)):
        cells = [str(row), str(row / 25), "8", "8", "1"] + ["0.5"] * len(columns)
        for _ in range(picks.number(4)):
            cells[picks.number(min(len(columns), 256))] = picks.text(NUMBERS)
        rows.append(",".join(cells[: len(columns)]) + ",")
    quoted = _meta(picks).replace('"', '""')
    text = "\n".join([",".join([*columns, "meta"]), *rows]) + f'"{quoted}"\n'
    return _changed(picks, text.encode("utf-8", "surrogateescape"))


def _changed(picks: Picks, content: bytes) -> bytes:
    """Change some bytes, half of them near the end, where an archive has its directory."""
    changed = bytearray(content)
    for _ in range(picks.number(4)):
        place = picks.number(256) * 256 + picks.number(256)
        changed[-1 - place % min(len(content), 600) if picks.number(2) else place % len(content)] = picks.number(256)
    return bytes(changed)


def one_input(data: bytes) -> None:
    """Check that readable files can be described and converted, and that converted files can be read."""
    suffix, target_suffix, content = compose(data)
    source, target = FOLDER / f"source{suffix}", FOLDER / f"target{target_suffix}"
    for path in FOLDER.iterdir():
        path.unlink()
    source.write_bytes(content)
    with bounded_memory(MAX_FILE_FACTOR * len(content) + BLOCK_ALLOWANCE_BYTES):
        found = content_of(source)
        with refusals():
            if suffix == ".npz":
                arrays = read_archive(source)
                assert sum(array.nbytes for array in arrays.values()) <= len(content) * len(arrays)
                assert not any(array.dtype.hasobject for array in arrays.values())
            _convert(source, target, found)
    assert not list(FOLDER.glob(".*")), "something was left behind"


def _convert(source: Path, target: Path, found: str | None) -> None:
    """Convert a file and, if the target preserves everything, convert it back."""
    written = convert(source, target)
    assert all(path.is_file() for path in written)
    made = content_of(target)
    assert made is not None
    if found is None or made != found or target.suffix == ".stream":
        return
    back = source.with_name(f"back{source.suffix}")
    convert(target, back)
    assert content_of(back) == found
    if source.suffix == ".npz":
        before, after = (read_archive(path) for path in (source, back))
        for name in set(before) & {"data", "frames", "sizes", "timestamps_s"}:
            np.testing.assert_array_equal(after[name], before[name])
        assert read_meta(back, after)["rate_hz"] == read_meta(source, before)["rate_hz"]
    else:
        assert len(list(Table(back).rows())) == len(list(Table(source).rows()))
