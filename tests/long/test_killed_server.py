"""A server that is killed again and again under a queue: every job ends, and every output is whole."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import numpy as np
import pytest

from facestream import MeshOptions, extract, read_stream
from tests.media.clips import remux
from tests.server.running import RunningServer

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc"),
]

NUM_JOBS, NUM_KILLS = 50, 20


def test_no_job_is_lost_and_no_file_is_half(tmp_path: Path, sample: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    clip = remux(sample, data / "clip.mp4", num_packets=60)
    extract(clip, tmp_path / "expected.stream", MeshOptions())
    expected = read_stream(tmp_path / "expected.stream").data
    keys = [f"job{number}" for number in range(NUM_JOBS)]
    chance = random.Random(5)  # noqa: S311
    with RunningServer(data, tmp_path / "state") as server:
        for key in keys:
            entries = [
                {"src": "file:stream:video", "type": "input", "id": "data", "uri": "clip.mp4"},
                {"src": "file:stream:ssistream", "type": "output", "id": "landmarks", "uri": f"{key}.stream"},
            ]
            form = {"jobID": key, "trainerFilePath": "facemesh/facemesh.trainer", "data": json.dumps(entries)}
            assert server.post("/process", data=form).text == '{"success":"True"}\n'
        for _ in range(NUM_KILLS):
            time.sleep(chance.uniform(0.0, 1.5))
            server.kill()
            server.start()
        for key in keys:
            assert server.wait(key, seconds=300) == 2, server.log(key)
            # Each server begins a job once at most.
            log = server.log(key)
            assert log.count("Trainer successfully loaded.") <= 1 + NUM_KILLS
            assert log.endswith("Processing completed!\n")
            np.testing.assert_array_equal(read_stream(data / f"{key}.stream").data, expected)
    names = {path.name for path in data.iterdir()}
    assert names == {"clip.mp4", *(f"{key}.stream{end}" for key in keys for end in ("", "~"))}
