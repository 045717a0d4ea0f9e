"""The rest of what Ray is used for: long videos, clusters that do not fit, and the jobs of the server."""

from __future__ import annotations

import filecmp
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from looping import loop_clip

import facestream
from tests.conftest import ROOT
from tests.long.ray_cluster import RayCluster, loopback_only
from tests.server.running import RunningServer

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    pytest.importorskip("ray")
    with loopback_only(), RayCluster() as running:
        yield running


def batch(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "facestream", "batch", *words], capture_output=True, text=True, timeout=300, check=False
    )


def test_one_long_video_uses_all_nodes(cluster: RayCluster, sample: Path, tmp_path: Path) -> None:
    clip = loop_clip(sample, tmp_path / "long.mp4", 3000)
    run = batch(str(clip), "--out", str(tmp_path / "parts"), f"--ray={cluster.address}", "--split", "6")
    assert run.returncode == 0, run.stderr
    assert "divided into 6 segments" in (tmp_path / "parts" / "facestream-batch" / "log.txt").read_text()
    (tmp_path / "whole").mkdir()
    facestream.extract(clip, tmp_path / "whole")
    for name in ("long.facemesh.stream", "long.facemesh.stream~"):
        assert filecmp.cmp(tmp_path / "parts" / name, tmp_path / "whole" / name, shallow=False)


def test_jobs_of_the_server_run_there(cluster: RayCluster, sample: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    shutil.copyfile(sample, data / "clip.mp4")
    options = ("--executor", "ray", "--ray-address", cluster.address)
    entries = [
        {"src": "file:stream:video", "type": "input", "id": "input_data", "uri": "clip.mp4"},
        {"src": "file:stream:ssiStream", "type": "output", "id": "output_stream", "uri": "mesh.stream"},
    ]
    with RunningServer(data, tmp_path / "state", *options) as server:
        form = {"jobID": "a", "trainerFilePath": "facemesh/facemesh.trainer", "data": json.dumps(entries)}
        assert server.post("/process", data=form).json() == {"success": "True"}
        assert server.wait("a") == 2, server.log("a")
        assert "150" in server.log("a")
        entries[0]["uri"] = "none.mp4"
        server.post("/process", data={**form, "jobID": "b", "data": json.dumps(entries)})
        assert server.wait("b") == 3
        assert "none.mp4" in server.log("b")
    facestream.extract(sample, tmp_path / "single.stream")
    assert (data / "mesh.stream~").read_bytes() == (tmp_path / "single.stream~").read_bytes()


def test_a_server_says_that_its_cluster_does_not_answer(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "facestream", "serve", "--port", "0", "--data-dir", str(tmp_path)]
    command += ["--state-dir", str(tmp_path / ".." / "state"), "--executor", "ray", "--ray-address", "127.0.0.1:9"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert "the Ray cluster 127.0.0.1:9 does not answer" in line


@pytest.mark.parametrize("kind", ["older", "none"])
def test_a_cluster_with_another_version_of_facestream(kind: str, sample: Path, tmp_path: Path) -> None:
    """Its nodes find another package first: one of another version, or one that knows nothing of batches."""
    pytest.importorskip("ray")
    other = tmp_path / "other" / "facestream"
    shutil.copytree(ROOT / "src" / "facestream", other, ignore=shutil.ignore_patterns("weights", "__pycache__"))
    if kind == "none":
        shutil.rmtree(other / "batch")
    (other / "version.py").write_text('__version__ = "0.0.1"\n')
    with loopback_only(), RayCluster({"PYTHONPATH": str(tmp_path / "other")}) as old:
        run = batch(str(sample), "--out", str(tmp_path / "out"), f"--ray={old.address}", "--quiet")
    assert run.returncode == 1
    # In such a network Ray itself says that it finds no way out.
    (line,) = [line for line in run.stderr.splitlines() if "network_util" not in line]
    if kind == "older":
        assert "the Ray cluster has facestream 0.0.1 on node" in line
        assert f"this is {facestream.__version__}; install the same version on every node" in line
    else:
        assert f"the Ray cluster has no facestream {facestream.__version__}" in line
    # Nothing is lost: the same command goes on, here.
    again = batch(str(sample), "--out", str(tmp_path / "out"), "--device", "cpu", "--json", "--quiet")
    assert (again.returncode, json.loads(again.stdout)["interrupted"]) == (0, 1)
