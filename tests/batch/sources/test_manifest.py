"""Lists of sources: text files and tables."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facestream.batch.sources.items import Item
from facestream.batch.sources.manifest import read_list
from facestream.errors import FacestreamError, OptionError, SourceError


def items(path: Path, text: str, encoding: str = "utf-8") -> list[Item]:
    path.write_bytes(text.encode(encoding))
    return list(read_list(path))


def test_a_text_file_of_paths(tmp_path: Path) -> None:
    text = "# my clips\n\na.mp4\r\n  sub/b c.mkv  \n/data/a.b.mov\ns3://bucket/x.mp4\n"
    found = items(tmp_path / "list.txt", text, "utf-8-sig")
    assert [item.source for item in found] == [
        str(tmp_path / "a.mp4"),
        str(tmp_path / "sub/b c.mkv"),
        "/data/a.b.mov",
        "s3://bucket/x.mp4",
    ]
    assert [item.output for item in found] == ["a", "b c", "a.b", "x"]
    assert found[1].place == f"{tmp_path / 'list.txt'}, line 4"


@pytest.mark.parametrize(("name", "delimiter"), [("t.csv", ","), ("t.csv", ";"), ("t.tsv", "\t"), ("t.CSV", ",")])
def test_a_table(name: str, delimiter: str, tmp_path: Path) -> None:
    rows = [
        ["subject", "Path", "output", "boxes", "options"],
        ["1", "a.mp4", "s1/take 1", "boxes/a.stream", "faces=2"],
        ["2", "b.mp4", "", "", ""],
        [],
        ["3", "c,d.mp4", "x.npz"],
    ]
    with (tmp_path / name).open("w", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    first, second, third = read_list(tmp_path / name)
    assert (first.source, first.output) == (str(tmp_path / "a.mp4"), "s1/take 1")
    assert (first.boxes, first.options) == (str(tmp_path / "boxes/a.stream"), {"num_faces": 2})
    assert (second.output, second.boxes, second.options) == ("b", None, {})
    assert (third.source, third.output) == (str(tmp_path / "c,d.mp4"), "x.npz")
    assert third.place == f"{tmp_path / name}, line 5"


def test_names_may_hold_what_no_drive_is(tmp_path: Path) -> None:
    (item,) = items(tmp_path / "list.txt", "12:30 take.mp4\n")
    assert item.output == "12:30 take"


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table(
        {"path": ["a.mp4", "b.mp4"], "frames": [1, 2], "options": [None, "rate=25"], "output": ["x", None]}
    )
    parquet.write_table(table, tmp_path / "t.parquet")
    first, second = read_list(tmp_path / "t.parquet")
    assert (first.source, first.output, first.options) == (str(tmp_path / "a.mp4"), "x", {})
    assert (second.output, second.options, second.place) == ("b", {"rate_hz": 25.0}, f"{tmp_path / 't.parquet'}, row 2")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(SourceError, match="not a Parquet file, or a damaged one"):
        list(read_list(tmp_path / "bad.parquet"))
    parquet.write_table(pyarrow.table({"file": ["a"]}), tmp_path / "none.parquet")
    with pytest.raises(SourceError, match="there is no column 'path', the columns are: 'file'"):
        list(read_list(tmp_path / "none.parquet"))


def test_parquet_columns_of_other_types(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "t.parquet"
    columns = {"path": pyarrow.array([b"a.mp4"]), "output": pyarrow.array([17]), "boxes": pyarrow.nulls(1)}
    parquet.write_table(pyarrow.table({**columns, "path.x": ["other"]}), path)
    (item,) = read_list(path)
    assert (item.source, item.output, item.boxes) == (str(tmp_path / "a.mp4"), "17", None)
    parquet.write_table(pyarrow.table({"path": ["a.mp4"], "options": [{"a\nb": 1}]}), path)
    with pytest.raises(SourceError, match=r"the column 'options' holds 'struct<a\\nb.*', but text is required$"):
        list(read_list(path))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
@pytest.mark.parametrize("holds_rows", [False, True], ids=["an index alone", "rows too"])
def test_a_file_that_parquet_names_is_never_opened(holds_rows: bool, tmp_path: Path) -> None:
    """It is a pipe, for which a reader would wait for ever."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    os.mkfifo(tmp_path / "rows.parquet")
    rows, index = io.BytesIO(), io.BytesIO()
    parquet.write_table(pyarrow.table({"path": ["a.mp4", "b.mp4"]}), rows)
    metadata = parquet.read_metadata(rows)
    metadata.set_file_path(str(tmp_path / "rows.parquet"))
    metadata.write_metadata_file(index)
    # Both begin with PAR1, after which rows have their places.
    pages = rows.getvalue()[: -metadata.serialized_size - 8] if holds_rows else b"PAR1"
    path = tmp_path / "list.parquet"
    path.write_bytes(pages + index.getvalue()[4:])
    code = (
        "import sys, pathlib; from facestream.batch.sources.manifest import read_list;"
        "print(*read_list(pathlib.Path(sys.argv[1])), sep='\\n')"
    )
    run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, timeout=60, check=False)
    if holds_rows:
        assert len(run.stdout.splitlines()) == 2, run.stderr
    else:
        assert run.stderr.splitlines()[-1].endswith(
            f"SourceError: {path}: 2 rows are listed, but they are in other files, which are not opened; "
            "give a Parquet file that holds its rows itself"
        )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,output\na.mp4,b\n", r"t.csv: there is no column 'path', the columns are: 'file', 'output'; a table of"),
        ("", "the columns are: ''|the columns are: none"),
        ("path,output\n,b\n", "t.csv, line 2: there is no path in this row"),
        ("path,output\na.mp4,../b\n", r"t.csv, line 2: the output name '../b' is not a name inside the output folder"),
        ("path,output\na.mp4,/b\n", "line 2: the output name '/b'"),
        ("path,output\na.mp4,C:\\b\n", "line 2: the output name 'C:"),
        ("path,options\na.mp4,faces=x\n", "line 2: num_faces must be a number"),
    ],
)
def test_tables_that_cannot_be(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises((SourceError, OptionError), match=message):
        items(tmp_path / "t.csv", text)


def test_other_encodings_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not in UTF-8"):
        items(tmp_path / "t.csv", "path\nmüller.mp4\n", "latin-1")
    with pytest.raises(SourceError, match="the list cannot be read"):
        list(read_list(tmp_path / "none.csv"))


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=120) | st.text(max_size=80).map(lambda text: f"path,options\n{text}".encode()))
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt", ".parquet"])
def test_any_bytes_are_read_or_refused(suffix: str, data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(data)
    found: list[Any] = []
    reason = str(path)
    try:
        found += read_list(path)
    except FacestreamError as error:
        reason = str(error)
    assert str(path) in reason
    assert all(item.source and item.output for item in found)
