from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from facestream.engines import Engine, Runtime, open_engine
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


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", NAMES)
def test_cuda_agrees_with_the_cpu(name: str) -> None:
    cpu, cuda = open_engine(name, Runtime("torch", "cpu")), open_engine(name, Runtime("torch", "cuda"))
    images = images_for(cpu, 5)
    for ours, theirs in zip(cuda.run(images), cpu.run(images), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=5e-3)
