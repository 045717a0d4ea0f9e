"""FaceMesh alone and whole jobs on a CUDA device: faces and frames per second, the time of each stage, and memory."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from facestream import MeshOptions, extract
from facestream.engines import Runtime, open_engine
from facestream.models import get_record
from report import Answer, Bar, Figure

__all__ = ["BATCHES", "measure_gpu"]

BATCHES = (1, 8, 32, 128, 512)
PRECISION = "fp16"
SECONDS = 2.0
"""Each figure of the network is measured for at least this long."""


def measure_gpu(
    device: str, clips: dict[str, Path], *, precision: str = PRECISION, batches: tuple[int, ...] = BATCHES
) -> Answer:
    """Measure FaceMesh and whole jobs. ``clips`` maps names of sizes to long clips; the target applies to the first."""
    rates = {batch: faces_per_second(device, precision, batch) for batch in batches}
    rows: list[dict[str, Any]] = [{"batch": batch, "faces_per_second": rate} for batch, rate in rates.items()]
    figures = [
        Figure(label=f"{batch} at a time", value=rate, unit="faces/s", digits=0)
        for batch, rate in rates.items()
        if rate < max(rates.values())
    ]
    best = max(rates, key=lambda batch: rates[batch])
    label = f"FaceMesh alone in {precision}, {best} at a time"
    figures.insert(0, Figure(label=label, value=rates[best], unit="faces/s", digits=0, bar=Bar("≥", 100_000)))
    for size, clip in clips.items():
        row = _job(clip, device, precision)
        rows.append({"clip": size, **row})
        bar = Bar("≥", 2000) if size == next(iter(clips)) else None
        figures += [
            Figure(label=f"{size}, whole job", value=row["frames_per_second"], unit="frames/s", digits=0, bar=bar),
            *(Figure(label=f"{size}, {name}", value=ms, unit="ms a frame") for name, ms in row["stages_ms"].items()),
            Figure(label=f"{size}, memory on the device", value=row["device_mb"], unit="MB", digits=0),
        ]
    return Answer(figures, rows)


def faces_per_second(device: str, precision: str, batch: int) -> float:
    """Run images that are already on the device through the network; results are copied back."""
    engine = open_engine("facemesh", Runtime("torch", device, precision))
    engine.batch_size = batch
    size = get_record("facemesh").input_size
    images = list(torch.randint(0, 256, (batch, size, size, 3), dtype=torch.uint8, device=device))
    given: list[Any] = images if device == "cuda" else [image.numpy() for image in images]
    given *= max(1, 512 // batch)
    engine.run(given)
    num_runs, started = 0, time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        engine.run(given)
        num_runs += 1
    return num_runs * len(given) / (time.perf_counter() - started)


def _job(clip: Path, device: str, precision: str) -> dict[str, Any]:
    """Return the figures of a second run of ``facestream mesh --profile`` over a clip."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            options = MeshOptions(device=device, engine="torch", precision=precision, profile=True)
            summary = extract(clip, folder, options)
    return {
        "frames": summary.num_frames,
        "frames_per_second": summary.num_frames / summary.seconds,
        "stages_ms": {stage.name: 1000 * stage.seconds / summary.num_frames for stage in summary.stages},
        "device_mb": torch.cuda.max_memory_reserved() / 1e6 if device == "cuda" else float("nan"),
    }
