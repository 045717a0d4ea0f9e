"""A clip with a variable frame rate, written at a constant rate: does each row hold the frame nearest in time?"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from bench import Bench
from facestream import MeshOptions, extract, read_stream
from facestream.media.source import open_source
from report import Answer, Bar, Figure

TEXT = "how far rows of --rate 25 are off their frames in a clip with a variable frame rate"

CLIP = "videos/face_then_none_540p_hevc_vfr.mov"
RATE_HZ = 25.0


def measure(bench: Bench) -> Answer:
    clip = bench.truth.path(CLIP)
    frames_s = np.array([frame.timestamp_s for frame in open_source(clip)])
    with tempfile.TemporaryDirectory() as folder:
        options = MeshOptions(device="cpu", rate_hz=RATE_HZ, formats=("stream", "npz"))
        extract(clip, folder, options)
        (npz,), (header,) = Path(folder).glob("*.npz"), Path(folder).glob("*.stream")
        stream = read_stream(header)
        with np.load(npz) as archive:
            rows_s, frames = archive["timestamps_s"], archive["frames"]
    off_s = np.abs(rows_s - frames_s[0] - np.arange(len(rows_s)) / stream.rate_hz)
    # A frame lasts from its own timestamp to that of the next frame.
    gaps_s = np.diff(frames_s, append=2 * frames_s[-1] - frames_s[-2])
    longest_s = np.maximum(gaps_s, np.roll(gaps_s, 1))[frames]
    return Answer(
        [
            Figure(label="worst row", value=float((off_s / longest_s).max()), unit="frames", bar=Bar("≤", 0.5)),
            Figure(label="in time", value=float(off_s.max()) * 1000, unit="ms"),
            Figure(
                label="timestamps in the npz that are not their frame's",
                value=int((rows_s != frames_s[frames]).sum()),
                digits=0,
                bar=Bar("=", 0),
            ),
            Figure(label="rows", value=len(stream.data), digits=0),
        ],
        [],
        [f"{clip.name}: {len(frames_s)} frames"],
    )
