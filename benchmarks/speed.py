#!/usr/bin/env python3
"""Measure the speed of facestream, compared with MediaPipe's FaceMesh with tracking on the same files.

    python benchmarks/speed.py TRUTH_FOLDER [--json FILE] [--peer-python PATH] [--pairs N] [--only NAME ...]

Runs take turns, and only ratios within a turn count. Whole processes are timed from outside; the programs' own times
are given as well. The machine should be otherwise idle. Caches are warm: each program runs once before it is timed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import av

from bench import ROOT, Bench, show_progress
from facestream import DetectOptions, DeviceError, detect
from looping import loop_clip, scale_clip
from report import Answer, Bar, Figure, Result, print_table, write_json
from truth import NotThere, Truth

RESULTS = ROOT / "benchmarks" / "results" / "speed.json"
PEER_PYTHON = ROOT / ".peers" / "mediapipe" / "bin" / "python"
PEER_SCRIPT = ROOT / "benchmarks" / "peers" / "mediapipe_video.py"
LITERT_PYTHON = ROOT / ".peers" / "litert" / "bin" / "python"
LITERT_SCRIPT = ROOT / "benchmarks" / "peers" / "litert_mesh.py"
MEDIAPIPE_MESH = "lib/python*/site-packages/mediapipe/modules/face_landmark/face_landmark.tflite"

NUM_FRAMES = {"360p": 6000, "720p": 6000, "1080p": 3000, "2160p": 600}
"""Frames per clip: long enough to measure the processing and not the startup."""

SIZES = {"1080p": (1920, 1080, 8), "2160p": (3840, 2160, 35)}
"""Width, height, and the Mbit/s that YouTube recommends at 24 to 30 Hz
(https://support.google.com/youtube/answer/1722171)."""
NUM_PAIRS = 5

CLIP_360P = "videos/woman_expressions_360p23976_pexels.mp4"
CLIP_720P = "videos/lp_s18.mp4"
CLIP_CROWD = "videos/crowd_1080p25_facenet.mp4"
PICTURE = "golden_mediapipe/portrait.jpg"


@dataclass(frozen=True, slots=True)
class Run:
    """A process: its wall-clock time, and the JSON that it printed."""

    seconds: float
    result: dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the speed of facestream compared with MediaPipe.")
    parser.add_argument("truth", type=Path, help="the folder of ground truth (benchmarks/README.md)")
    parser.add_argument("--json", type=Path, help="output file (default: benchmarks/results/speed.json)")
    parser.add_argument("--peer-python", type=Path, default=PEER_PYTHON, help="the Python of MediaPipe's environment")
    parser.add_argument("--pairs", type=int, default=NUM_PAIRS, help="number of times the two take turns")
    parser.add_argument(
        "--only", nargs="+", choices=QUESTIONS, help="only these questions; writes JSON only with --json"
    )
    arguments = parser.parse_args()
    bench = Bench(Truth(arguments.truth), arguments.peer_python)
    results = []
    for name in arguments.only or QUESTIONS:
        question, measure = QUESTIONS[name]
        show_progress(f"{name} ...")
        started = time.perf_counter()
        try:
            answer, skipped = measure(bench, arguments.pairs), None
        except NotThere as error:
            answer, skipped = Answer(()), str(error)
        seconds = time.perf_counter() - started
        results.append(Result(name=name, question=question, seconds=seconds, answer=answer, skipped=skipped))
    print_table(results)
    target = arguments.json or (None if arguments.only else RESULTS)
    if target:
        write_json(target, results)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipTarget:
    """A clip and its targets."""

    clip: str
    size: str
    """The name of the frame size; the 720p clip is scaled to larger sizes."""
    ratio: float | None = None
    """Speed relative to MediaPipe."""
    fps: float | None = None
    of_decoding: float | None = None
    """Speed relative to decoding alone."""
    with_boxes: bool = False


def measure_clip(target: ClipTarget, bench: Bench, num_pairs: int) -> Answer:
    """``facestream mesh`` and MediaPipe on a clip of 2,000 frames or more."""
    if not bench.peer_python.exists():
        raise NotThere("MediaPipe is not installed: benchmarks/peers/install.sh mediapipe")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = bench.truth.path(target.clip)
        long_clip = _long_clip(source, target.size, folder)
        command = [sys.executable, "-m", "facestream", "mesh", str(long_clip), "-o", str(folder), "--device", "cpu"]
        if target.with_boxes:
            detect(long_clip, folder / "boxes.stream", DetectOptions(device="cpu"))
            command += ["--boxes", str(folder / "boxes.stream")]
        command += ["--json", "--quiet"]
        peer_command = [str(bench.peer_python), str(PEER_SCRIPT), str(long_clip)]
        _run(command)
        decoding_fps = _decode(long_clip)
        rows = []
        for _ in range(num_pairs):
            ours, peer = _run(command), _run(peer_command)
            rows.append(
                {
                    "frames": ours.result["frames"],
                    "seconds": ours.seconds,
                    "own_seconds": ours.result["seconds"],
                    "peer_seconds": peer.seconds,
                    "peer_own_seconds": peer.result["seconds"],
                    "peer_frames_with_face": peer.result["frames_with_face"],
                }
            )
            show_progress(f"  {ours.seconds:.1f} s, MediaPipe {peer.seconds:.1f} s")
    num_frames = rows[0]["frames"]
    own_fps = num_frames / median(row["own_seconds"] for row in rows)
    figures = [
        Figure(
            label="times MediaPipe's speed, whole processes",
            value=median(row["peer_seconds"] / row["seconds"] for row in rows),
            bar=Bar("≥", target.ratio) if target.ratio else None,
        ),
        Figure(
            label="times MediaPipe's speed, by their own seconds",
            value=median(row["peer_own_seconds"] / row["own_seconds"] for row in rows),
        ),
        Figure(
            label="whole process",
            value=num_frames / median(row["seconds"] for row in rows),
            unit="frames/s",
            digits=0,
            bar=Bar("≥", target.fps) if target.fps else None,
        ),
        Figure(
            label="MediaPipe's",
            value=num_frames / median(row["peer_seconds"] for row in rows),
            unit="frames/s",
            digits=0,
        ),
        Figure(
            label="of the speed of decoding alone",
            value=own_fps / decoding_fps,
            bar=Bar("≥", target.of_decoding) if target.of_decoding else None,
        ),
    ]
    return Answer(figures, rows, [f"{source.name}, {num_frames} frames, the median of {num_pairs} pairs"])


def measure_network(bench: Bench, num_pairs: int) -> Answer:
    """FaceMesh with OpenVINO, compared with LiteRT with XNNPACK and with the machine's matrix multiplication."""
    from network import Network

    models = sorted(bench.peer_python.parents[1].glob(MEDIAPIPE_MESH))
    if not LITERT_PYTHON.exists() or not models:
        raise NotThere("LiteRT or MediaPipe is not installed: benchmarks/peers/install.sh litert, mediapipe")
    network = Network("facemesh", num_threads=2)
    rows = []
    for _ in range(num_pairs):
        result = _run([str(LITERT_PYTHON), str(LITERT_SCRIPT), str(models[0]), "1280", "2"]).result
        rows.append(
            {
                "images_per_second": network.images_per_second(32),
                "litert_images_per_second": result["images_per_second"],
                "matmul_gflops": network.matmul_gflops(),
            }
        )
    ours = median(row["images_per_second"] for row in rows)
    gflops = ours * network.num_multiplications * 2 / 1e9
    ratio = median(row["images_per_second"] / row["litert_images_per_second"] for row in rows)
    return Answer(
        [
            Figure(label="times LiteRT's speed", value=ratio, bar=Bar("≥", 1.3)),
            Figure(label="OpenVINO", value=ours, unit="images/s", digits=0),
            Figure(
                label="LiteRT, the better one of batches of 1 and 32",
                value=median(row["litert_images_per_second"] for row in rows),
                unit="images/s",
                digits=0,
            ),
            Figure(
                label="one image", value=network.num_multiplications / 1e6, unit="million multiplications", digits=1
            ),
            Figure(label="that is", value=gflops, unit="GFLOP/s", digits=0),
            Figure(
                label="of what PyTorch reaches with matrices of 2048 x 2048",
                value=gflops / median(row["matmul_gflops"] for row in rows),
            ),
        ],
        rows,
    )


def measure_precisions(_: Bench, num_pairs: int) -> Answer:
    """FaceMesh in lower precisions, compared with float32."""
    from network import Network

    exact = Network("facemesh", num_threads=2)
    figures, rows, notes = [], list[dict[str, Any]](), []
    for precision in ("bf16", "fp16", "int8"):
        try:
            less = Network("facemesh", num_threads=2, precision=precision)
        except DeviceError as error:
            notes.append(f"{precision} not measured: {error}")
            continue
        pairs = [(less.images_per_second(32), exact.images_per_second(32)) for _ in range(num_pairs)]
        rows += [{"precision": precision, "images_per_second": a, "float32_images_per_second": b} for a, b in pairs]
        figures.append(Figure(label=f"{precision}, times the speed in float32", value=median(a / b for a, b in pairs)))
    return Answer(figures, rows, notes)


def measure_cuda(bench: Bench, _: int) -> Answer:
    """The performance of a CUDA device, if there is one."""
    import torch

    from gpu import measure_gpu

    if not torch.cuda.is_available():
        raise NotThere("there is no CUDA device")
    with tempfile.TemporaryDirectory() as name:
        clips = {"360p": CLIP_360P, "1080p": CLIP_720P}
        answer = measure_gpu(
            "cuda", {size: _long_clip(bench.truth.path(clip), size, Path(name)) for size, clip in clips.items()}
        )
    return Answer(answer.figures, answer.rows, [f"on {torch.cuda.get_device_name()}"])


def measure_memory(bench: Bench, _: int) -> Answer:
    """The peak resident memory for a clip and for one three times as long."""
    source = bench.truth.path(CLIP_720P)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size in SIZES:
            for times in (1, 3):
                clip = _long_clip(source, size, folder, NUM_FRAMES[size] * times // 3)
                command = [sys.executable, "-m", "facestream", "mesh", str(clip), "-o", str(folder), "--device", "cpu"]
                script = (
                    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
                    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
                )
                output = subprocess.check_output([sys.executable, "-c", script, *command, "--quiet"], text=True)
                rows.append({"size": size, "times": times, "peak_mb": int(output.split()[-1]) * 1024 / 1e6})
                clip.unlink()
    peaks = {(row["size"], row["times"]): row["peak_mb"] for row in rows}
    bars = {"1080p": 700, "2160p": 900}
    figures = [
        Figure(label=f"{size} peak", value=peaks[size, 3], unit="MB", digits=0, bar=Bar("≤", bars[size]))
        for size in SIZES
    ]
    figures += [
        Figure(label=f"{size}, of the peak of a third of it", value=peaks[size, 3] / peaks[size, 1], bar=Bar("≤", 1.1))
        for size in SIZES
    ]
    return Answer(figures, rows)


def measure_starts(bench: Bench, num_pairs: int) -> Answer:
    """The time of short commands."""
    picture = bench.truth.path(PICTURE)
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            "one picture": ["mesh", str(picture), "-o", folder, "--device", "cpu", "--json", "--quiet"],
            "--help": ["--help"],
        }
        seconds: dict[str, list[float]] = {}
        for label, words in commands.items():
            command = [sys.executable, "-m", "facestream", *words]
            seconds[label] = [_time(command) for _ in range(num_pairs + 1)][1:]
    bars = {"one picture": 1.5, "--help": 0.3}
    return Answer(
        [
            Figure(label=label, value=median(values), unit="s", bar=Bar("≤", bars[label]))
            for label, values in seconds.items()
        ],
        [{"what": label, "seconds": value} for label, values in seconds.items() for value in values],
    )


QUESTIONS: dict[str, tuple[str, Callable[[Bench, int], Answer]]] = {
    "360p": (
        "a talking head at 640 x 360",
        partial(measure_clip, ClipTarget(clip=CLIP_360P, size="360p", ratio=2.0, fps=225)),
    ),
    "720p": ("a talking head at 1280 x 720", partial(measure_clip, ClipTarget(clip=CLIP_720P, size="720p", ratio=2.0))),
    "1080p": (
        "the same, scaled to 1920 x 1080",
        partial(measure_clip, ClipTarget(clip=CLIP_720P, size="1080p", ratio=2.0, of_decoding=0.6)),
    ),
    "boxes-360p": (
        "the 360p clip, its boxes given",
        partial(measure_clip, ClipTarget(clip=CLIP_360P, size="360p", ratio=2.2, with_boxes=True)),
    ),
    "crowd-1080p": (
        "a street of small faces at 1920 x 1080, of which MediaPipe finds none",
        partial(measure_clip, ClipTarget(clip=CLIP_CROWD, size="crowd")),
    ),
    "network": ("FaceMesh alone, two threads, 32 images at a time", measure_network),
    "precision": ("FaceMesh alone in less precision", measure_precisions),
    "memory": ("peak memory of whole processes", measure_memory),
    "cuda": ("FaceMesh alone and whole jobs on a CUDA device", measure_cuda),
    "starts": ("a second start, whole processes", measure_starts),
}


def _long_clip(source: Path, size: str, folder: Path, num_frames: int | None = None) -> Path:
    """Make a clip of this size and length."""
    target = folder / f"{size}{source.suffix}"
    if size in SIZES:
        source = scale_clip(source, folder / f"scaled-{size}.mp4", *SIZES[size])
    return loop_clip(source, target, num_frames or NUM_FRAMES.get(size, 2000))


def _run(command: list[str]) -> Run:
    started = time.perf_counter()
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if run.returncode:
        raise RuntimeError(f"{command[0]} ended with status {run.returncode}: {run.stderr.strip()[-500:]}")
    return Run(seconds, json.loads(run.stdout.splitlines()[-1]))


def _time(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - started


def _decode(clip: Path) -> float:
    """Return the frame rate of the decoder alone, without conversion: the best of one and two threads per core."""
    num_cores = os.cpu_count() or 1
    return max(_decode_with(clip, num_threads) for num_threads in (num_cores, 2 * num_cores))


def _decode_with(clip: Path, num_threads: int) -> float:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = num_threads
        started = time.perf_counter()
        num_frames = sum(1 for _ in container.decode(stream))
        return num_frames / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
