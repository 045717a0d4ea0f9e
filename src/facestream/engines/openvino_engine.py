"""Run a network with OpenVINO on the CPU."""

from __future__ import annotations

import tempfile
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from facestream.engines.graph_cache import Graph, cached_graph
from facestream.engines.interface import Image, batch_size_of, batched
from facestream.engines.openvino_kernels import prefer_blocked, prefers_blocked
from facestream.engines.quiet_openvino import ov
from facestream.engines.runtime import Runtime
from facestream.errors import DeviceError, OptionError
from facestream.models import get_record, weights_digest

__all__ = ["OpenVinoEngine"]

GRAPH_FORM = 3
"""Increased when the conversion changes between two versions."""

REQUESTS_PER_STREAM = 4

TYPES = {"float32": ov.Type.f32, "bf16": ov.Type.bf16, "fp16": ov.Type.f16, "int8": ov.Type.f32}
"""The types of computations that are not quantised."""

CAPABILITIES = {"bf16": "BF16", "fp16": "FP16", "int8": "INT8"}
"""OpenVINO's names of the precisions that a CPU has instructions for."""


class OpenVinoEngine:
    """A network converted from PyTorch, in exactly the requested precision."""

    name = "openvino"
    device = "cpu"

    def __init__(self, network: str, runtime: Runtime, weights: str | None = None) -> None:
        self.input_size = get_record(network).input_size
        self.weights_sha256 = weights_digest(network, weights)
        self.batch_size = batch_size_of(self.device)
        wanted = _settle_precision(network, runtime.precision)
        core = ov.Core()
        # With AVX-512 but no bf16, OpenVINO 2026.4.1 emulates bf16, which takes 2.5 times as long as float32.
        known = core.get_property("CPU", ov.properties.device.capabilities)
        if wanted in CAPABILITIES and CAPABILITIES[wanted] not in known:
            raise _not_computed(wanted, "float32")
        quantized = wanted == "int8"
        if quantized and self.weights_sha256 != get_record(network).sha256:
            raise OptionError(
                f"precision 'int8' is there for facestream's own weights of {network} only; leave it or the weights out"
            )
        graph = cached_graph(
            _key(network, self.weights_sha256, self.batch_size, quantized=quantized),
            lambda: _convert(network, weights, self.batch_size, quantized=quantized),
        )
        try:
            compiled = core.compile_model(core.read_model(graph.xml, graph.constants), "CPU", _settings(runtime))
        except RuntimeError as error:
            # OpenVINO 2026.4.1 reports fp16 for CPUs with AMX-fp16, but cannot compile FaceMesh in it.
            reason = str(error).strip().splitlines()[-1]
            raise DeviceError(
                f"OpenVINO cannot compile {network} in {wanted!r} for this CPU ({reason}); ask for another precision, "
                "or for the engine torch"
            ) from error
        self.precision = _read_precision(compiled)
        if self.precision != wanted:
            raise _not_computed(wanted, self.precision)
        # More requests than run at once, so that the next ones are filled in the meantime.
        num_requests = REQUESTS_PER_STREAM * int(compiled.get_property(ov.properties.optimal_number_of_infer_requests))
        self._idle: SimpleQueue[_Request] = SimpleQueue()
        for _ in range(num_requests):
            self._idle.put(_Request(compiled.create_infer_request(), planar=_is_planar(network, quantized=quantized)))
        self._shapes = [tuple(output.get_partial_shape().to_shape())[1:] for output in compiled.outputs]

    def run(self, images: Iterable[Image]) -> tuple[npt.NDArray[Any], ...]:
        results = [tuple(np.empty((0, *shape), np.float32) for shape in self._shapes)]
        running = deque[_Request]()

        def take_first() -> None:
            request = running.popleft()
            try:
                results.append(request.result())
            finally:
                self._idle.put(request)

        try:
            for batch in batched(images, self.batch_size):
                request = self._take_idle(take_first if running else None)
                running.append(request)
                request.start(batch)
            while running:
                take_first()
        finally:
            # If an image could not be made, no request may be left running.
            for request in running:
                request.wait()
                self._idle.put(request)
        return tuple(map(np.concatenate, zip(*results, strict=True)))

    def _take_idle(self, make_one: Callable[[], None] | None) -> _Request:
        """Return an idle request: the first of this call once it is done, or one that another thread returns."""
        with suppress(Empty):
            return self._idle.get_nowait()
        if make_one:
            make_one()
        return self._idle.get()


class _Request:
    """A request for one run of the network at a time, with the memory of its input and outputs."""

    def __init__(self, request: Any, *, planar: bool) -> None:
        self._request = request
        self._input = request.get_input_tensor().data
        self._planar = planar
        self._outputs = [tensor.data for tensor in request.output_tensors]
        self._count = 0

    def start(self, batch: Sequence[Image]) -> None:
        self._count = len(batch)
        for place, image in zip(self._input, batch, strict=False):
            if self._planar:
                cv2.split(image, tuple(place))
            else:
                place[...] = image
        self._input[len(batch) :] = 0
        self._request.start_async()

    def wait(self) -> None:
        self._request.wait()

    def result(self) -> tuple[npt.NDArray[Any], ...]:
        """Wait for the run and copy its outputs."""
        self._request.wait()
        return tuple(output[: self._count].copy() for output in self._outputs)


def _not_computed(wanted: str, found: str) -> DeviceError:
    return DeviceError(f"precision {wanted!r} was asked for, but this CPU computes in {found} instead; leave it out")


def _settle_precision(network: str, asked: str) -> str:
    """Return the precision of a network. Detectors stay in float32 when FaceMesh uses int8, in which they lose
    faces."""
    return "float32" if asked == "int8" and get_record(network).int8_path is None else asked


def _is_planar(network: str, *, quantized: bool) -> bool:
    """Whether images are passed as planes. Integer kernels always need channels last."""
    return prefers_blocked(network) and not quantized


def _convert(network: str, weights: str | None, batch_size: int, *, quantized: bool) -> Graph:
    """Convert our PyTorch module to OpenVINO's format, for one fixed batch."""
    import torch

    from facestream.engines.from_pixels import FromPixels

    size, planar = get_record(network).input_size, _is_planar(network, quantized=quantized)
    shape = (batch_size, 3, size, size) if planar else (batch_size, size, size, 3)
    example = torch.zeros(shape, dtype=torch.uint8)
    with torch.inference_mode(), warnings.catch_warnings():
        # OpenVINO traces modules in a way that PyTorch deprecates.
        warnings.simplefilter("ignore")
        model = ov.convert_model(
            FromPixels(network, weights, planar=planar, quantized=quantized).eval(),
            example_input=example,
            input=[([*shape], ov.Type.u8)],
        )
    with tempfile.TemporaryDirectory() as folder:
        xml, constants = Path(folder) / "graph.xml", Path(folder) / "graph.bin"
        ov.serialize(model, xml, constants)
        graph = xml.read_bytes()
        return Graph(prefer_blocked(graph) if planar else graph, constants.read_bytes())


def _key(network: str, digest: str, batch_size: int, *, quantized: bool) -> str:
    """Return the cache key, from everything that the graph depends on."""
    parts = (network, digest[:16], f"batch{batch_size}", f"form{GRAPH_FORM}", *(["int8"] if quantized else []))
    return "-".join([*parts, *(f"{name}{version(name)}" for name in ("facestream", "openvino", "torch"))])


def _settings(runtime: Runtime) -> dict[str, Any]:
    num_threads = runtime.num_threads or 0
    return {
        ov.properties.hint.inference_precision: TYPES[runtime.precision],
        ov.properties.hint.execution_mode: ov.properties.hint.ExecutionMode.ACCURACY,
        # Streams of one thread each, since the networks are too small to be divided among threads.
        ov.properties.inference_num_threads: num_threads,
        ov.properties.num_streams: num_threads or ov.properties.streams.Num.AUTO,
        # Two runs on one machine must not be pinned to the same core.
        ov.properties.hint.enable_cpu_pinning: False,
    }


def _read_precision(compiled: Any) -> str:
    if _computes_in_int8(compiled):
        return "int8"
    found = compiled.get_property(ov.properties.hint.inference_precision)
    return next((name for name, known in TYPES.items() if known == found), str(found))


def _computes_in_int8(compiled: Any) -> bool:
    """Whether most convolutions use int8 kernels."""
    infos = [node.get_rt_info() for node in compiled.get_runtime_model().get_ops()]
    kernels = [info["primitiveType"].astype(str) for info in infos if info["layerType"].astype(str) == "Convolution"]
    return 2 * [kernel.endswith("_I8") for kernel in kernels].count(True) > len(kernels)
