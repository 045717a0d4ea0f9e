from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import load_file, save_file

from facestream.engines import Engine, Runtime, open_engine
from facestream.errors import DeviceError, OptionError, WeightsError
from facestream.models import WEIGHTS

pytest.importorskip("openvino", reason="OpenVINO has no wheel for this machine")

NAMES = ["facemesh", "blazeface-back", "blazeface-front"]
OPENVINO = Runtime("openvino", "cpu", num_threads=2)


@pytest.fixture(scope="module", params=NAMES)
def engine(request: pytest.FixtureRequest) -> Engine:
    return open_engine(request.param, OPENVINO)


def images_for(engine: Engine, count: int) -> npt.NDArray[np.uint8]:
    size = engine.input_size
    return np.random.default_rng(3).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def test_an_image_does_not_depend_on_what_travels_beside_it(engine: Engine) -> None:
    images = images_for(engine, engine.batch_size * 2 + 1)
    together = engine.run(images)
    for k in range(len(images)):
        alone = engine.run(images[k : k + 1])
        for first, second in zip(together, alone, strict=True):
            np.testing.assert_array_equal(first[k], second[0])


def test_no_images_no_results(engine: Engine) -> None:
    some, none = engine.run(images_for(engine, 1)), engine.run(images_for(engine, 0))
    assert [output.shape for output in none] == [(0, *output.shape[1:]) for output in some]
    assert all(output.dtype == np.float32 for output in some)


@pytest.mark.parametrize("name", NAMES)
def test_it_agrees_with_pytorch(name: str) -> None:
    ours, theirs = open_engine(name, OPENVINO), open_engine(name, Runtime("torch", "cpu"))
    images = images_for(ours, ours.batch_size + 1)
    for found, expected in zip(ours.run(images), theirs.run(images), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-3)
    assert (ours.name, ours.device, ours.precision) == ("openvino", "cpu", "float32")
    assert ours.weights_sha256 == WEIGHTS[name].sha256


def test_the_compiled_precision_is_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facestream.engines.openvino_engine._read_precision", lambda _: "bf16")
    with pytest.raises(DeviceError, match="'float32' was asked for, but this CPU computes in bf16 instead; leave it"):
        open_engine("facemesh", OPENVINO)


def _computes_in(precision: str) -> bool:
    from facestream.engines.quiet_openvino import ov

    known = ov.Core().get_property("CPU", ov.properties.device.capabilities)
    return {"bf16": "BF16", "fp16": "FP16", "int8": "INT8"}[precision] in known


@pytest.mark.parametrize("precision", ["bf16", "fp16", "int8"])
def test_less_precision_only_where_the_cpu_has_it(precision: str) -> None:
    if not _computes_in(precision):
        with pytest.raises(DeviceError, match=f"precision '{precision}' was asked for, but this CPU computes in"):
            open_engine("facemesh", Runtime("openvino", "cpu", precision))
        return
    try:
        less = open_engine("facemesh", Runtime("openvino", "cpu", precision))
    except DeviceError as error:
        # A fault of OpenVINO on some CPUs, which is told as what it is.
        assert precision == "fp16"
        assert "OpenVINO cannot compile facemesh in 'fp16' for this CPU" in str(error)  # noqa: PT017
        return
    assert less.precision == precision
    exact = open_engine("facemesh", OPENVINO)
    images = images_for(exact, 4)
    moved = np.abs(less.run(images)[0] - exact.run(images)[0]).max()
    assert 1e-3 < moved < 10, "it is another precision, and the same network"


def test_what_cannot_be_compiled_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from facestream.engines.quiet_openvino import ov

    def fail(*_: object) -> None:
        raise RuntimeError("Exception from core.cpp:117:\nobject is not initialized\n")

    monkeypatch.setattr(ov.Core, "compile_model", fail)
    with pytest.raises(DeviceError, match=r"cannot compile facemesh in 'float32' .* \(object is not initialized\)"):
        open_engine("facemesh", OPENVINO)


def test_detectors_stay_in_float32_beside_a_mesh_in_int8() -> None:
    beside, exact = (open_engine("blazeface-back", Runtime("openvino", "cpu", p)) for p in ("int8", "float32"))
    assert beside.precision == "float32"
    images = images_for(exact, 2)
    for found, expected in zip(beside.run(images), exact.run(images), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_int8_is_there_for_weights_that_were_looked_at(tmp_path: Path) -> None:
    own = tmp_path / "w.safetensors"
    state = load_file(WEIGHTS["facemesh"].path)
    save_file({name: value * np.float32(1.01) for name, value in state.items()}, own)
    with pytest.raises(OptionError, match="'int8' is there for facestream's own weights of facemesh only; leave it or"):
        open_engine("facemesh", Runtime("openvino", "cpu", "int8"), str(own))


def test_weights_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(WEIGHTS["facemesh"].path.read_bytes())
    own = open_engine("facemesh", OPENVINO, str(tmp_path / "w.safetensors"))
    assert own.weights_sha256 == WEIGHTS["facemesh"].sha256
    with pytest.raises(WeightsError, match="not the weights of blazeface-back"):
        open_engine("blazeface-back", OPENVINO, str(tmp_path / "w.safetensors"))
    with pytest.raises(WeightsError, match=r"absent\.tflite: the weights cannot be read"):
        open_engine("facemesh", OPENVINO, str(tmp_path / "absent.tflite"))


def test_a_second_start_needs_no_pytorch_and_tells_nobody(engine: Engine) -> None:
    code = (
        "import sys, numpy as np\n"
        "from facestream.pipeline.face_mesh import FaceMeshPipeline\n"
        "pipeline = FaceMeshPipeline(device='cpu', engine='openvino')\n"
        "assert len(pipeline.process(np.zeros((40, 40, 3), np.uint8))) == 0\n"
        "print('torch' in sys.modules, sys.modules.get('openvino_telemetry'))\n"
    )
    # The first start of the suite has converted both networks.
    for name in ("facemesh", "blazeface-back"):
        open_engine(name, OPENVINO)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False None"
