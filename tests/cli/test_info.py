from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from facestream import write_stream
from facestream.cli import main
from facestream.errors import StreamFormatError
from facestream.inspection import describe_stream
from tests.ssi.streams import header, write_pair


def test_a_stream_of_boxes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = np.array([[0.1, 0.2, 0.5, 0.6, 0.75], [0, 0, 1, 1, 0], [0.3, 0.2, 0.7, 0.6, 0.5]], np.float32)
    path = tmp_path / "a.stream"
    write_stream(path, rows, 25, media_type="feature;face;boundingbox;blazeface", meta={"size": "640:360"})
    assert main(["info", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"file         {path}",
        "rows         3, with 5 columns",
        "rate         25.000 Hz, 0.12 s",
        "samples      BINARY FLOAT, 0.00 MB",
        "media type   feature;face;boundingbox;blazeface",
        "size         640:360",
        "face         in 2 rows (66.7 %)",
        "ymin         0.1 to 0.3, mean 0.2",
        "xmin         0.2 to 0.2, mean 0.2",
        "ymax         0.5 to 0.7, mean 0.6",
        "xmax         0.6 to 0.6, mean 0.6",
        "confidence   0.5 to 0.75, mean 0.625",
    ]


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = np.zeros((4, 937), np.float32)
    rows[1] = np.tile([0.25, 0.5], 469)[:937]
    write_stream(tmp_path / "a.stream", rows, 30, media_type="feature;face;landmarks;facemesh")
    assert main(["info", str(tmp_path / "a.stream"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["columns"], told["rate_hz"], told["seconds"]) == (4, 937, 30, pytest.approx(4 / 30))
    assert (told["rows_with_face"], told["type"], told["ftype"]) == (1, "FLOAT", "BINARY")
    assert told["ranges"]["y"] == {"min": 0.25, "max": 0.25, "mean": 0.25, "not_finite": 0}
    assert told["ranges"]["x"]["mean"] == 0.5


def test_other_streams(tmp_path: Path) -> None:
    write_stream(tmp_path / "a.stream", np.array([[1, 2], [np.nan, 4], [3, np.inf]]), 2)
    told = describe_stream(tmp_path / "a.stream")
    assert told.num_rows_with_face is None
    first, second = told.ranges.values()
    assert (first.minimum, first.maximum, first.mean, first.num_not_finite) == (1, 3, 2, 1)
    assert (second.minimum, second.maximum, second.mean, second.num_not_finite) == (2, 4, 3, 1)
    write_stream(tmp_path / "b.stream", np.ones((9000, 40), np.int16), 2)
    told = describe_stream(tmp_path / "b.stream")
    assert list(told.ranges) == ["all columns"]
    assert told.seconds == 4500


def test_large_numbers_have_a_mean(tmp_path: Path) -> None:
    write_stream(tmp_path / "a.stream", np.full((9000, 1), 1.7e308), 2)
    assert describe_stream(tmp_path / "a.stream").ranges["column_0"].mean == pytest.approx(1.7e308)


def test_a_header_alone_asks_for_nothing_large(tmp_path: Path) -> None:
    told = describe_stream(write_pair(tmp_path, header(dim=10_000_000, num=0), b""))
    assert list(told.ranges) == ["all columns"]
    with pytest.raises(StreamFormatError, match="dim='100000000' is out of range"):
        describe_stream(write_pair(tmp_path, header(dim=100_000_000, num=0), b""))


def test_nothing_to_measure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_pair(tmp_path, header(num=0), b"")
    assert main(["info", str(path)]) == 0
    assert "column_0     no finite values" in capsys.readouterr().out
    assert main(["info", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ranges"]["column_0"]["min"] is None


def test_ascii_in_chunks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = header(ftype="ASCII", type="INT", num=1).replace("</stream>", '<chunk num="1"/></stream>')
    path = write_pair(tmp_path, text, b"1 2 3\n4 5 6\n")
    assert main(["info", str(path)]) == 0
    out = capsys.readouterr().out
    assert "rows         2 in 2 chunks, with 3 columns" in out
    assert "samples      ASCII INT\n" in out


def test_several_streams(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "c"):
        write_stream(tmp_path / f"{name}.stream", np.ones((2, 1)), 2)
    paths = [str(tmp_path / f"{name}.stream") for name in "abc"]
    assert main(["info", *paths, "--json"]) == 1
    told = capsys.readouterr()
    assert [json.loads(line)["file"] for line in told.out.splitlines()] == [paths[0], paths[2]]
    assert "b.stream: the stream cannot be read (No such file or directory)" in told.err
    assert main(["info", paths[0], paths[2]]) == 0
    assert capsys.readouterr().out.count("2, with 1 columns") == 2
    assert main(["info"]) == 2


def test_attributes_of_any_name_and_what_terminals_obey(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    meta = {"rows": "7", "file": "x", "note": "a\x85b\u202ec", "name": "Müller 顔"}
    write_stream(tmp_path / "a.stream", np.ones((2, 1)), 2, meta=meta)
    assert main(["info", str(tmp_path / "a.stream")]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["rows"] == "2, with 1 columns"
    assert (lines["@rows"], lines["@file"], lines["name"]) == ("7", "x", "Müller 顔")
    assert lines["note"] == "a\\x85b\\u202ec"


@pytest.mark.parametrize(
    ("shape", "dtype", "media_type"),
    [
        ((8, 1_000_000), np.uint8, ""),
        ((1, 1_000_001), np.float64, "feature;face;landmarks"),
        ((2_000_000, 4), np.uint8, "feature;face;boundingbox"),
    ],
)
def test_memory_is_that_of_a_block(tmp_path: Path, shape: tuple[int, int], dtype: type, media_type: str) -> None:
    write_stream(tmp_path / "a.stream", np.ones(shape, dtype), 25, media_type=media_type)
    tracemalloc.start()
    told = describe_stream(tmp_path / "a.stream")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert all(values.mean == 1 for values in told.ranges.values())
    assert peak < 8_000_000 * 2, "beside what a row takes"
