#!/usr/bin/env python3
"""Make ``litert_*.npz``: what LiteRT computes with the official TFLite files.

    python tests/golden/make_litert_goldens.py FOLDER_OF_WHEELS

Inputs are crops of the sample clip, cut by its recorded camera, and noise; both are stored as uint8, the networks saw
them in the pixel range of the registry. The folder may be empty; the two wheels are then downloaded into it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from facestream.models import WEIGHTS, WeightsRecord

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tools"))

FRAMES = (10, 60, 110)
KERNELS = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
"""LiteRT's own: they round raw boxes of hundreds of pixels by 0.3e-3, its XNNPACK delegate by 1.1e-3."""

FACE_IN_PICTURE = (223.0, 118.0, 190.0)
"""Centre and side of a crop around the face, in the picture that the clip was made of."""


def read_sample() -> tuple[list[npt.NDArray[np.uint8]], list[npt.NDArray[np.float64]]]:
    """The chosen frames of the sample clip and the camera's matrices."""
    truth = json.loads((ROOT / "samples" / "astronaut.json").read_text())
    with av.open(str(ROOT / "samples" / "astronaut.mp4")) as container:
        frames = [frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in container.decode(video=0)]
    return [frames[i] for i in FRAMES], [np.array(truth["matrices"][i]) for i in FRAMES]


def make_inputs(record: WeightsRecord) -> npt.NDArray[np.uint8]:
    """Three real images and one of noise, (4, S, S, 3)."""
    size = record.input_size
    frames, matrices = read_sample()
    images = []
    for frame, matrix in zip(frames, matrices, strict=True):
        if record.name == "facemesh":
            x, y, side = FACE_IN_PICTURE
            corners = np.array(
                [[x - side / 2, y - side / 2], [x + side / 2, y - side / 2], [x - side / 2, y + side / 2]]
            )
            source = (corners @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
            target = np.array([[0, 0], [size, 0], [0, size]], dtype=np.float32)
            images.append(cv2.warpAffine(frame, cv2.getAffineTransform(source, target), (size, size)))
        else:
            square = np.zeros((480, 480, 3), np.uint8)
            square[60:420] = frame
            images.append(cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA))
    images.append(np.random.default_rng(7).integers(0, 256, (size, size, 3), dtype=np.uint8))
    return np.stack(images).astype(np.uint8)


def run_litert(record: WeightsRecord, data: bytes, images: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[Any]]:
    """The raw outputs by the number of values that an image has."""
    interpreter = Interpreter(model_content=data, experimental_op_resolver_type=KERNELS)
    interpreter.allocate_tensors()
    low, high = record.pixel_range
    outputs: dict[str, list[npt.NDArray[Any]]] = {}
    for image in images:
        pixels = (image[None].astype(np.float32) / 255.0) * (high - low) + low
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels.astype(np.float32))
        interpreter.invoke()
        for detail in interpreter.get_output_details():
            values = interpreter.get_tensor(detail["index"])
            outputs.setdefault(f"output_{values.size}", []).append(values.reshape(-1))
    return {name: np.stack(values) for name, values in outputs.items()}


def main() -> None:
    from convert_weights import read_original

    for record in WEIGHTS.values():
        images = make_inputs(record)
        outputs = run_litert(record, read_original(record, Path(sys.argv[1])), images)
        target = HERE / f"litert_{record.name}.npz"
        arrays: dict[str, Any] = {"images": images, **outputs}
        np.savez_compressed(target, **arrays)
        print(f"{target.name}: {target.stat().st_size} bytes, {', '.join(outputs)}")


if __name__ == "__main__":
    main()
