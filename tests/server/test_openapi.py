"""The API keeps what its description says, whatever is sent: schemathesis asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import requests

from tests.conftest import ROOT
from tests.media.clips import remux
from tests.server.running import RunningServer

LEFT_OUT = "positive_data_acceptance,ensure_resource_availability"
"""That whatever fits the description is done: which files and modules there are is not for it to say. And that a job
that was created stays until it is deleted: one that runs again gets another number."""


def test_schemathesis_finds_nothing(sample: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    remux(sample, folder / "clip.mp4", num_packets=30)
    (folder / "notes.txt").write_text("no video")
    with RunningServer(folder, tmp_path / "state") as server:
        command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.url}/api/v1/openapi.json"]
        # It waits for the end of answers, and that one has none.
        command += ["--exclude-path", "/api/v1/events"]
        command += [
            "--checks",
            "all",
            "--exclude-checks",
            LEFT_OUT,
            "--max-examples",
            "30",
            "--generation-deterministic",
            "--no-color",
        ]
        run = subprocess.run(
            command,
            env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.server.schemathesis_hooks", "PYTHONPATH": str(ROOT)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
        counts = requests.get(f"{server.url}/api/v1/jobs", timeout=60).json()["counts"]
        assert sum(counts.values()) > 3, "it came as far as jobs"
    assert not any("Traceback" in line for line in server.output), server.output
