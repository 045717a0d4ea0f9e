from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from facestream.engines import Engine, Runtime, open_engine
from facestream.engines.from_pixels import FromPixels
from facestream.engines.torch_engine import TorchEngine
from facestream.errors import DeviceError
from facestream.models import WEIGHTS, load

NAMES = ["facemesh", "blazeface-back", "blazeface-front"]


@pytest.fixture(scope="module", params=NAMES)
def engine(request: pytest.FixtureRequest) -> Engine:
    return open_engine(request.param, Runtime("torch", "cpu"))


def images_for(engine: Engine, count: int) -> npt.NDArray[np.uint8]:
    size = engine.input_size
    return np.random.default_rng(3).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def test_an_image_does_not_depend_on_what_travels_beside_it(engine: Engine) -> None:
    images = images_for(engine, engine.batch_size * 2 + 1)
    together = engine.run(images)
    for k in (0, 1, engine.batch_size - 1, engine.batch_size, len(images) - 1):
        alone = engine.run(images[k : k + 1])
        for first, second in zip(together, alone, strict=True):
            np.testing.assert_array_equal(first[k], second[0])


def test_no_images_no_results(engine: Engine) -> None:
    some, none = engine.run(images_for(engine, 1)), engine.run(images_for(engine, 0))
    assert [output.shape for output in none] == [(0, *output.shape[1:]) for output in some]
    assert all(output.dtype == np.float32 for output in some)


@pytest.mark.parametrize("name", NAMES)
def test_grey_levels_become_the_networks_pixel_range(name: str) -> None:
    engine, record = open_engine(name, Runtime("torch", "cpu")), WEIGHTS[name]
    low, high = record.pixel_range
    images = images_for(engine, 2)
    pixels = torch.from_numpy(images.astype(np.float32) / 255 * (high - low) + low).permute(0, 3, 1, 2)
    with torch.inference_mode():
        expected = load(name)(pixels)
    for ours, theirs in zip(engine.run(images), expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=2e-3)
    assert (engine.name, engine.device, engine.precision) == ("torch", "cpu", "float32")
    assert engine.weights_sha256 == record.sha256


def test_where_memory_runs_out_the_batch_is_halved_and_said(caplog: pytest.LogCaptureFixture) -> None:
    engine = TorchEngine("facemesh", Runtime("torch", "cpu"))
    images = images_for(engine, 11)
    expected = engine.run(images)
    engine.batch_size = 8
    compute, seen = engine._compute, []

    def with_little_memory(pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        seen.append(len(pixels))
        if len(pixels) > 2:
            raise torch.OutOfMemoryError
        return compute(pixels)

    engine._compute = with_little_memory  # type: ignore[method-assign]
    for found, wanted in zip(engine.run(images), expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=2e-3)
    assert seen == [8, 4, *[2] * 6]
    assert [record.message for record in caplog.records] == [
        f"the memory of device 'cpu' is not enough for {asked} images at once; {left} from now on"
        for asked, left in ((8, 4), (4, 2))
    ]


def test_not_even_memory_for_one_image() -> None:
    engine = TorchEngine("blazeface-front", Runtime("torch", "cpu"))

    def without_memory(pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        raise torch.OutOfMemoryError

    engine._compute = without_memory  # type: ignore[method-assign]
    with pytest.raises(DeviceError, match="memory of device 'cpu' is not enough for one image; end other programs"):
        engine.run(images_for(engine, 1))


@pytest.mark.parametrize(("dtype", "most"), [(torch.bfloat16, 4.0), (torch.float16, 0.5)])
def test_less_precision_is_the_same_network(dtype: torch.dtype, most: float) -> None:
    """What ``--precision`` does on CUDA, where the layers of the CPU stand in."""
    images = torch.from_numpy(images_for(open_engine("facemesh", Runtime("torch", "cpu")), 2))
    with torch.inference_mode():
        exact, less = FromPixels("facemesh")(images), FromPixels("facemesh", dtype=dtype)(images)
    assert all(output.dtype == torch.float32 for output in less)
    assert 1e-3 < (less[0] - exact[0]).abs().max() < most


on_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


@on_cuda
@pytest.mark.parametrize("name", NAMES)
def test_cuda_agrees_with_the_cpu(name: str) -> None:
    cpu, cuda = open_engine(name, Runtime("torch", "cpu")), open_engine(name, Runtime("torch", "cuda"))
    images = images_for(cpu, 75)
    expected = cpu.run(images)
    on_device: Any = [torch.from_numpy(image).cuda() for image in images]
    for given in (images, on_device, images[:40]):
        for ours, theirs in zip(cuda.run(given), expected, strict=True):
            np.testing.assert_allclose(ours, theirs[: len(given)], atol=5e-3)


@on_cuda
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_less_precision_on_cuda(precision: str) -> None:
    exact, less = (open_engine("facemesh", Runtime("torch", "cuda", wanted)) for wanted in ("float32", precision))
    images = images_for(exact, 4)
    assert less.precision == precision
    assert 1e-3 < np.abs(less.run(images)[0] - exact.run(images)[0]).max() < 4
