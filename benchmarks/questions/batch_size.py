"""Streams written with different batch sizes: are they the same bits?"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench import ROOT, Bench
from facestream import MeshOptions, extract, read_stream
from report import Answer, Bar, Figure
from truth import NotThere

TEXT = "values of a stream that change with the batch size"

BATCH_SIZES = (1, 7, 50)


def measure(bench: Bench) -> Answer:
    clip = _clip(bench)
    streams = {size: _stream_bits(clip, size) for size in BATCH_SIZES}
    first = streams[BATCH_SIZES[0]]
    rows = [
        {
            "batch_size": size,
            "rows": len(bits),
            "values_that_differ": int((bits != first).sum()) if bits.shape == first.shape else max(bits.size, 1),
        }
        for size, bits in streams.items()
    ]
    num_different = sum(row["values_that_differ"] for row in rows)
    return Answer(
        [
            Figure(label="values that differ", value=num_different, digits=0, bar=Bar("=", 0)),
            Figure(label="rows", value=len(first), digits=0),
        ],
        rows,
        [f"{clip.name} with batches of {', '.join(map(str, BATCH_SIZES))} frames"],
    )


def _clip(bench: Bench) -> Path:
    try:
        return bench.truth.path("videos/carphone_qcif2997.mp4")
    except NotThere:
        return ROOT / "samples" / "astronaut.mp4"


def _stream_bits(clip: Path, batch_size: int) -> npt.NDArray[np.uint32]:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "mesh.stream"
        extract(clip, target, MeshOptions(batch_size=batch_size, device="cpu"))
        return np.array(read_stream(target).data, dtype=np.float32).view(np.uint32)
