"""The three formats of the mesh job hold the same numbers."""

from __future__ import annotations

import csv
import json
import unittest.mock
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facestream.errors import OutputError
from facestream.formats.row_writer import RowWriter
from facestream.media.clock import FrameClock
from facestream.ssi.columns import mesh_row
from facestream.ssi.mesh_streams import MeshStreamWriter
from facestream.ssi.stream import read_stream
from facestream.structures import FaceMeshes, FrameMeshes
from facestream.tables.mesh_csv import MESH_CSV_COLUMNS, MeshCsvWriter
from facestream.tables.mesh_npz import MeshNpzWriter

SIZE = (64, 48)
COUNTS = [0, 2, 1, 0, 2]
"""Faces in each frame."""


def meshes(count: int, seed: int) -> FaceMeshes:
    random = np.random.default_rng(seed)
    return FaceMeshes(
        landmarks=random.normal(30, 20, (count, 468, 3)),
        presence=random.random(count),
        scores=random.random(count),
        boxes=random.normal(30, 20, (count, 4)),
        keypoints=random.normal(30, 20, (count, 6, 2)),
        size=SIZE,
    )


RESULTS = [meshes(count, seed) for seed, count in enumerate(COUNTS)]
ROWS = [FrameMeshes(k, k / 25 + 1e-7, result) for k, result in enumerate(RESULTS)]


def write(writer: RowWriter[FrameMeshes]) -> None:
    clock = FrameClock(Fraction(25), 1e-3)
    for row in ROWS:
        clock.add(row.timestamp_s)
        writer.write(row)
    writer.finish(clock, {"version": "x", "complete": True})
    assert not any(path.exists() for path in writer.paths)
    writer.commit()
    writer.discard()


def test_npz(tmp_path: Path) -> None:
    write(MeshNpzWriter(tmp_path / "a.npz", num_faces=2))
    archive = np.load(tmp_path / "a.npz", allow_pickle=False)
    shapes = {name: archive[name].shape for name in archive.files}
    assert shapes == {
        "landmarks": (5, 2, 468, 3),
        "presence": (5, 2),
        "scores": (5, 2),
        "detected": (5, 2),
        "boxes": (5, 2, 4),
        "keypoints": (5, 2, 6, 2),
        "frames": (5,),
        "sizes": (5, 2),
        "timestamps_s": (5,),
        "size": (2,),
        "meta": (),
    }
    assert archive["size"].tolist() == [64, 48]
    assert archive["sizes"].tolist() == [[64, 48]] * 5
    assert archive["frames"].tolist() == [0, 1, 2, 3, 4]
    assert json.loads(str(archive["meta"])) == {"version": "x", "complete": True}
    assert archive["timestamps_s"].tolist() == [row.timestamp_s for row in ROWS]
    assert archive["detected"].dtype == bool
    assert archive["detected"].sum(axis=1).tolist() == COUNTS
    for name in ("landmarks", "presence", "scores", "boxes", "keypoints"):
        assert archive[name].dtype == np.float32
        for k, result in enumerate(RESULTS):
            np.testing.assert_array_equal(archive[name][k, : COUNTS[k]], getattr(result, name).astype(np.float32))
            assert np.isnan(archive[name][k, COUNTS[k] :]).all()
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_csv_reads_back_to_the_archive(tmp_path: Path) -> None:
    write(MeshNpzWriter(tmp_path / "a.npz", num_faces=2))
    write(MeshCsvWriter(tmp_path / "a.csv", num_faces=2))
    archive = np.load(tmp_path / "a.npz")
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10
    assert tuple(rows[0]) == (*MESH_CSV_COLUMNS, "meta")
    assert MESH_CSV_COLUMNS[:5] == ("frame", "time_s", "width", "height", "face")
    assert MESH_CSV_COLUMNS[-3:] == ("x_467", "y_467", "z_467")
    assert [row["meta"] for row in rows[:-1]] == [""] * 9
    assert json.loads(rows[-1]["meta"]) == {"version": "x", "complete": True}
    for number, row in enumerate(rows):
        frame, face = divmod(number, 2)
        assert (int(row["frame"]), int(row["face"])) == (frame, face + 1)
        assert float(row["time_s"]) == archive["timestamps_s"][frame]
        assert (row["width"], row["height"]) == ("64", "48")
        cells = list(row.values())[5:-1]
        if not archive["detected"][frame, face]:
            assert not any(cells)
            continue
        values = np.array([float(cell) for cell in cells]).astype(np.float32)
        assert values[0] == archive["presence"][frame, face]
        assert values[1] == archive["scores"][frame, face]
        np.testing.assert_array_equal(values[2:6], archive["boxes"][frame, face])
        np.testing.assert_array_equal(values[6:18].reshape(6, 2), archive["keypoints"][frame, face])
        np.testing.assert_array_equal(values[18:].reshape(468, 3), archive["landmarks"][frame, face])


@pytest.mark.parametrize("missing", ["zero", "nan", "repeat"])
def test_streams_one_a_face(tmp_path: Path, missing: str) -> None:
    paths = (tmp_path / "a.stream", tmp_path / "a.face2.stream")
    write(MeshStreamWriter(paths, missing))
    for face, path in enumerate(paths):
        stream = read_stream(path)
        assert (stream.media_type, stream.size, stream.rate_hz) == ("feature;face;landmarks;facemesh", SIZE, 25)
        assert stream.data.shape == (5, 937)
        assert stream.data.dtype == np.float32
        last = np.zeros(936, np.float32)
        for k, result in enumerate(RESULTS):
            row = stream.data[k]
            if face < COUNTS[k]:
                expected = mesh_row(result.landmarks[face], result.presence[face], SIZE)
                np.testing.assert_array_equal(row, expected)
                last = expected[:-1]
            else:
                assert row[-1] == 0
                absent = {"zero": np.zeros(936), "nan": np.full(936, np.nan), "repeat": last}[missing]
                np.testing.assert_array_equal(row[:-1], absent.astype(np.float32))


def test_discarding_on_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = MeshNpzWriter(tmp_path / "a.npz", 1)
    writer._spools["boxes"].close()
    full = unittest.mock.Mock(close=unittest.mock.Mock(side_effect=OSError(28, "No space left on device")))
    monkeypatch.setitem(writer._spools, "boxes", full)
    writer.discard()
    assert full.close.called
    assert list(tmp_path.iterdir()) == []


def test_too_many_faces_for_the_system_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def limited(self: Path, *arguments: Any, **options: Any) -> Any:
        if len(list(tmp_path.iterdir())) == 3:
            raise OSError(24, "Too many open files")
        return real(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", limited)
    with pytest.raises(OutputError, match="Too many open files"):
        MeshStreamWriter(tuple(tmp_path / f"{k}.stream" for k in range(9)), "zero")
    assert list(tmp_path.iterdir()) == []


def test_discarding_leaves_nothing(tmp_path: Path) -> None:
    writers: list[RowWriter[FrameMeshes]] = [
        MeshNpzWriter(tmp_path / "a.npz", 1),
        MeshCsvWriter(tmp_path / "a.csv", 1),
        MeshStreamWriter((tmp_path / "a.stream",), "zero"),
    ]
    for writer in writers:
        writer.write(ROWS[2])
        writer.finish(FrameClock(Fraction(25), 0.0), {})
        writer.discard()
    assert list(tmp_path.iterdir()) == []
