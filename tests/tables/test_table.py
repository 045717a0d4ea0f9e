from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from facestream.errors import SourceError
from facestream.tables.table import Table, TableWriter, cells_of

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def write(path: Path, rows: list[list[str]], meta: dict[str, object]) -> None:
    writer = TableWriter(path, ("a", "b"))
    for row in rows:
        writer.append(row)
    writer.complete(meta)
    writer.commit()
    writer.discard()


def test_the_bytes_of_a_table(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", [["1", "2"], ["3", ""]], {"note": 'x, "y"'})
    assert (tmp_path / "t.csv").read_text() == 'a,b,meta\n1,2,\n3,,"{""note"": ""x, \\""y\\""""}"\n'


@in_one_folder
@given(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 5), st.just(2))),
    st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.none())),
)
def test_numbers_and_meta_come_back(tmp_path: Path, values: npt.NDArray[np.float32], meta: dict[str, object]) -> None:
    write(tmp_path / "t.csv", [cells_of(row) for row in values], meta)
    table = Table(tmp_path / "t.csv")
    assert table.meta == meta
    assert table.columns == ("a", "b", "meta")
    back = np.array([table.numbers(cells[:-1]) for cells in table.rows()]).astype(np.float32)
    np.testing.assert_array_equal(back, values)


@in_one_folder
@given(
    st.one_of(st.binary(max_size=200), st.text(st.sampled_from('a,b"meta{}:1\n\r\0 '), max_size=200).map(str.encode))
)
def test_any_bytes_are_a_table_or_a_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with contextlib.suppress(SourceError):
        table = Table(tmp_path / "t.csv")
        for cells in table.rows():
            assert len(cells) == len(table.columns)
            table.numbers(cells)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not a table of facestream, whose last column is 'meta'"),
        ("a,b\n1,2\n", "not a table of facestream, whose last column is 'meta'"),
        ("a,b,meta\n1,2,\n", "the last row does not say in 'meta' how the table was made"),
        ('a,b,meta\n1,2,"[]"\n', "the last row does not say in 'meta' how the table was made"),
        ('a,b,meta\n1\n1,2,"{}"\n', r"t\.csv: line 2: 1 cells, but there are 3 columns"),
        ('a,b,meta\n1,x,"{}"\n', r"t\.csv: line 2: a cell is no number"),
        ('a,b,meta\n1,1e39,"{}"\n', r"line 2: a cell is no number \(out of the range of float32\)"),
    ],
)
def test_damaged_tables(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(SourceError, match=message):
        [table.numbers(cells[:-1]) for table in [Table(tmp_path / "t.csv")] for cells in table.rows()]
