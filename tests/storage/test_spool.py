from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from facestream.errors import OutputError
from facestream.storage.spool import ArraySpool


def test_values_come_back_as_rows() -> None:
    with ArraySpool(np.dtype("<f4")) as spool:
        spool.append(np.arange(5))
        spool.append(np.empty(0))
        spool.append(np.array([[5], [6], [7]]))
        rows = spool.to_array(4)
    np.testing.assert_array_equal(rows, [[0, 1, 2, 3], [4, 5, 6, 7]])
    assert rows.dtype == np.float32


def test_no_values() -> None:
    with ArraySpool(np.dtype(bool)) as spool:
        assert spool.to_array(3).shape == (0, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
def test_no_room_for_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**settings: Any) -> IO[bytes]:
        return io.FileIO("/dev/full", "r+")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with (
        ArraySpool(np.dtype("<f4")) as spool,
        pytest.raises(OutputError, match=r"temporary files cannot be written \(No space left on device\); set TMPDIR"),
    ):
        spool.append(np.ones(3))


def test_no_folder_for_temporary_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(OutputError, match="absent: the folder of temporary files cannot be written"):
        ArraySpool(np.dtype("<f4"))
