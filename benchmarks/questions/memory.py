"""Peak memory of a whole run: for a long clip compared with its beginning, and for large frames.

The peak is the maximum resident set size of a ``facestream mesh`` process with default options, as reported by the
operating system.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from bench import Bench, show_progress
from faces import read_picture
from report import Answer, Bar, Figure
from truth import NotThere

TEXT = "peak memory of a run, for 200 s of video against its first 20 s, and for a 4K clip"

LONG_CLIP = "videos/franck_talkingface_288p24_200s.mp4"
NUM_BEGINNING_FRAMES = 480

LARGE_SIZE = (3840, 2160)
NUM_LARGE_FRAMES = 60
LARGE_RATE_HZ = 30

NUM_RUNS = 3
"""Runs per clip. The order in which threads run shifts the peak by a few percent, so the median is used."""

RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024

PEAK_OF_CHILD = """
import os, sys

pid = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
print(usage.ru_maxrss, flush=True)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""A child inherits the peak of the process that it was forked from, so a small process must start the run."""


def measure(bench: Bench) -> Answer:
    if not hasattr(os, "wait4"):
        raise NotThere("this system does not report the peak memory of a process")
    long_clip = bench.truth.path(LONG_CLIP)
    portrait = read_picture(bench.truth.portrait())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        beginning = _cut(long_clip, folder / f"beginning{long_clip.suffix}", NUM_BEGINNING_FRAMES)
        large = _write_large_clip(folder / "large.mp4", portrait)
        clips = {"20 s": beginning, "200 s": long_clip, "4K": large}
        # The first start converts the networks, and the result is cached.
        _run("first start", beginning, folder)
        # Take turns, so that changes on the machine affect all clips equally.
        rows = [_run(label, clip, folder) for _ in range(NUM_RUNS) for label, clip in clips.items()]
    peaks_mb = {label: median(row["peak_mb"] for row in rows if row["clip"] == label) for label in clips}
    return Answer(
        [
            Figure(
                label="peak of 200 s over peak of 20 s",
                value=peaks_mb["200 s"] / peaks_mb["20 s"],
                digits=3,
                bar=Bar("≤", 1.05),
            ),
            Figure(label="peak of a 4K clip", value=peaks_mb["4K"], unit="MB", digits=0, bar=Bar("≤", 900)),
            Figure(label="peak of 20 s", value=peaks_mb["20 s"], unit="MB", digits=0),
            Figure(label="peak of 200 s", value=peaks_mb["200 s"], unit="MB", digits=0),
        ],
        rows,
        [
            f"MB are 10^6 bytes, the median of {NUM_RUNS} runs",
            "the decoder takes more memory where there are more CPUs",
        ],
    )


def _run(label: str, clip: Path, folder: Path) -> dict[str, Any]:
    """Run the command line once, in a separate process."""
    command = [sys.executable, "-m", "facestream", "mesh", str(clip), "-o", str(folder), "--device", "cpu", "--json"]
    # Use default options and threads, regardless of the environment of the benchmark.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("FACESTREAM_", "OMP_"))}
    run = subprocess.run(
        [sys.executable, "-c", PEAK_OF_CHILD, *command, "--quiet"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise RuntimeError(f"facestream ended with status {run.returncode}: {run.stderr.strip()}")
    summary, peak = run.stdout.splitlines()
    row = {"clip": label, "frames": json.loads(summary)["frames"], "peak_mb": int(peak) * RSS_UNIT_BYTES / 1e6}
    show_progress(f"  {label}: {row['frames']} frames, {row['peak_mb']:.0f} MB")
    return row


def _cut(source: Path, target: Path, num_packets: int) -> Path:
    """Copy the first packets of a clip."""
    with av.open(str(source)) as reader, av.open(str(target), "w") as writer:
        old = reader.streams.video[0]
        new = writer.add_stream_from_template(old)
        for packet in islice(reader.demux(old), num_packets):
            packet.stream = new
            writer.mux(packet)
    return target


def _write_large_clip(target: Path, picture: npt.NDArray[np.uint8]) -> Path:
    """Write an H.264 clip of the picture at full height, moving in a small circle."""
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=LARGE_RATE_HZ)
        stream.width, stream.height = LARGE_SIZE
        stream.pix_fmt = "yuv420p"
        for image in _large_frames(picture):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return target


def _large_frames(picture: npt.NDArray[np.uint8]) -> Iterator[npt.NDArray[np.uint8]]:
    width, height = LARGE_SIZE
    scale = height / picture.shape[0]
    left = (width - scale * picture.shape[1]) / 2
    radius = height / 50
    for index in range(NUM_LARGE_FRAMES):
        angle = 2 * math.pi * index / NUM_LARGE_FRAMES
        shift = (left + radius * math.cos(angle), radius * math.sin(angle))
        matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        moved = cv2.warpAffine(picture, matrix, LARGE_SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        yield np.asarray(moved, dtype=np.uint8)
