from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from facestream.errors import InputError, OutputError, SourceError, StreamFormatError
from facestream.io.ssi_header import DTYPES, WRITTEN_TYPES
from facestream.io.ssi_stream import read_stream, write_stream
from facestream.io.ssi_writer import SsiStreamWriter

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


def write_pair(folder: Path, header: str, samples: bytes) -> Path:
    (folder / "b.stream").write_text(header)
    (folder / "b.stream~").write_bytes(samples)
    return folder / "b.stream"


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
