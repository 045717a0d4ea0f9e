from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facestream.errors import OutputError, SourceError
from facestream.structures import FaceMeshes, FrameMeshes
from facestream.tables.mesh_records import FACE, FRAME, MeshRecordWriter, read_facts, read_mesh_records


def meshes(num_faces: int, seed: int) -> FaceMeshes:
    generator = np.random.default_rng(seed)
    return FaceMeshes(
        landmarks=generator.normal(size=(num_faces, 468, 3)),
        presence=generator.random(num_faces),
        scores=np.full(num_faces, np.nan),
        boxes=generator.normal(size=(num_faces, 4)),
        keypoints=generator.normal(size=(num_faces, 6, 2)),
        size=(64 + num_faces, 48),
    )


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.floats(-1e9, 1e9)), max_size=6))
def test_meshes_come_back_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, frames: list[tuple[int, int, float]]
) -> None:
    path = tmp_path_factory.mktemp("records") / "a.meshes"
    written = [
        (FrameMeshes(index, time_s, meshes(num_faces, index)), num_rows)
        for index, (num_faces, num_rows, time_s) in enumerate(frames)
    ]
    with MeshRecordWriter(path, {"device": "cpu"}) as writer:
        for result, num_rows in written:
            writer.write(result, num_rows)
        writer.commit()
    assert read_facts(path) == {"device": "cpu"}
    found = list(read_mesh_records(path))
    assert len(found) == len(written)
    for (result, num_rows), (other, other_rows) in zip(written, found, strict=True):
        assert (result.index, result.timestamp_s, result.size, num_rows) == (
            other.index,
            other.timestamp_s,
            other.size,
            other_rows,
        )
        for name in FACE.names or ():
            np.testing.assert_array_equal(getattr(result.meshes, name), getattr(other.meshes, name))


def test_nothing_is_left_without_a_commit(tmp_path: Path) -> None:
    with MeshRecordWriter(tmp_path / "a.meshes", {}) as writer:
        writer.write(FrameMeshes(0, 0.0, meshes(1, 0)), 1)
    assert list(tmp_path.iterdir()) == []


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.meshes"
    with MeshRecordWriter(path, {}) as writer:
        writer.write(FrameMeshes(0, 0.0, meshes(1, 0)), 1)
        writer.commit()
    data = path.read_bytes()
    assert len(data) == 3 + FRAME.itemsize + FACE.itemsize
    for end in (5, 3 + FRAME.itemsize, len(data) - 1):
        path.write_bytes(data[:end])
        with pytest.raises(SourceError, match="is damaged"):
            list(read_mesh_records(path))
    for head in (b"", b"{}", b"[1]\n", b"\xff\n"):
        path.write_bytes(head)
        with pytest.raises(SourceError, match="is damaged"):
            read_facts(path)
    with pytest.raises(SourceError, match="cannot be read"):
        read_facts(tmp_path / "none.meshes")
    with pytest.raises(OutputError):
        MeshRecordWriter(tmp_path / "none" / "a.meshes", {})
