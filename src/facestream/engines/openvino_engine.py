"""Run a network with OpenVINO on the CPU."""

from __future__ import annotations

import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.engines.graph_cache import Graph, cached_graph
from facestream.engines.interface import BATCH_SIZE
from facestream.engines.quiet_openvino import ov
from facestream.engines.runtime import Runtime
from facestream.errors import DeviceError
from facestream.models import get_record, weights_digest

__all__ = ["OpenVinoEngine"]

TYPES = {"float32": ov.Type.f32, "bf16": ov.Type.bf16, "fp16": ov.Type.f16}


class OpenVinoEngine:
    """A network that was converted from ours, in the precision that was asked for and no other."""

    name = "openvino"
    device = "cpu"

    def __init__(self, network: str, runtime: Runtime, weights: str | None = None) -> None:
        self.input_size = get_record(network).input_size
        self.weights_sha256 = weights_digest(network, weights)
        graph = cached_graph(_key(network, self.weights_sha256), lambda: _convert(network, weights))
        core = ov.Core()
        compiled = core.compile_model(core.read_model(graph.xml, graph.constants), "CPU", _settings(runtime))
        self.precision = _read_precision(compiled)
        if self.precision != runtime.precision:
            raise DeviceError(
                f"precision {runtime.precision!r} was asked for, but this CPU computes in {self.precision} instead; "
                "leave it out"
            )
        self._queue: Any = ov.AsyncInferQueue(compiled)
        self._shapes = [tuple(output.get_partial_shape().to_shape())[1:] for output in compiled.outputs]
        self._results: list[npt.NDArray[Any]] = []
        self._queue.set_callback(self._take)

    def run(self, images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[Any], ...]:
        self._results = [np.empty((len(images), *shape), dtype=np.float32) for shape in self._shapes]
        for start in range(0, len(images), BATCH_SIZE):
            batch = images[start : start + BATCH_SIZE]
            if len(batch) < BATCH_SIZE:
                batch = np.concatenate([batch, np.zeros((BATCH_SIZE - len(batch), *batch.shape[1:]), np.uint8)])
            self._queue.start_async({0: batch}, userdata=start)
        self._queue.wait_all()
        results, self._results = tuple(self._results), []
        return results

    def _take(self, request: Any, start: int) -> None:
        for number, result in enumerate(self._results):
            part = result[start : start + BATCH_SIZE]
            part[:] = request.get_output_tensor(number).data[: len(part)]


def _convert(network: str, weights: str | None) -> Graph:
    """Our PyTorch module as OpenVINO's graph, for one fixed batch."""
    import torch

    from facestream.engines.from_pixels import FromPixels

    size = get_record(network).input_size
    example = torch.zeros((BATCH_SIZE, size, size, 3), dtype=torch.uint8)
    with torch.inference_mode(), warnings.catch_warnings():
        # OpenVINO traces modules in a way that PyTorch calls outdated.
        warnings.simplefilter("ignore")
        model = ov.convert_model(
            FromPixels(network, weights).eval(), example_input=example, input=[([*example.shape], ov.Type.u8)]
        )
    with tempfile.TemporaryDirectory() as folder:
        xml, constants = Path(folder) / "graph.xml", Path(folder) / "graph.bin"
        ov.serialize(model, xml, constants)
        return Graph(xml.read_bytes(), constants.read_bytes())


def _key(network: str, digest: str) -> str:
    """What the graph depends on."""
    parts = (network, digest[:16], f"batch{BATCH_SIZE}")
    return "-".join([*parts, *(f"{name}{version(name)}" for name in ("facestream", "openvino", "torch"))])


def _settings(runtime: Runtime) -> dict[str, Any]:
    num_threads = runtime.num_threads or 0
    return {
        ov.properties.hint.inference_precision: TYPES[runtime.precision],
        ov.properties.hint.execution_mode: ov.properties.hint.ExecutionMode.ACCURACY,
        # Streams of one thread each: the networks are too small to be shared by threads.
        ov.properties.inference_num_threads: num_threads,
        ov.properties.num_streams: num_threads or ov.properties.streams.Num.AUTO,
        # Two runs on one machine must not be tied to the same core.
        ov.properties.hint.enable_cpu_pinning: False,
    }


def _read_precision(compiled: Any) -> str:
    found = compiled.get_property(ov.properties.hint.inference_precision)
    return next((name for name, known in TYPES.items() if known == found), str(found))
