from __future__ import annotations

import logging
import os
import tracemalloc
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from facestream.errors import InputError, OutputError, SourceError, StreamFormatError
from facestream.ssi.header import DTYPES, WRITTEN_TYPES
from facestream.ssi.stream import read_stream, write_stream
from facestream.ssi.writer import SsiStreamWriter
from facestream.use_cases.outputs.replacing import check_place
from tests.ssi.streams import header, write_pair

ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def test_the_bytes_of_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "a.stream"
    write_stream(
        path, ROWS, Fraction(30000, 1001), media_type="feature;face;landmarks;facemesh", meta={"size": "1280:720"}
    )
    assert path.read_text() == (
        '<?xml version="1.0" ?>\n'
        '<stream ssi-v="2">\n'
        '    <info ftype="BINARY" sr="29.97002997" dim="3" byte="4" type="FLOAT" delim=" " />\n'
        '    <meta type="feature;face;landmarks;facemesh" size="1280:720" />\n'
        '    <chunk from="0.000" to="0.133" byte="0" num="4" />\n'
        "</stream>\n"
    )
    assert (tmp_path / "a.stream~").read_bytes() == ROWS.astype("<f4").tobytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.stream", "a.stream~"]


@in_one_folder
@given(
    st.sampled_from(sorted(WRITTEN_TYPES)).flatmap(
        lambda name: hnp.arrays(WRITTEN_TYPES[name], hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6))
    ),
    st.floats(0.001, 1e4),
)
def test_round_trip_of_every_type(tmp_path: Path, data: np.ndarray, rate_hz: float) -> None:
    write_stream(tmp_path / "a.stream", data, rate_hz, media_type='x&<"y', meta={"size": "3:4"})
    stream = read_stream(tmp_path / "a.stream")
    assert stream.data.dtype == data.dtype
    assert stream.data.tobytes() == data.tobytes()
    assert stream.rate_hz == pytest.approx(rate_hz, abs=5.1e-10)
    assert (stream.media_type, stream.size) == ('x&<"y', (3, 4))


def test_an_old_stream_of_another_type_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.stream"
    write_stream(path, np.ones((9, 2)), 10)
    write_stream(path, ROWS, 25)
    np.testing.assert_array_equal(read_stream(path).data, ROWS)
    assert read_stream(path).data.dtype == np.float32


def test_row_by_row_and_out_of_sight_until_committed(tmp_path: Path) -> None:
    path = tmp_path / "a.stream"
    writer = SsiStreamWriter(path, 3)
    for row in ROWS:
        writer.write(row[None])
    writer.finish(25, "", {})
    assert not path.exists()
    assert not (tmp_path / "a.stream~").exists()
    writer.commit()
    np.testing.assert_array_equal(read_stream(path).data, ROWS)
    assert "<meta" not in path.read_text()


def test_what_a_stream_cannot_hold(tmp_path: Path) -> None:
    path = tmp_path / "a.stream"
    with pytest.raises(InputError, match="cannot hold complex128"):
        write_stream(path, ROWS.astype(complex), 25)
    with pytest.raises(InputError, match=r"not the shape \(12,\)"):
        write_stream(path, ROWS.reshape(-1), 25)
    for rate in (0, -1, 1e-12, float("nan")):
        with pytest.raises(InputError, match="a rate above 0 Hz"):
            write_stream(path, ROWS, rate)
    with pytest.raises(OutputError, match="cannot be written"):
        write_stream(tmp_path / "absent" / "a.stream", ROWS, 25)
    assert list(tmp_path.iterdir()) == []


def test_a_commit_that_fails_leaves_the_old_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.stream"
    write_stream(path, np.ones((2, 2)), 10)
    real = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if target.name.endswith("~"):
            raise PermissionError(13, "Permission denied")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OutputError, match=r"a\.stream~: cannot be written \(Permission denied\)"):
        write_stream(path, ROWS, 25)
    assert read_stream(path).data.shape == (2, 2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.stream", "a.stream~"]


@pytest.mark.parametrize("meta", [{"a b": "x"}, {"": "x"}, {"size": 3}, {"1a": "x"}])
def test_meta_that_is_no_xml(tmp_path: Path, meta: dict[str, str]) -> None:
    with pytest.raises(InputError, match="meta must be names and texts of XML attributes"):
        write_stream(tmp_path / "a.stream", ROWS, 25, meta=meta)
    assert list(tmp_path.iterdir()) == []


def test_everything_that_readers_meet(tmp_path: Path) -> None:
    """Lower case, no declaration, several chunks, an element of NOVA's, attributes that are left out."""
    header = (
        '<Stream ssi-v ="2"><INFO FTYPE="binary" SR="25" Dim="3" byte="4" type="float"/>'
        '<time ms="123" local="x" system="y"/><chunk num="1"/><chunk from="0.04" to="0.16" byte="12" num="3"/></Stream>'
    )
    stream = read_stream(write_pair(tmp_path, header, ROWS.tobytes()))
    np.testing.assert_array_equal(stream.data, ROWS)
    assert isinstance(stream.data, np.memmap)
    assert (stream.media_type, stream.size, stream.rate_hz) == ("", None, 25)


@pytest.mark.parametrize(
    ("delim", "samples"),
    [
        (" ", "0 1 2\n3 4 5\n6 7 8\n9 10 11\n"),
        (" ", "  0.0e0\t1  2\r\n\r\n3 4 5 6 7 8 9 10 1.100000000000000000e+01"),
        (";", "0;1;2\n3;4;5\n6;7;8\n9;10;11"),
        (", ", "0, 1, 2\n3, 4, 5\n6, 7, 8\n9, 10, 11\n"),
    ],
)
@pytest.mark.parametrize("type_name", ["FLOAT", "DOUBLE", "INT", "USHORT"])
def test_ascii_samples(tmp_path: Path, delim: str, samples: str, type_name: str) -> None:
    info = f'<info ftype="ASCII" sr="25" dim="3" byte="4" type="{type_name}" delim="{delim}"/>'
    header = f'<stream>{info}<chunk num="4"/></stream>'
    stream = read_stream(write_pair(tmp_path, header, samples.encode()))
    assert stream.data.dtype == DTYPES[type_name]
    np.testing.assert_array_equal(stream.data, ROWS)


def test_one_column_stays_a_column(tmp_path: Path) -> None:
    header = '<stream><info ftype="ASCII" sr="25" dim="1" type="FLOAT"/><chunk num="3"/></stream>'
    assert read_stream(write_pair(tmp_path, header, b"1\n2\n3\n")).data.shape == (3, 1)


GOOD = '<stream><info ftype="BINARY" sr="25" dim="3" byte="4" type="FLOAT"/><chunk num="4"/></stream>'


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("", "not the header of an SSI stream"),
        ("no xml at all", "not the header of an SSI stream"),
        ("<annotation/>", "the root is <annotation>"),
        ("<stream/>", "the header has no <info>"),
        (GOOD.replace('dim="3"', ""), "<info> has no dim"),
        (GOOD.replace('dim="3"', 'dim="three"'), "dim='three' is no number"),
        (GOOD.replace('dim="3"', 'dim="-3"'), "dim='-3' is out of range"),
        (GOOD.replace('sr="25"', 'sr="nan"'), "sr='nan' is out of range"),
        (GOOD.replace("FLOAT", "IMAGE"), "the type 'IMAGE' is none of"),
        (GOOD.replace("BINARY", "BIN_LZ4"), "ftype 'BIN_LZ4' cannot be read"),
        (GOOD.replace('<chunk num="4"/>', ""), "the header has no chunk"),
        (GOOD.replace('num="4"', 'num="5"'), "48 bytes, but the header promises 60"),
        (GOOD.replace('num="4"', 'num="1000000000000"'), "48 bytes, but the header promises 12000000000000"),
        (GOOD.replace("BINARY", "ASCII"), "there are other bytes in it|numbers, but the header promises"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + GOOD, "EntitiesForbidden"),
    ],
)
def test_damaged_streams(tmp_path: Path, header: str, message: str) -> None:
    with pytest.raises(StreamFormatError, match=message):
        read_stream(write_pair(tmp_path, header, np.full((4, 3), -1.5, np.float32).tobytes()))


def test_absent_files(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the stream cannot be read"):
        read_stream(tmp_path / "absent.stream")
    (tmp_path / "a.stream").write_text(GOOD)
    with pytest.raises(SourceError, match=r"a\.stream~: the samples of the stream cannot be read"):
        read_stream(tmp_path / "a.stream")


@in_one_folder
@given(st.binary(max_size=300), st.binary(max_size=64))
def test_any_bytes_are_a_stream_or_a_clear_error(tmp_path: Path, header: bytes, samples: bytes) -> None:
    (tmp_path / "f.stream").write_bytes(header)
    (tmp_path / "f.stream~").write_bytes(samples)
    with pytest.raises(StreamFormatError):
        read_stream(tmp_path / "f.stream")


@in_one_folder
@given(st.sampled_from(["dim", "sr", "type", "ftype", "num"]), st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_any_attribute_is_taken_or_a_clear_error(tmp_path: Path, name: str, value: str) -> None:
    from xml.sax.saxutils import quoteattr

    values = {"dim": '"3"', "sr": '"25"', "type": '"FLOAT"', "ftype": '"BINARY"', "num": '"4"', name: quoteattr(value)}
    header = "<stream><info ftype={ftype} sr={sr} dim={dim} type={type}/><chunk num={num}/></stream>".format(**values)
    (tmp_path / "g.stream").write_text(header, "utf-8")
    (tmp_path / "g.stream~").write_bytes(ROWS.tobytes())
    try:
        stream = read_stream(tmp_path / "g.stream")
    except StreamFormatError:
        return
    assert stream.data.nbytes == ROWS.nbytes


def test_chunks_are_added_up(tmp_path: Path) -> None:
    text = header(num=1).replace("</stream>", '<chunk num="0"/><Chunk NUM="3" from="9"/></stream>')
    np.testing.assert_array_equal(read_stream(write_pair(tmp_path, text, ROWS)).data, ROWS)


@pytest.mark.parametrize("name", sorted(DTYPES))
@pytest.mark.parametrize("is_ascii", [False, True])
def test_every_type_is_read(tmp_path: Path, name: str, is_ascii: bool) -> None:
    values = np.array([[0, 1, 1], [1, 0, 0]]).astype(DTYPES[name])
    samples = b"0 1 1\n1 0 0\n" if is_ascii else values.tobytes()
    text = header(num=2, type=name.lower(), byte=None, ftype="ascii" if is_ascii else "binary")
    stream = read_stream(write_pair(tmp_path, text, samples))
    assert stream.data.dtype == DTYPES[name]
    np.testing.assert_array_equal(stream.data, values)


def test_whole_numbers_in_text_stay_exact(tmp_path: Path) -> None:
    limits = np.iinfo(np.int64)
    samples = f"{limits.max} {limits.min} 9.223372036854775807e+18".encode()
    stream = read_stream(write_pair(tmp_path, header(num=1, type="LONG", ftype="ASCII"), samples))
    assert stream.data.tolist() == [[limits.max, limits.min, limits.max]]


@pytest.mark.parametrize(
    ("type_name", "samples", "message"),
    [
        ("SHORT", b"1 2 40000", "out of the range of SHORT"),
        ("UINT", b"1 2 -1", "out of the range of UINT"),
        ("INT", b"1 2 3.5", "3.5 is not whole"),
        ("INT", b"1 2 1e999999999", "out of range"),
        ("INT", b"1 2 nan", "out of range"),
        ("FLOAT", b"1 2 1e39", "out of the range of FLOAT"),
        ("FLOAT", b"1 2 1_0", "there are other bytes in it"),
        ("FLOAT", "1 2 \u0663".encode(), "there are other bytes in it"),
        ("FLOAT", b"1 2 3 4", "4 numbers, but the header promises 1 samples x 3"),
        ("FLOAT", b"1 2 " + b"3" * 5000, "a sample is no number"),
    ],
)
def test_text_that_does_not_fit(tmp_path: Path, type_name: str, samples: bytes, message: str) -> None:
    path = write_pair(tmp_path, header(num=1, type=type_name, ftype="ASCII"), samples)
    with pytest.raises(StreamFormatError, match=message):
        read_stream(path)


def test_text_in_many_blocks(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(9000, 3))
    samples = "\n".join("\t".join(map(repr, row)) for row in values.tolist()).encode()
    stream = read_stream(write_pair(tmp_path, header(num=9000, type="DOUBLE", ftype="ASCII"), samples))
    assert stream.data.tobytes() == values.tobytes()


def test_nothing_is_allocated_for_a_promise(tmp_path: Path) -> None:
    for text in (header(num=10**12), header(num=10**12, ftype="ASCII")):
        path = write_pair(tmp_path, text, b"1 2 3")
        tracemalloc.start()
        with pytest.raises(StreamFormatError):
            read_stream(path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 1_000_000


@pytest.mark.parametrize("type_name", ["DOUBLE", "FLOAT", "USHORT"])
def test_text_takes_at_most_twice_the_file(tmp_path: Path, type_name: str) -> None:
    samples = b"0 " * 3_000_000
    path = write_pair(tmp_path, header(num=1_000_000, type=type_name, ftype="ASCII"), samples)
    tracemalloc.start()
    stream = read_stream(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert stream.data.shape == (1_000_000, 3)
    assert not stream.data.any()
    assert peak < 2 * len(samples) + 3_000_000, "the rest is one block of words"


def test_what_reading_would_wait_for_is_no_stream(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.stream")
    with pytest.raises(SourceError, match=r"a\.stream: the stream cannot be read \(not a regular file\)"):
        read_stream(tmp_path / "a.stream")
    with pytest.raises(SourceError, match=r"not a regular file|Is a directory"):
        read_stream(tmp_path)


def test_more_than_nova_reads_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("facestream.ssi.writer.NOVA_LIMIT_BYTES", 48)
    with caplog.at_level(logging.WARNING):
        write_stream(tmp_path / "a.stream", ROWS[:3], 25)
        assert caplog.text == ""
        write_stream(tmp_path / "a.stream", ROWS, 25)
    assert "a.stream: 0.00 GiB of samples, which NOVA shows as zeros from 0 GiB on; split the video" in caplog.text


def test_rows_that_would_lose_their_values(tmp_path: Path) -> None:
    writer = SsiStreamWriter(tmp_path / "a.stream", 3, np.int16)
    with pytest.raises(InputError, match="the stream holds int16; rows of float32 would lose their values"):
        writer.write(ROWS)
    with pytest.raises(InputError, match=r"rows must have 3 columns, not the shape \(4, 2\)"):
        writer.write(np.ones((4, 2), np.int16))
    writer.discard()


def test_samples_of_others_are_not_taken_for_a_killed_run(tmp_path: Path) -> None:
    (tmp_path / "a.stream~").write_text("an editor's backup")
    with pytest.raises(OutputError, match="was not written by facestream"):
        check_place(tmp_path / "a.stream", "samples in 3 columns", ())
    with pytest.raises(OutputError, match=r"a\.stream~: the file exists, but its header does not; choose another name"):
        write_stream(tmp_path / "a.stream", ROWS, 25)
    assert (tmp_path / "a.stream~").read_text() == "an editor's backup"


def test_a_stream_replaces_nothing_but_a_stream(tmp_path: Path) -> None:
    (tmp_path / "a.stream").write_text("my notes")
    with pytest.raises(OutputError, match=r"a\.stream: the file exists and is no stream; choose another name"):
        write_stream(tmp_path / "a.stream", ROWS, 25)
    with pytest.raises(InputError, match=r"clip\.mp4: a stream must end in \.stream"):
        write_stream(tmp_path / "clip.mp4", ROWS, 25)
    assert [path.name for path in tmp_path.iterdir()] == ["a.stream"]


def test_names_of_meta_keep_their_case(tmp_path: Path) -> None:
    text = header().replace("<chunk", '<meta Type="x" SIZE="3:4" Foo="1"/><chunk')
    stream = read_stream(write_pair(tmp_path, text, ROWS))
    assert (stream.media_type, stream.size, stream.meta) == ("x", (3, 4), {"size": "3:4", "Foo": "1"})


@pytest.mark.parametrize("meta", [{"gr\xf6\xdfe": "3"}, {"a": "\x00"}, {"a": "\ud800"}, {"a": "\uffff"}])
def test_meta_that_would_break_the_header(tmp_path: Path, meta: dict[str, str]) -> None:
    with pytest.raises(InputError, match="meta must be names and texts of XML attributes"):
        write_stream(tmp_path / "a.stream", ROWS, 25, meta=meta)
