"""Our modules between DISCOVER's objects, of which stand-ins have what the contract names."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from facestream import MeshOptions, detect, extract, read_stream
from facestream.discover.hosted_module import HostedModule
from facestream.errors import RequestError
from tests.media.clips import remux

FACEMESH_IO = [
    SimpleNamespace(io_type="input", io_id="data"),
    SimpleNamespace(io_type="input", io_id="bounding_box"),
    SimpleNamespace(io_type="output", io_id="landmarks"),
]
BLAZEFACE_IO = [
    SimpleNamespace(io_type="input", io_id="video"),
    SimpleNamespace(io_type="output", io_id="bounding_box"),
    SimpleNamespace(io_type="output", io_id="landmarks"),
]
TEMPLATE = SimpleNamespace(meta_data=SimpleNamespace(name="mesh", role="patient", dataset="study", session="s01"))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    return remux(sample, tmp_path_factory.mktemp("clip") / "clip.mp4", num_packets=8)


def loaded(data: Any = None, *, file_path: Path | None = None, sample_rate: float = 1.0) -> SimpleNamespace:
    return SimpleNamespace(data=data, meta_data=SimpleNamespace(file_path=file_path, sample_rate=sample_rate))


def session(inputs: dict[str, Any], *outputs: str) -> Any:
    return SimpleNamespace(input_data=inputs, output_data_templates=dict.fromkeys(outputs, TEMPLATE))


@pytest.mark.parametrize("ids", [("data", "landmarks"), ("input_data", "output_stream")])
def test_a_video_gives_what_the_command_writes(clip: Path, tmp_path: Path, ids: tuple[str, str]) -> None:
    module = HostedModule("FaceMesh", FACEMESH_IO, {})
    found = module.process(session({ids[0]: loaded(file_path=clip)}, ids[1]))
    extract(clip, tmp_path / "mesh.stream", MeshOptions())
    wanted = read_stream(tmp_path / "mesh.stream")
    assert list(found) == [ids[1]]
    np.testing.assert_array_equal(found[ids[1]].stream.data, wanted.data)

    stream = found[ids[1]].to_object(SimpleNamespace)
    assert (stream.name, stream.role, stream.dataset, stream.session) == ("mesh", "patient", "study", "s01")
    assert (stream.media_type, stream.custom_meta) == ("feature;face;landmarks;facemesh", {"size": "480:360"})
    assert stream.dtype is np.float32
    assert stream.data.dtype == np.float32
    assert stream.sample_rate == wanted.rate_hz


def test_boxes_in_memory(clip: Path, tmp_path: Path) -> None:
    detect(clip, tmp_path / "boxes.stream")
    boxes = read_stream(tmp_path / "boxes.stream")
    inputs = {
        "data": loaded(file_path=clip),
        "bounding_box": loaded(np.array(boxes.data), sample_rate=boxes.rate_hz),
    }
    found = HostedModule("FaceMesh", FACEMESH_IO, None).process(session(inputs, "landmarks"))
    extract(clip, tmp_path / "mesh.stream", MeshOptions(boxes=tmp_path / "boxes.stream"))
    np.testing.assert_array_equal(found["landmarks"].stream.data, read_stream(tmp_path / "mesh.stream").data)


def test_a_picture_in_memory(astronaut: npt.NDArray[np.uint8]) -> None:
    found = HostedModule("FaceMesh", FACEMESH_IO, {}).process(session({"data": loaded(astronaut)}, "landmarks"))
    assert found["landmarks"].stream.data.shape == (1, 937)
    assert found["landmarks"].stream.data[0, 936] > 0.9


@pytest.mark.parametrize("outputs", [("bounding_box", "landmarks"), ("output_stream",)])
def test_blazeface_with_its_options(clip: Path, outputs: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    module = HostedModule("BlazeFace", BLAZEFACE_IO, {"model": "front", "repeat_last": False})
    found = module.process(session({"video": loaded(file_path=clip)}, *outputs))
    columns = {"bounding_box": 5, "landmarks": 13, "output_stream": 5}
    assert {name: output.stream.data.shape for name, output in found.items()} == {
        name: (8, columns[name]) for name in outputs
    }


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        ({}, ("landmarks",), "the request has no 'data'"),
        ({"data": None}, (), "the request has no 'landmarks'"),
        ({"data": loaded([1, 2])}, ("landmarks",), "input 'data' does not lie in a file"),
        ({"data": loaded(file_path=Path("/gone.mp4"))}, ("landmarks",), "input 'data' does not lie in a file"),
    ],
)
def test_what_cannot_be_done(inputs: dict[str, Any], outputs: tuple[str, ...], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        HostedModule("FaceMesh", FACEMESH_IO, {}).process(session(inputs, *outputs))


def test_a_module_that_facestream_does_not_have() -> None:
    with pytest.raises(RequestError, match="no processor of facestream does the work of 'OpenFace'"):
        HostedModule("OpenFace", [], {})
