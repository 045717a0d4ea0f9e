"""Read the official TFLite files into the state dicts of our networks."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
import tflite

from facestream.errors import WeightsError

__all__ = ["read_tflite_state"]

Layers = Iterator[tuple[str, str]]
"""Pairs of a module's path in our network and the layer's name in the TFLite graph."""


def read_tflite_state(data: bytes, network: str) -> dict[str, np.ndarray]:
    """The constants of a TFLite file under the names of our network's state dict, in the type that they were stored in.

    ``network`` is a name of the registry.

    Raises:
        WeightsError: the bytes are no TFLite model, or one without the layers of that network.
    """
    try:
        constants = _read_constants(data)
    except (struct.error, ValueError, IndexError, TypeError, AttributeError) as error:
        raise WeightsError(f"the TFLite file is damaged ({error})") from error
    state: dict[str, np.ndarray] = {}
    for module, layer in _LAYERS[network]():
        if f"{layer}/Alpha" in constants:
            state[f"{module}.weight"] = constants.pop(f"{layer}/Alpha").reshape(-1)
            continue
        try:
            kernel = constants.pop(f"{layer}/Kernel")
            bias = constants.pop(f"{layer}/Bias")
        except KeyError as error:
            raise WeightsError(f"the TFLite file has no layer {error.args[0]}; it is not a {network} network") from None
        # A depthwise kernel goes from 1, H, W, C to C, 1, H, W; any other one from O, H, W, I to O, I, H, W.
        axes = (3, 0, 1, 2) if "depthwise" in layer else (0, 3, 1, 2)
        state[f"{module}.weight"] = np.ascontiguousarray(kernel.transpose(axes))
        state[f"{module}.bias"] = bias
    if constants:
        raise WeightsError(f"the TFLite file has layers that a {network} network lacks, such as {min(constants)}")
    return state


def _read_constants(data: bytes) -> dict[str, np.ndarray]:
    """Return every floating-point constant of the graph by name."""
    if data[4:8] != b"TFL3":
        raise WeightsError("not a TFLite file: the marker TFL3 is missing")
    model = tflite.Model.GetRootAsModel(data, 0)
    graph = model.Subgraphs(0)
    dtypes = {tflite.TensorType.FLOAT16: np.dtype("<f2"), tflite.TensorType.FLOAT32: np.dtype("<f4")}
    constants: dict[str, np.ndarray] = {}
    for index in range(graph.TensorsLength()):
        tensor = graph.Tensors(index)
        buffer = model.Buffers(tensor.Buffer())
        if tensor.Type() in dtypes and buffer.DataLength():
            values = buffer.DataAsNumpy().view(dtypes[tensor.Type()])
            constants[tensor.Name().decode()] = values.reshape(tensor.ShapeAsNumpy()).copy()
    return constants


def _numbered(layer: str, number: int) -> str:
    """Keras omits the number of the first layer of each kind."""
    return f"{layer}_{number}" if number else layer


def _facemesh_layers() -> Layers:
    def block(path: str, depthwise: int, pointwise: int, prelu: int) -> Layers:
        yield f"{path}.depthwise", f"depthwise_conv2d_{depthwise}"
        yield f"{path}.pointwise", f"conv2d_{pointwise}"
        yield f"{path}.activation", f"p_re_lu_{prelu}"

    yield "stem.0", "conv2d_1"
    yield "stem.1", "p_re_lu_1"
    for i in range(14):
        yield from block(f"backbone.{i}", i + 1, i + 2, i + 2)
    for i in range(3):
        yield from block(f"landmark_head.{i}", i + 15, i + 16, i + 16)
    yield "landmark_head.3", "conv2d_19"
    yield "landmark_head.4", "p_re_lu_19"
    yield from block("landmark_head.5", 18, 20, 20)
    yield "landmark_head.6", "conv2d_21"
    yield from block("presence_head.0", 23, 28, 26)
    yield "presence_head.1", "conv2d_29"
    yield "presence_head.2", "p_re_lu_27"
    yield from block("presence_head.3", 24, 30, 28)
    yield "presence_head.4", "conv2d_31"


def _blazeface_blocks(path: str, first: int, count: int) -> Layers:
    for i in range(count):
        yield f"{path}.{i}.depthwise", _numbered("depthwise_conv2d", first + i)
        yield f"{path}.{i}.pointwise", f"conv2d_{first + i + 1}"


def _blazeface_heads(strides: tuple[int, int]) -> Layers:
    for cells, stride in zip((16, 8), strides, strict=True):
        yield f"classifier_{cells}", f"classificator_{stride}"
        yield f"regressor_{cells}", f"regressor_{stride}"


def _blazeface_back_layers() -> Layers:
    yield "stem.0", "conv2d"
    yield from _blazeface_blocks("backbone_16", 0, 31)
    yield "backbone_8.0", "separable_conv2d__xeno_compat__depthwise"
    yield "backbone_8.1", "separable_conv2d"
    yield from _blazeface_heads((16, 32))


def _blazeface_front_layers() -> Layers:
    yield "stem.0", "conv2d"
    yield from _blazeface_blocks("backbone_16", 0, 11)
    yield from _blazeface_blocks("backbone_8", 11, 5)
    yield from _blazeface_heads((8, 16))


_LAYERS = {
    "facemesh": _facemesh_layers,
    "blazeface-back": _blazeface_back_layers,
    "blazeface-front": _blazeface_front_layers,
}
