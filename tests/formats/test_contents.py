from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facestream import convert, write_stream
from facestream.formats.contents import BOX_STREAM, content_of


def test_streams_and_what_is_made_of_them(tmp_path: Path) -> None:
    boxes, rows = np.ones((2, 5), np.float32), np.ones((2, 3))
    write_stream(tmp_path / "a.stream", boxes, 25, media_type="feature;face;boundingbox;blazeface")
    write_stream(tmp_path / "b.stream", rows, 25)
    for name in ("a", "b"):
        convert(tmp_path / f"{name}.stream", tmp_path / f"{name}.npz")
        convert(tmp_path / f"{name}.npz", tmp_path / f"{name}.csv")
    found = {path.name: content_of(path) for path in sorted(tmp_path.iterdir()) if path.suffix != ".stream~"}
    plain = "samples in 3 columns"
    assert found == {
        "a.csv": BOX_STREAM,
        "a.npz": BOX_STREAM,
        "a.stream": BOX_STREAM,
        "b.csv": plain,
        "b.npz": plain,
        "b.stream": plain,
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.stream", "my notes"),
        ("a.stream", ""),
        ("a.stream", '<?xml version="1.0" ?>\n<stream ssi-v="2">\n    <info ftype="BINARY" sr="25" dim='),
        ("a.stream", '<stream ssi-v ="2">\n    <info ftype="BINARY" sr="25.000" dim="2" byte="8" />'),
        ("a.npz", "PK nothing"),
        ("a.csv", "name,age\n"),
        ("a.csv", "time_s,pupil,heart\n0,1,2\n"),
        ("a.csv", "time_s,pupil,meta\n0,1,2\n"),
        ("a.csv", "\ufeffbytes"),
    ],
)
def test_files_of_others(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    assert content_of(tmp_path / name) is None


def test_archives_of_others(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", landmarks=np.ones((2, 468, 3)))
    assert content_of(tmp_path / "a.npz") is None
    np.savez(tmp_path / "a.npz", meta=np.array("{}"), data=np.ones(3))
    assert content_of(tmp_path / "a.npz") is None
