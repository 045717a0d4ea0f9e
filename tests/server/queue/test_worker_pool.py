"""Workers that are stopped, killed and replaced, under a real server."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from facestream import read_stream
from facestream.ipc.parent import WorkerProcess
from facestream.server.queue import worker_pool
from facestream.server.queue.orphans import _birth
from facestream.server.queue.worker_pool import WorkerPool
from tests.media.clips import numbered_frames, write_clip
from tests.server.running import RunningServer


@pytest.fixture(scope="module")
def busy(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose first job takes long."""
    write_clip(data_folder / "long.mp4", numbered_frames(6000))
    with RunningServer(data_folder, tmp_path_factory.mktemp("busy")) as running:
        yield running


def submit(server: RunningServer, key: str, clip: str, **fields: str) -> None:
    entries = [
        {"src": "file:stream:video", "type": "input", "id": "data", "uri": clip},
        {"src": "file:stream:ssistream", "type": "output", "id": "landmarks", "uri": f"{key}.stream"},
    ]
    values = {"jobID": key, "trainerFilePath": "facemesh/facemesh.trainer", "data": json.dumps(entries), **fields}
    server.post("/process", data=values)


def wait_until_it_runs(server: RunningServer, key: str) -> None:
    deadline = time.monotonic() + 60
    while "Processing session" not in server.log(key):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def worker_of(server: RunningServer) -> int:
    (number,) = json.loads((server.state_folder / "workers.json").read_text())
    return int(number)


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".facestream")]


@pytest.mark.parametrize("comes_again", [False, True])
def test_only_the_job_that_was_canceled_is_ended(comes_again: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the same name that runs already when the time is over is another one."""
    monkeypatch.setattr(worker_pool, "SECONDS_TO_STOP", 0.05)
    killed = threading.Event()
    slot = worker_pool._Slot(cast(WorkerPool, None), "slot")
    slot._process = cast(WorkerProcess, SimpleNamespace(send=lambda _: None, kill=killed.set))
    slot.take("a")
    assert slot.cancel("a")
    if comes_again:
        slot.leave()
        slot.take("a")
    assert killed.wait(0.5) is not comes_again


def test_canceling(busy: RunningServer) -> None:
    for key in ("canceled", "waiting", "after"):
        submit(busy, key, "clip.mp4" if key == "after" else "long.mp4")
    wait_until_it_runs(busy, "canceled")
    assert busy.post("/cancel", data={"jobID": "waiting"}).text == '{"success":"true"}\n'
    assert busy.status("waiting") == 4
    started = time.monotonic()
    assert busy.post("/cancel", data={"jobID": "canceled"}).text == '{"success":"true"}\n'
    assert busy.wait("canceled") == 4
    assert time.monotonic() - started < 2
    assert "Canceled; no partial outputs were left." in busy.log("canceled")
    assert busy.wait("after") == 2
    assert not (busy.data_folder / "canceled.stream").exists()
    assert hidden(busy.data_folder) == []
    assert busy.post("/cancel", data={"jobID": "canceled"}).text == '{"success":"false"}\n'


def test_a_running_job_is_not_started_twice(busy: RunningServer) -> None:
    submit(busy, "twice", "long.mp4")
    wait_until_it_runs(busy, "twice")
    submit(busy, "twice", "clip.mp4")
    assert busy.status("twice") == 1
    assert "long.mp4" in busy.log("twice")
    busy.post("/cancel", data={"jobID": "twice"})
    assert busy.wait("twice") == 4
    submit(busy, "twice", "clip.mp4")
    assert busy.wait("twice") == 2


def test_a_worker_that_is_killed_fails_its_job_only(busy: RunningServer) -> None:
    submit(busy, "killed", "long.mp4")
    submit(busy, "next", "clip.mp4")
    wait_until_it_runs(busy, "killed")
    first = worker_of(busy)
    os.kill(first, signal.SIGKILL)
    assert busy.wait("killed") == 3
    last = busy.log("killed").splitlines()[-1]
    assert "CRITICAL Job failed with exception the worker process ended by SIGKILL in the middle of the job" in last
    assert busy.wait("next") == 2
    assert worker_of(busy) != first
    assert read_stream(busy.data_folder / "next.stream").data.shape == (30, 937)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc")
def test_a_restart_goes_on(busy: RunningServer, data_folder: Path, tmp_path: Path) -> None:
    with RunningServer(data_folder, tmp_path / "state") as server:
        submit(server, "done", "clip.mp4")
        assert server.wait("done") == 2
        submit(server, "running", "long.mp4")
        submit(server, "queued", "clip.mp4")
        wait_until_it_runs(server, "running")
        worker = worker_of(server)
        server.kill()
        server.start()
        assert server.status("done") == 2
        assert "Processing completed!" in server.log("done")
        wait_until_it_runs(server, "running")
        assert worker_of(server) != worker
        assert _birth(worker) is None, "workers end with their server"
        server.post("/cancel", data={"jobID": "running"})
        assert server.wait("running") == 4
        assert server.wait("queued") == 2
        assert hidden(data_folder) == []


def test_two_servers_cannot_share_a_queue(busy: RunningServer) -> None:
    second = RunningServer(busy.data_folder, busy.state_folder)
    with pytest.raises(AssertionError, match=r"error: .*: another server has this queue; stop it, or give --state-dir"):
        second.start()
    assert second.process.wait(30) == 1
