"""A single network: images per second, number of operations, and the peak performance of the machine."""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import nn

from facestream.engines import open_engine, resolve_runtime
from facestream.models import get_record, load

__all__ = ["Network"]

SECONDS = 2.0
"""Each figure is measured for at least this long."""


class Network:
    """A network from the registry, run by OpenVINO.

    Raises:
        DeviceError: The CPU does not support the precision.
    """

    def __init__(self, name: str, num_threads: int, precision: str = "float32") -> None:
        self._num_threads = num_threads
        self._size = get_record(name).input_size
        self._engine = open_engine(
            name, resolve_runtime(engine="openvino", precision=precision, num_threads=num_threads)
        )
        self.num_multiplications = _count_multiplications(load(name), self._size)
        """Multiplications for one image."""

    def images_per_second(self, batch: int) -> float:
        """Measure the images per second at this batch size."""
        shape = (batch, self._size, self._size, 3)
        images = list(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
        self._engine.run(images)
        num_runs, started = 0, time.perf_counter()
        while time.perf_counter() - started < SECONDS:
            self._engine.run(images)
            num_runs += 1
        return num_runs * batch / (time.perf_counter() - started)

    def matmul_gflops(self) -> float:
        """Measure the GFLOP/s of a matrix product with the same number of threads."""
        torch.set_num_threads(self._num_threads)
        first, second = torch.rand(2, 2048, 2048)
        torch.mm(first, second)
        num_runs, started = 0, time.perf_counter()
        while time.perf_counter() - started < SECONDS:
            torch.mm(first, second)
            num_runs += 1
        return num_runs * 2 * 2048**3 / 1e9 / (time.perf_counter() - started)


def _count_multiplications(network: nn.Module, size: int) -> int:
    """Count the multiplications of all convolutions for one image."""
    counts = []

    def count(layer: nn.Module, _: object, output: torch.Tensor) -> None:
        assert isinstance(layer, nn.Conv2d)
        counts.append(output.numel() * layer.weight[0].numel())

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(count)
    with torch.inference_mode():
        network(torch.zeros((1, 3, size, size)))
    return sum(counts)
