"""Three hundred clips, ten of them broken, here and on Ray, undisturbed and under kills."""

from __future__ import annotations

import csv
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from make_clips import BROKEN, make_clips

from tests.long.ray_cluster import RayCluster, descendants, loopback_only

pytestmark = pytest.mark.long

SEED = 468
NUM_KILLS = 10
NUM_CLIPS = 300
SLOW = ("--detect-every", "1")
"""So that there is time to kill."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a batch ended."""

    status: int
    told: dict[str, object]
    errors: str


def start(clips: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "facestream", "batch", str(clips), "--out", str(out), "--json", *options]
    # As small as possible, so that cores are shared evenly beside what else runs.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def end(process: subprocess.Popen[str]) -> Ended:
    output, errors = process.communicate(timeout=900)
    return Ended(process.returncode, json.loads(output) if output else {}, errors)


def results(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and "facestream-batch" not in path.parts
    }


def journal(out: Path) -> dict[str, tuple[int, int, float]]:
    """State, starts and end of each item that has ended."""
    path = out / "facestream-batch" / "journal.sqlite"
    if not path.exists():
        return {}
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT output, state, num_starts, ended_s FROM items WHERE state >= 2").fetchall()
    connection.close()
    return {output: tuple(rest) for output, *rest in rows}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many") / "clips"
    make_clips(folder, NUM_CLIPS, len(BROKEN))
    return folder


@pytest.fixture(scope="module")
def here(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run on this machine gives."""
    out = tmp_path_factory.mktemp("here")
    check_whole_run(end(start(clips, out)), out)
    return out


@pytest.fixture(scope="module")
def undisturbed(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run gives that nobody kills, with the options of the kills."""
    out = tmp_path_factory.mktemp("undisturbed")
    check_whole_run(end(start(clips, out, *SLOW)), out)
    return results(out)


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    pytest.importorskip("ray")
    with loopback_only(), RayCluster() as running:
        yield running


def check_whole_run(ended: Ended, out: Path) -> None:
    """All is done but the broken ones, which are named."""
    assert ended.status == 1, ended.errors
    assert ended.told["done"] == NUM_CLIPS - len(BROKEN)
    assert ended.told["failed"] == 8
    assert ended.told["partial"] == 2
    with (out / "facestream-batch" / "failures.csv").open(newline="") as file:
        failures = list(csv.DictReader(file))
    assert sorted(Path(row["source"]).name for row in failures) == sorted(BROKEN)
    assert all(row["error"] for row in failures)
    assert all(name in ended.errors for name in BROKEN)


def test_all_is_there_but_the_broken_ones(clips: Path, here: Path) -> None:
    assert len(results(here)) == 2 * (NUM_CLIPS - 8)
    again = end(start(clips, here))
    assert (again.told["to_do"], again.told["passed_over_done"], again.status) == (0, NUM_CLIPS - len(BROKEN), 1)


def test_the_same_bytes_on_ray(clips: Path, here: Path, cluster: RayCluster, tmp_path: Path) -> None:
    ended = end(start(clips, tmp_path, f"--ray={cluster.address}"))
    check_whole_run(ended, tmp_path)
    assert "2 workers: on Ray, 2 nodes, 1 CPU each" in ended.errors
    assert results(tmp_path) == results(here)
    again = end(start(clips, tmp_path, f"--ray={cluster.address}"))
    assert (again.told["to_do"], again.told["passed_over_done"], again.status) == (0, NUM_CLIPS - len(BROKEN), 1)


def go_on_after_kills(clips: Path, out: Path, undisturbed: dict[str, bytes], *options: str) -> None:
    """Kill the driver at random moments; each time what had ended is left alone, and at the end all is there."""
    generator = random.Random(SEED)  # noqa: S311 - moments are no secrets
    ended: dict[str, tuple[int, int, float]] = {}
    num_hits = 0
    for _ in range(NUM_KILLS):
        process = start(clips, out, *options)
        # All of them together are about half as long as a run that nobody kills.
        time.sleep(generator.uniform(0.3, 5.0))
        num_hits += process.poll() is None
        process.kill()
        process.communicate()
        found = journal(out)
        assert {name: found[name] for name in ended} == ended, "a finished item was done again"
        ended = found
    assert num_hits == NUM_KILLS, "too many runs had ended before they were killed"
    assert 0 < len(ended) < NUM_CLIPS
    last = end(start(clips, out, *options))
    check_whole_run(last, out)
    found = journal(out)
    assert {name: found[name] for name in ended} == ended
    assert results(out) == undisturbed
    assert not list(out.rglob(".facestream-*"))


def test_a_killed_driver(clips: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    go_on_after_kills(clips, tmp_path, undisturbed, *SLOW)


def wait_for_retried_items(log: Path) -> None:
    """Wait until items whose worker was killed have ended: three kills of one item count as a fault of its file."""
    deadline_s = time.monotonic() + 120
    while True:
        text = log.read_text()
        retried = set(re.findall(r"(\S+): the worker process ended by SIGKILL .*trying again", text))
        if all(
            f"{path}: done," in text or f"{path}: partial," in text or f"failed: {path}:" in text for path in retried
        ):
            return
        assert time.monotonic() < deadline_s, text[-2000:]
        time.sleep(0.1)


def test_killed_workers(clips: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    """Workers are replaced, and what they were at is done again, in the same run."""
    generator = random.Random(SEED)  # noqa: S311
    process = start(clips, tmp_path, *SLOW)
    time.sleep(4)
    for _ in range(NUM_KILLS):
        workers = descendants(process.pid)
        assert process.poll() is None
        if workers:
            os.kill(generator.choice(workers), signal.SIGKILL)
        time.sleep(generator.uniform(0.5, 3.0))
        wait_for_retried_items(tmp_path / "facestream-batch" / "log.txt")
    ended = end(process)
    check_whole_run(ended, tmp_path)
    assert results(tmp_path) == undisturbed
    log = (tmp_path / "facestream-batch" / "log.txt").read_text()
    assert log.count("trying again") >= NUM_KILLS // 2


def test_a_killed_driver_on_ray(
    clips: Path, undisturbed: dict[str, bytes], cluster: RayCluster, tmp_path: Path
) -> None:
    go_on_after_kills(clips, tmp_path, undisturbed, *SLOW, f"--ray={cluster.address}")


def test_killed_workers_and_nodes_on_ray(
    clips: Path, undisturbed: dict[str, bytes], cluster: RayCluster, tmp_path: Path
) -> None:
    """A node goes and another comes, again and again; now and then a worker goes alone."""
    generator = random.Random(SEED)  # noqa: S311
    process = start(clips, tmp_path, *SLOW, f"--ray={cluster.address}")
    time.sleep(6)
    num_kills = 0
    while num_kills < NUM_KILLS:
        assert process.poll() is None, process.communicate()
        time.sleep(generator.uniform(0.0, 3.0))
        workers = cluster.workers()
        if workers and num_kills % 3 == 2:
            os.kill(generator.choice(workers), signal.SIGKILL)
        else:
            cluster.kill_node()
            cluster.start_node()
        num_kills += 1
    check_whole_run(end(process), tmp_path)
    assert results(tmp_path) == undisturbed
    log = (tmp_path / "facestream-batch" / "log.txt").read_text()
    assert log.count("trying again") >= 3
