"""DISCOVER's own package and facestream read each other's SSI streams to the same numbers.

discover-utils 1.2.1 stands in an environment of its own (``benchmarks/peers/install.sh discover-utils``) and is called
as a program. The tests named ``test_quirk_...`` hold what it cannot do, or does otherwise than one would think.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import facestream
from facestream.errors import StreamFormatError
from tests.conftest import ROOT
from tests.media.clips import remux

pytestmark = pytest.mark.long

PYTHON = ROOT / ".peers" / "discover-utils" / "bin" / "python"
PROGRAM = ROOT / "benchmarks" / "peers" / "discover_streams.py"

Rows = npt.NDArray[Any]

TYPES = {
    "SHORT": "int16",
    "USHORT": "uint16",
    "INT": "int32",
    "UINT": "uint32",
    "LONG": "int64",
    "ULONG": "uint64",
    "FLOAT": "float32",
    "DOUBLE": "float64",
    "BOOL": "bool",
}
"""SSI's names of the numeric types that both know, and NumPy's."""

FLOATS = ("float32", "float64")
NOT_FLOATS = tuple(name for name in TYPES.values() if name not in FLOATS)

COLUMNS_AND_RATES: list[tuple[int, Fraction | float]] = [
    (1, 25),
    (2, Fraction(30000, 1001)),
    (5, 0.1),
    (13, Fraction(24000, 1001)),
    (937, 44100),
    (3, 1000 / 3),
]

META = {"size": "1280:720", "made-by": 'ä <b> & "c"'}
MEDIA_TYPE = "feature;face;landmarks;größe"

every_type = pytest.mark.parametrize("dtype", TYPES.values())


class PeerError(Exception):
    """discover-utils raised this."""


@dataclass(frozen=True)
class PeerStream:
    """What discover-utils read."""

    data: Rows
    rate_hz: float
    num_samples: int
    duration_ms: int
    media_type: str
    meta: dict[str, str]


@dataclass(frozen=True)
class DiscoverUtils:
    """discover-utils as a program; ``folder`` is for what goes to and fro."""

    folder: Path

    def types(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._run("types"))
        return answer

    def read(self, *paths: Path) -> list[PeerStream]:
        target = self.folder / "read.npz"
        facts = json.loads(self._run("read", target, *paths))
        with np.load(target) as arrays:
            return [PeerStream(arrays[f"arr_{index}"], **fact) for index, fact in enumerate(facts)]

    def write(self, path: Path, rows: Rows, *options: str, rate_hz: float = 25) -> None:
        source = self.folder / "write.npz"
        np.savez(source, rows)
        self._run("write", source, path, "--rate-hz", repr(float(rate_hz)), *options)

    def _run(self, *words: str | Path) -> str:
        command = [PYTHON, "-I", PROGRAM, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise PeerError(done.stderr.strip().rpartition("\n")[2])
        return done.stdout


@pytest.fixture
def peer(tmp_path: Path) -> DiscoverUtils:
    if not PYTHON.exists():
        missing = "discover-utils is not installed (benchmarks/peers/install.sh discover-utils)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    folder = tmp_path / "exchange"
    folder.mkdir()
    return DiscoverUtils(folder)


@pytest.fixture(scope="module")
def mesh_stream(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The meshes of the sample clip's first second, 30 rows of 937 columns."""
    folder = tmp_path_factory.mktemp("mesh")
    remux(sample, folder / "astronaut.mp4", num_packets=30)
    facestream.extract(folder / "astronaut.mp4", folder, facestream.MeshOptions(formats=("stream",)))
    return folder / "astronaut.facemesh.stream"


def rows_of(dtype: str, num_columns: int, num_rows: int = 40) -> Rows:
    """Random values from the whole range of a type, its most awkward ones among them."""
    random = np.random.default_rng(num_columns)
    kind = np.dtype(dtype)
    shape = (num_rows, num_columns)
    if kind.kind == "b":
        return random.random(shape) < 0.5
    if kind.kind == "f":
        info = np.finfo(kind)
        exponents = random.uniform(np.log10(info.tiny), np.log10(info.max) - 1, shape)
        rows = (random.uniform(-10, 10, shape) * 10.0**exponents).astype(kind)
        special = [info.max, info.min, info.tiny, info.smallest_subnormal, 0.0, -0.0, np.nan, np.inf, -np.inf, 0.1]
    else:
        limits = np.iinfo(kind)
        rows = random.integers(limits.min, limits.max, shape, dtype=kind, endpoint=True)
        special = [limits.min, limits.max, 0, 1]
    rows[: len(special), -1] = np.array(special, kind)
    return rows


def assert_same(found: Rows, wanted: Rows) -> None:
    """Type, shape and every bit."""
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    assert found.tobytes() == wanted.tobytes()


def test_both_know_the_same_types(peer: DiscoverUtils, tmp_path: Path) -> None:
    assert peer.types() == {"version": "1.2.1", "types": TYPES}
    for name, dtype in TYPES.items():
        facestream.write_stream(tmp_path / "a.stream", np.zeros((2, 3), dtype), 25)
        assert f'type="{name}"' in (tmp_path / "a.stream").read_text()


@every_type
@pytest.mark.parametrize("with_meta", [True, False], ids=["meta", "no meta"])
def test_discover_utils_reads_what_facestream_writes(
    peer: DiscoverUtils, tmp_path: Path, dtype: str, with_meta: bool
) -> None:
    ours = []
    for num_columns, rate_hz in COLUMNS_AND_RATES:
        path = tmp_path / f"{num_columns}.stream"
        rows = rows_of(dtype, num_columns)
        if with_meta:
            facestream.write_stream(path, rows, rate_hz, media_type=MEDIA_TYPE, meta=META)
        else:
            facestream.write_stream(path, rows, rate_hz)
        ours.append((path, rows, float(rate_hz)))
    for (path, rows, rate_hz), theirs in zip(ours, peer.read(*(path for path, _, _ in ours)), strict=True):
        assert_same(theirs.data, rows)
        assert theirs.rate_hz == pytest.approx(rate_hz, abs=5.1e-10), "the header has nine decimals"
        assert theirs.rate_hz == facestream.read_stream(path).rate_hz
        assert theirs.num_samples == len(rows)
        assert theirs.duration_ms == pytest.approx(len(rows) / rate_hz * 1000, abs=1)


def test_discover_utils_reads_a_stream_without_samples(peer: DiscoverUtils, tmp_path: Path) -> None:
    rows = np.empty((0, 3), np.float32)
    facestream.write_stream(tmp_path / "a.stream", rows, 25)
    (theirs,) = peer.read(tmp_path / "a.stream")
    assert_same(theirs.data, rows)


def test_discover_utils_reads_the_meshes_of_a_clip(peer: DiscoverUtils, mesh_stream: Path) -> None:
    ours = facestream.read_stream(mesh_stream)
    assert ours.data.dtype == np.float32
    assert (ours.data.shape, ours.rate_hz) == ((30, 937), 30)
    assert ours.data[:, 936].min() > 0.5, "a face in every row"
    (theirs,) = peer.read(mesh_stream)
    assert_same(theirs.data, ours.data)
    assert (theirs.rate_hz, theirs.num_samples, theirs.duration_ms) == (30, 30, 1000)


@pytest.mark.parametrize("options", [[], ["--ascii"]], ids=["binary", "ascii"])
def test_facestream_reads_the_meshes_that_discover_utils_saved_again(
    peer: DiscoverUtils, tmp_path: Path, mesh_stream: Path, options: list[str]
) -> None:
    (theirs,) = peer.read(mesh_stream)
    peer.write(tmp_path / "again.stream", theirs.data, *options, rate_hz=theirs.rate_hz)
    again = facestream.read_stream(tmp_path / "again.stream")
    assert_same(again.data, facestream.read_stream(mesh_stream).data)
    assert again.rate_hz == 30


@every_type
def test_facestream_reads_binary_of_discover_utils(peer: DiscoverUtils, tmp_path: Path, dtype: str) -> None:
    path = tmp_path / "a.stream"
    for num_columns in (1, 2, 937):
        rows = rows_of(dtype, num_columns)
        peer.write(path, rows, "--media-type", MEDIA_TYPE, "--meta", json.dumps(META), rate_hz=12.5)
        ours = facestream.read_stream(path)
        assert_same(ours.data, rows)
        assert (ours.rate_hz, ours.media_type, ours.size) == (12.5, MEDIA_TYPE, (1280, 720))
        assert dict(ours.meta) == META


@every_type
def test_facestream_reads_ascii_of_discover_utils(peer: DiscoverUtils, tmp_path: Path, dtype: str) -> None:
    path = tmp_path / "a.stream"
    for num_columns, delim in ((1, " "), (2, ";"), (5, ","), (937, " ")):
        rows = rows_of(dtype, num_columns)
        if rows.dtype.itemsize == 8 and rows.dtype.kind in "iu":
            # The text is that of a float64, which holds every whole number up to here.
            rows = np.clip(rows >> 10, -(2**53) if rows.dtype.kind == "i" else 0, 2**53).astype(dtype)
        peer.write(path, rows, "--ascii", "--delim", delim, "--media-type", MEDIA_TYPE, "--meta", json.dumps(META))
        ours = facestream.read_stream(path)
        assert_same(ours.data, rows)
        assert (ours.rate_hz, ours.media_type, dict(ours.meta)) == (25, MEDIA_TYPE, META)


@pytest.mark.parametrize("options", [[], ["--ascii"]], ids=["binary", "ascii"])
def test_facestream_adds_up_the_chunks_of_discover_utils(
    peer: DiscoverUtils, tmp_path: Path, options: list[str]
) -> None:
    rows = rows_of("float32", 3)
    peer.write(tmp_path / "a.stream", rows, *options, "--chunks", "7", "0", "33")
    assert (tmp_path / "a.stream").read_text().count("<chunk") == 3
    assert_same(facestream.read_stream(tmp_path / "a.stream").data, rows)


@pytest.mark.parametrize("options", [[], ["--ascii"]], ids=["binary", "ascii"])
def test_facestream_reads_a_stream_of_discover_utils_without_samples(
    peer: DiscoverUtils, tmp_path: Path, options: list[str]
) -> None:
    rows = np.empty((0, 3), np.float32)
    peer.write(tmp_path / "a.stream", rows, *options)
    assert_same(facestream.read_stream(tmp_path / "a.stream").data, rows)


@pytest.mark.parametrize(
    ("dtype", "written", "held"),
    [
        ("int64", 2**53 + 1, 2**53),
        ("int64", -(2**53) - 3, -(2**53) - 4),
        ("int64", 3 * 2**60, 3 * 2**60),
        ("int64", -(2**63), -(2**63)),
        ("int64", 2**63 - 1024, 2**63 - 1024),
        ("uint64", 2**53 + 1, 2**53),
        ("uint64", 2**63 - 1, 2**63),
        # Twenty digits, the last one a 0: the nineteen of the text are the whole number.
        ("uint64", 18446744073709547520, 18446744073709547520),
    ],
)
def test_quirk_large_integers_in_ascii_are_rounded_to_a_float64(
    peer: DiscoverUtils, tmp_path: Path, dtype: str, written: int, held: int
) -> None:
    peer.write(tmp_path / "a.stream", np.array([[written, 1]], dtype), "--ascii")
    words = (tmp_path / "a.stream~").read_text().split()
    assert int(float(words[0])) == held
    assert_same(facestream.read_stream(tmp_path / "a.stream").data, np.array([[held, 1]], dtype))


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_quirk_the_largest_integers_in_ascii_are_rounded_out_of_range(
    peer: DiscoverUtils, tmp_path: Path, dtype: str
) -> None:
    limit = np.iinfo(dtype).max
    peer.write(tmp_path / "a.stream", np.array([[limit, 1]], dtype), "--ascii")
    assert int(float((tmp_path / "a.stream~").read_text().split()[0])) == int(limit) + 1
    with pytest.raises(StreamFormatError):
        facestream.read_stream(tmp_path / "a.stream")


@pytest.mark.parametrize("shape", [(4, 1), (1, 4)], ids=["one column", "one row"])
def test_quirk_discover_utils_flattens_ascii_of_one_column_or_row(
    peer: DiscoverUtils, tmp_path: Path, shape: tuple[int, int]
) -> None:
    rows = np.arange(4, dtype=np.float32).reshape(shape)
    peer.write(tmp_path / "a.stream", rows, "--ascii")
    (theirs,) = peer.read(tmp_path / "a.stream")
    assert_same(theirs.data, rows.reshape(4))
    assert_same(facestream.read_stream(tmp_path / "a.stream").data, rows)


@pytest.mark.parametrize("dtype", NOT_FLOATS)
def test_quirk_discover_utils_cannot_read_its_own_ascii_of_whole_numbers(
    peer: DiscoverUtils, tmp_path: Path, dtype: str
) -> None:
    rows = np.array([[0, 1], [1, 0]], dtype)
    peer.write(tmp_path / "a.stream", rows, "--ascii")
    with pytest.raises(PeerError, match=rf"ValueError: could not convert string '0\.0+e\+00' to {dtype}"):
        peer.read(tmp_path / "a.stream")
    assert_same(facestream.read_stream(tmp_path / "a.stream").data, rows)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "float16", "complex64"])
def test_quirk_discover_utils_cannot_write_other_types(peer: DiscoverUtils, tmp_path: Path, dtype: str) -> None:
    with pytest.raises(PeerError, match="is not a valid SSINPDataType"):
        peer.write(tmp_path / "a.stream", np.ones((2, 3), dtype))


@pytest.mark.parametrize("name", ["CHAR", "UCHAR", "LDOUBLE", "STRUCT", "IMAGE", "float"])
def test_quirk_discover_utils_cannot_read_other_types_nor_small_letters(
    peer: DiscoverUtils, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "a.stream"
    facestream.write_stream(path, np.ones((2, 3), np.float32), 25)
    path.write_text(path.read_text().replace('"FLOAT"', f'"{name}"'))
    with pytest.raises(PeerError, match=f"ValueError: {name} not part of enumeration"):
        peer.read(path)


def test_quirk_discover_utils_does_not_read_the_meta(peer: DiscoverUtils, tmp_path: Path) -> None:
    path = tmp_path / "a.stream"
    facestream.write_stream(path, np.ones((2, 3), np.float32), 25, media_type=MEDIA_TYPE, meta=META)
    (theirs,) = peer.read(path)
    assert (theirs.media_type, theirs.meta) == ("", {})


@pytest.mark.parametrize(
    ("rate_hz", "kept"), [(30000 / 1001, 29.97), (24000 / 1001, 23.976), (1000 / 3, 333.333), (0.1, 0.1)]
)
def test_quirk_discover_utils_writes_three_decimals_of_the_rate(
    peer: DiscoverUtils, tmp_path: Path, rate_hz: float, kept: float
) -> None:
    peer.write(tmp_path / "a.stream", np.ones((2, 3), np.float32), rate_hz=rate_hz)
    assert facestream.read_stream(tmp_path / "a.stream").rate_hz == kept


@pytest.mark.parametrize(("dtype", "declared"), [("float64", "float32"), ("float32", "float64"), ("int16", "float32")])
def test_quirk_discover_utils_may_declare_another_type_than_it_writes(
    peer: DiscoverUtils, tmp_path: Path, dtype: str, declared: str
) -> None:
    """It never compares the two; FLOAT is what it declares when a caller does not say."""
    peer.write(tmp_path / "a.stream", np.ones((4, 3), dtype), "--declare", declared)
    with pytest.raises(StreamFormatError):
        facestream.read_stream(tmp_path / "a.stream")
    with pytest.raises(PeerError):
        peer.read(tmp_path / "a.stream")
