from __future__ import annotations

import contextlib
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from facestream.errors import SourceError
from facestream.tables.archive import ArchiveWriter, check_array, read_archive, read_meta

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@in_one_folder
@given(hnp.arrays(np.float32, st.tuples(st.integers(0, 4), st.just(3))), st.dictionaries(st.text(), st.text()))
def test_rows_and_meta_come_back(tmp_path: Path, values: npt.NDArray[np.float32], meta: dict[str, str]) -> None:
    path = tmp_path / "a.npz"
    writer = ArchiveWriter(path, {"data": ((3,), np.float32), "good": ((), bool)})
    for row in values:
        writer.append(data=row, good=True)
    writer.complete({"size": np.array([4, 5])}, meta)
    writer.commit()
    writer.discard()
    arrays = read_archive(path)
    np.testing.assert_array_equal(arrays["data"], values)
    assert arrays["good"].tolist() == [True] * len(values)
    assert read_meta(path, arrays) == meta
    with np.load(path) as archive:
        np.testing.assert_array_equal(archive["data"], values)
        np.testing.assert_array_equal(archive["size"], arrays["size"])


@in_one_folder
@given(st.binary(max_size=300), st.integers(0, 10**6), st.binary(min_size=1, max_size=8))
def test_any_bytes_are_an_archive_or_a_clear_error(tmp_path: Path, junk: bytes, place: int, patch: bytes) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, data=np.arange(6.0).reshape(2, 3), meta=np.array("{}"))
    whole = path.read_bytes()
    start = place % len(whole)
    for content in (junk, whole[:start] + patch + whole[start + len(patch) :]):
        path.write_bytes(content)
        with contextlib.suppress(SourceError):
            arrays = read_archive(path)
            read_meta(path, arrays)
            assert sum(array.nbytes for array in arrays.values()) <= len(content)


def test_what_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, data=np.zeros(10**6))
    with pytest.raises(SourceError, match=r"its arrays are packed; save it again with numpy\.savez"):
        read_archive(path)
    np.savez(path, data=np.array([{"a": 1}], dtype=object))
    with pytest.raises(SourceError, match=r"data\.npy holds objects"):
        read_archive(path)
    with pytest.raises(SourceError, match="the archive cannot be read"):
        read_archive(tmp_path / "absent.npz")


@pytest.mark.parametrize(
    ("dtype", "message"),
    [("<f8", "does not hold what its header promises"), ("|S0", "holds .*, which takes no bytes")],
)
def test_nothing_is_allocated_for_a_promise(tmp_path: Path, dtype: str, message: str) -> None:
    path = tmp_path / "a.npz"
    fields = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': (1000000000000,), }}"
    header = b"\x93NUMPY\x01\x00v\x00" + fields.encode().ljust(117)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.npy", header + b"\n" + bytes(80 if dtype == "<f8" else 0))
    tracemalloc.start()
    with pytest.raises(SourceError, match=rf"data\.npy {message}"):
        read_archive(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_nothing_is_allocated_for_a_long_header(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.npy", b"\x93NUMPY\x02\x00" + (700_000_000).to_bytes(4, "little") + b"{}")
    tracemalloc.start()
    with pytest.raises(SourceError, match=r"data\.npy has a damaged header"):
        read_archive(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize("order", "<>")
def test_texts_of_either_byte_order(tmp_path: Path, order: str) -> None:
    meta = np.array('{"a": "ü"}').astype(f"{order}U12")
    assert read_meta(tmp_path, {"meta": meta}) == {"a": "ü"}
    no_text = np.array([0x7FFFFFFF] * 12, f"{order}u4").view(f"{order}U12").reshape(())
    with pytest.raises(SourceError, match="'meta' is damaged"):
        read_meta(tmp_path, {"meta": no_text})


def test_arrays_are_checked(tmp_path: Path) -> None:
    arrays = {"a": np.zeros((2, 3))}
    assert check_array(tmp_path, arrays, "a", (None, 3), "f") is arrays["a"]
    with pytest.raises(SourceError, match="there is no array 'b' in it"):
        check_array(tmp_path, arrays, "b", (), "f")
    with pytest.raises(SourceError, match=r"'a' is float64 \(2, 3\), where \(any, 4\) was expected"):
        check_array(tmp_path, arrays, "a", (None, 4), "f")
    with pytest.raises(SourceError, match="was expected"):
        check_array(tmp_path, arrays, "a", (2, 3), "i")
