from __future__ import annotations

import contextlib
import itertools
import logging
import tracemalloc
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from facestream import DetectOptions, FaceMeshes, MeshOptions, convert, read_stream, write_stream
from facestream.errors import FacestreamError, InputError, OptionError, OutputError, SourceError
from facestream.media.clock import FrameClock
from facestream.pipeline.face_mesh import FaceMeshPipeline
from facestream.ssi.header import WRITTEN_TYPES
from facestream.structures import FrameMeshes
from facestream.tables.mesh_npz import MeshNpzWriter
from facestream.use_cases.extraction import detect, extract

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


def bytes_of(folder: Path, name: str) -> list[bytes]:
    paths = [folder / name, folder / f"{name}~"] if name.endswith(".stream") else [folder / name]
    return [path.read_bytes() for path in paths]


@in_one_folder
@given(
    st.sampled_from(sorted(WRITTEN_TYPES)).flatmap(
        lambda name: hnp.arrays(WRITTEN_TYPES[name], hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6))
    ),
    st.floats(0.001, 1e4),
    st.sampled_from(["", "feature;face;boundingbox", 'a & "b" <ü>']),
    st.sampled_from([{}, {"size": "640:360"}, {"note": 'x, "y"\n'}]),
)
def test_any_stream_comes_back_with_the_same_bytes(
    tmp_path: Path, data: npt.NDArray[Any], rate_hz: float, media_type: str, meta: dict[str, str]
) -> None:
    for path in tmp_path.iterdir():
        path.unlink()
    write_stream(tmp_path / "a.stream", data, rate_hz, media_type=media_type, meta=meta)
    names = ["a.stream", "b.npz", "c.stream", "d.csv", "e.npz", "f.csv", "g.stream"]
    for source, target in itertools.pairwise(names):
        assert convert(tmp_path / source, tmp_path / target) == (tmp_path / target,)
    assert bytes_of(tmp_path, "c.stream") == bytes_of(tmp_path, "a.stream")
    if data.dtype.kind != "f" or not np.isnan(data).any():
        # Floats have many NaN; to a table they are one.
        assert bytes_of(tmp_path, "g.stream") == bytes_of(tmp_path, "a.stream")
    np.testing.assert_array_equal(read_stream(tmp_path / "g.stream").data, data)


def test_a_stream_as_a_table_for_people(tmp_path: Path) -> None:
    boxes = np.array([[0.1, 0.2, 0.5, 0.75, 1], [0, 0, 0, 0, 0]], np.float32)
    write_stream(tmp_path / "a.stream", boxes, 4, media_type="feature;face;boundingbox;blazeface")
    convert(tmp_path / "a.stream", tmp_path / "a.csv")
    first, second, last = (tmp_path / "a.csv").read_text().splitlines()
    assert first == "time_s,ymin,xmin,ymax,xmax,confidence,meta"
    assert second == "0.0,0.1,0.2,0.5,0.75,1.0,"
    assert last.startswith('0.25,0.0,0.0,0.0,0.0,0.0,"{""version""')
    convert(tmp_path / "a.stream", tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as archive:
        np.testing.assert_array_equal(archive["data"], boxes)
        assert archive["columns"].tolist() == ["ymin", "xmin", "ymax", "xmax", "confidence"]


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory, carphone: Path, pipeline: FaceMeshPipeline) -> Path:
    """What mesh and detect write of a clip, in all formats, a part of it without a face."""
    from tests.media.clips import write_clip

    folder = tmp_path_factory.mktemp("jobs")
    from facestream.media.source import open_source

    frames = [frame.image for frame, _ in zip(open_source(carphone), range(12), strict=False)]
    frames[3] = frames[8] = np.zeros_like(frames[3])
    clip = write_clip(folder / "clip.mp4", frames, rate=Fraction(30000, 1001))
    formats = ("stream", "npz", "csv")
    extract(clip, None, MeshOptions(formats=formats, missing="repeat"), pipeline=pipeline)
    detect(clip, None, DetectOptions(formats=formats, device="cpu"))
    return folder


@pytest.mark.parametrize("kind", ["facemesh", "blazeface"])
def test_archives_and_tables_of_jobs_become_each_other(jobs: Path, tmp_path: Path, kind: str) -> None:
    npz, csv = jobs / f"clip.{kind}.npz", jobs / f"clip.{kind}.csv"
    assert np.load(npz)["detected"].sum() == 10
    convert(npz, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == csv.read_bytes()
    convert(csv, tmp_path / "a.npz")
    first, second = np.load(npz), np.load(tmp_path / "a.npz")
    assert first.files == second.files
    for name in first.files:
        assert first[name].dtype == second[name].dtype
        assert first[name].tobytes() == second[name].tobytes(), name


@pytest.mark.parametrize(
    ("table", "streams"),
    [
        ("facemesh", ["clip.facemesh.stream"]),
        ("blazeface", ["clip.boundingbox.stream", "clip.keypoints.stream"]),
        ("blazeface", ["clip.keypoints.stream", "clip.boundingbox.stream"]),
    ],
)
@pytest.mark.parametrize("extension", ["npz", "csv"])
def test_streams_of_tables_are_those_of_the_job(
    jobs: Path, tmp_path: Path, table: str, streams: list[str], extension: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        written = convert(jobs / f"clip.{table}.{extension}", tmp_path / streams[0])
    assert sorted(path.name for path in written) == sorted(streams)
    for name in streams:
        assert bytes_of(tmp_path, name) == bytes_of(jobs, name)
    assert "a stream has no room for" in caplog.text


def test_several_faces_are_several_streams(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    writer, clock = MeshNpzWriter(tmp_path / "a.npz", 2), FrameClock(Fraction(25), 0)
    for k, count in enumerate([2, 0, 1]):
        meshes = FaceMeshes(
            random.random((count, 468, 3)) * 50,
            random.random(count),
            random.random(count),
            random.random((count, 4)),
            random.random((count, 6, 2)),
            (64, 48 + k),
        )
        clock.add(k / 25)
        writer.write(FrameMeshes(k, k / 25, meshes))
    writer.finish(clock, {"rate_hz": 25.0})
    writer.commit()
    writer.discard()
    (tmp_path / "b.face2.stream").write_text("my notes")
    with pytest.raises(OutputError, match=r"b\.face2\.stream: the file exists and was not written by facestream"):
        convert(tmp_path / "a.npz", tmp_path / "b.stream")
    assert not (tmp_path / "b.stream").exists()
    (tmp_path / "b.face2.stream").unlink()
    paths = convert(tmp_path / "a.npz", tmp_path / "b.stream")
    assert paths == (tmp_path / "b.stream", tmp_path / "b.face2.stream")
    assert [(read_stream(path).data[:, -1] > 0).tolist() for path in paths] == [
        [True, False, True],
        [True, False, False],
    ]
    convert(tmp_path / "a.npz", tmp_path / "b.csv")
    convert(tmp_path / "b.csv", tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_what_cannot_be_converted(tmp_path: Path) -> None:
    write_stream(tmp_path / "a.stream", np.ones((2, 2)), 25)
    with pytest.raises(OptionError, match=r"a\.mp4: must end in \.stream, \.npz, \.csv"):
        convert(tmp_path / "a.mp4", tmp_path / "a.csv")
    with pytest.raises(OptionError, match=r"a\.txt: must end in"):
        convert(tmp_path / "a.stream", tmp_path / "a.txt")
    with pytest.raises(SourceError, match=r"b\.stream: the stream cannot be read"):
        convert(tmp_path / "b.stream", tmp_path / "b.csv")
    with pytest.raises(OutputError, match="the output would replace its own input"):
        convert(tmp_path / "a.stream", tmp_path / "a.stream")
    with pytest.raises(OutputError, match="there is no such output folder"):
        convert(tmp_path / "a.stream", tmp_path / "absent" / "a.csv")
    (tmp_path / "notes.csv").write_text("my notes")
    with pytest.raises(OutputError, match="was not written by facestream"):
        convert(tmp_path / "a.stream", tmp_path / "notes.csv")
    with pytest.raises(SourceError, match="not a table of facestream, whose last column is 'meta'"):
        convert(tmp_path / "notes.csv", tmp_path / "c.npz")
    np.savez(tmp_path / "d.npz", data=np.ones((2, 2)))
    with pytest.raises(SourceError, match="there is no text 'meta' in it"):
        convert(tmp_path / "d.npz", tmp_path / "d.csv")
    write_stream(tmp_path / "e.stream", np.ones((0, 2)), 25)
    with pytest.raises(InputError, match="the stream has no samples"):
        convert(tmp_path / "e.stream", tmp_path / "e.csv")
    assert not (tmp_path / "e.csv").exists()


TARGETS = ("b.npz", "b.csv", "b.stream")


@pytest.mark.parametrize("name", ["clip.facemesh", "clip.blazeface"])
def test_damaged_archives_and_tables(jobs: Path, tmp_path: Path, name: str) -> None:
    table = (jobs / f"{name}.csv").read_bytes()
    archive = (jobs / f"{name}.npz").read_bytes()
    lines = table.splitlines(keepends=True)
    damaged = [
        ("a.csv", b"".join(lines[:-1])),
        ("a.csv", lines[0] + lines[-1][:-40]),
        ("a.csv", b"".join([*lines[:2], lines[2].replace(b",", b"", 1), *lines[3:]])),
        ("a.csv", b"".join([*lines[:2], lines[2].replace(b".", b"x", 1), *lines[3:]])),
        ("a.csv", b"".join([lines[0], b"\xff" + lines[1], *lines[2:]])),
        ("a.csv", table[: len(table) // 2]),
        ("a.csv", lines[0]),
        ("a.csv", b""),
        ("a.npz", archive[: len(archive) // 2]),
        ("a.npz", b""),
    ]
    for source, content in damaged:
        (tmp_path / source).write_bytes(content)
        for target in TARGETS:
            with pytest.raises(SourceError, match=source):
                convert(tmp_path / source, tmp_path / target)
        (tmp_path / source).unlink()
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["clip.facemesh", "clip.blazeface"])
def test_any_wrong_byte_is_found_or_does_no_harm(jobs: Path, tmp_path: Path, name: str) -> None:
    random = np.random.default_rng(1)
    for source in ("a.csv", "a.npz"):
        content = (jobs / f"{name}.{source[2:]}").read_bytes()
        for _ in range(150):
            changed = bytearray(content)
            # Headers and ends are where the bytes mean most.
            place = int(random.choice([random.integers(600), len(content) - 1 - random.integers(1500)]))
            changed[place] = random.integers(256)
            (tmp_path / source).write_bytes(changed)
            for target in TARGETS:
                with contextlib.suppress(FacestreamError):
                    for path in convert(tmp_path / source, tmp_path / target):
                        # What was written can be read again.
                        back = tmp_path / ("c.csv" if path.suffix == ".npz" else "c.npz")
                        assert convert(path, back) == (back,)
                        back.unlink()
            assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("facemesh", {"detected": np.empty((0, 10**9), bool)}, "'landmarks' is float32"),
        ("facemesh", {"detected": np.empty((12, 0), bool)}, "there is no face in it"),
        ("facemesh", {"sizes": np.zeros((12, 2), np.int32)}, "a row's frame has a width or height below 1"),
        ("blazeface", {"sizes": np.zeros((12, 2), np.int32)}, "a row's frame has a width or height below 1"),
        ("blazeface", {"sizes": np.full((12, 2), 2**31)}, "a row's frame has a width or height .* of 2\\^31 or more"),
        ("blazeface", {"boxes": np.zeros((12, 4), "U1")}, "'boxes' is <U1"),
    ],
)
def test_archives_that_no_job_wrote(
    jobs: Path, tmp_path: Path, name: str, changes: dict[str, npt.NDArray[Any]], message: str
) -> None:
    np.savez(tmp_path / "a.npz", **{**np.load(jobs / f"clip.{name}.npz"), **changes})
    for target in TARGETS:
        with pytest.raises(SourceError, match=message):
            convert(tmp_path / "a.npz", tmp_path / target)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


@pytest.mark.parametrize("name", ["facemesh", "blazeface"])
def test_an_archive_without_rows(jobs: Path, tmp_path: Path, name: str) -> None:
    arrays = dict(np.load(jobs / f"clip.{name}.npz"))
    kept = ("meta", "size")
    np.savez(tmp_path / "a.npz", **{key: a if key in kept else a[:0] for key, a in arrays.items()})
    for target in TARGETS:
        with pytest.raises(SourceError, match="there is no row in it"):
            convert(tmp_path / "a.npz", tmp_path / target)


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble])
def test_types_that_no_stream_holds(tmp_path: Path, dtype: type) -> None:
    meta = np.array('{"rate_hz": 25.0}')
    np.savez(tmp_path / "a.npz", data=np.ones((3, 2), dtype), meta=meta)
    for target in TARGETS:
        with pytest.raises(SourceError, match=r"'data' is float\d+ \(3, 2\), which no stream can hold"):
            convert(tmp_path / "a.npz", tmp_path / target)


@pytest.mark.parametrize("rate", ["1" + "0" * 400, "NaN", "0", "true"])
def test_rates_that_cannot_be(tmp_path: Path, rate: str) -> None:
    np.savez(tmp_path / "a.npz", data=np.ones((3, 2)), meta=np.array(f'{{"rate_hz": {rate}}}'))
    for target in TARGETS:
        with pytest.raises(SourceError, match=r"'meta' names no rate_hz above 0, but .{,80}$"):
            convert(tmp_path / "a.npz", tmp_path / target)


def test_numbers_that_are_rare(jobs: Path, tmp_path: Path) -> None:
    """Signalling NaN in an archive, and in a table a frame before the first one."""
    arrays = dict(np.load(jobs / "clip.blazeface.npz"))
    arrays["keypoints"] = np.full_like(arrays["keypoints"].view(np.uint32), 0x7FA00000).view(np.float32)
    np.savez(tmp_path / "a.npz", **arrays)
    convert(tmp_path / "a.npz", tmp_path / "b.csv")
    lines = (tmp_path / "b.csv").read_text().splitlines(keepends=True)
    for number in ("-1", "-99999999999999999999"):
        (tmp_path / "c.csv").write_text("".join([lines[0], number + lines[1].removeprefix("0"), *lines[2:]]))
        with pytest.raises(SourceError, match=f"line 2: does not say which frame it is of .*, frame {number}"):
            convert(tmp_path / "c.csv", tmp_path / "d.npz")


def test_long_attributes(tmp_path: Path) -> None:
    write_stream(tmp_path / "a.stream", np.ones((2, 2)), 25, meta={"note": "n" * 200_000})
    for source, target in itertools.pairwise(["a.stream", "b.csv", "c.npz", "d.stream"]):
        convert(tmp_path / source, tmp_path / target)
    assert bytes_of(tmp_path, "d.stream") == bytes_of(tmp_path, "a.stream")
    write_stream(tmp_path / "a.stream", np.ones((2, 2)), 25, meta={"note": "n" * 2_000_000})
    for target in ("e.csv", "e.npz"):
        with pytest.raises(InputError, match=r"2000\d\d\d bytes of attributes, where an? (table|archive) has room for"):
            convert(tmp_path / "a.stream", tmp_path / target)
        assert not (tmp_path / target).exists()


def test_a_table_has_room_for_so_many_columns(tmp_path: Path) -> None:
    write_stream(tmp_path / "a.stream", np.ones((1, 70_000), np.uint8), 25)
    with pytest.raises(InputError, match=r"70000 columns, where a table has room for 65536; take \.npz"):
        convert(tmp_path / "a.stream", tmp_path / "a.csv")
    convert(tmp_path / "a.stream", tmp_path / "a.npz")
    convert(tmp_path / "a.npz", tmp_path / "b.stream")
    assert bytes_of(tmp_path, "b.stream") == bytes_of(tmp_path, "a.stream")


@pytest.mark.parametrize("target", ["b.npz", "b.csv"])
def test_converting_takes_memory_for_a_block_only(tmp_path: Path, target: str) -> None:
    num_bytes = 8_000_000
    write_stream(tmp_path / "a.stream", np.ones((num_bytes // 40_000, 40_000), np.uint8), 25)
    tracemalloc.start()
    convert(tmp_path / "a.stream", tmp_path / target)
    convert(tmp_path / target, tmp_path / "c.stream")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < num_bytes, "of text a byte takes sixty"
    assert bytes_of(tmp_path, "c.stream") == bytes_of(tmp_path, "a.stream")


def test_a_poorer_file_does_not_replace_a_richer_one(jobs: Path, tmp_path: Path) -> None:
    for name in ("clip.facemesh.stream", "clip.facemesh.stream~", "clip.facemesh.csv", "clip.facemesh.npz"):
        (tmp_path / name).write_bytes((jobs / name).read_bytes())
    for extension in ("csv", "npz"):
        with pytest.raises(OutputError, match=r"holds face meshes, which .* in 937 columns would replace"):
            convert(tmp_path / "clip.facemesh.stream", tmp_path / f"clip.facemesh.{extension}")
    convert(tmp_path / "clip.facemesh.stream", tmp_path / "rows.csv")
    convert(tmp_path / "clip.facemesh.stream", tmp_path / "rows.csv")


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("clip.facemesh.npz", "a.boundingbox.stream"),
        ("clip.facemesh.csv", "a.keypoints.stream"),
        ("clip.blazeface.npz", "a.facemesh.stream"),
    ],
)
def test_a_name_that_says_something_else(jobs: Path, tmp_path: Path, source: str, target: str) -> None:
    with pytest.raises(OptionError, match="in the name says something else than what is in it"):
        convert(jobs / source, tmp_path / target)
    assert list(tmp_path.iterdir()) == []
