"""Real processes as workers: killed, refused, and bounded."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from facestream import MeshOptions
from facestream.batch.workers import local, sizing
from facestream.batch.workers.interface import Event
from facestream.batch.workers.local import LocalWorkers
from facestream.batch.workers.sizing import Sizing, size_workers
from facestream.batch.workers.tasks import Kind, Outcome, Result, Task, WorkerSettings
from facestream.errors import FacestreamError
from tests.media.clips import numbered_frames, remux, write_clip


def settings(out: Path, **values: object) -> WorkerSettings:
    options = MeshOptions(device="cpu", num_threads=1, **values)  # type: ignore[arg-type]
    return WorkerSettings(out=str(out), segments=str(out / "parts"), options=options, min_segment_frames=1)


def task(source: Path, number: int = 1) -> Task:
    return Task(kind=Kind.ITEM, item=number, source=str(source), output=source.stem)


def wait_for(workers: LocalWorkers, wanted: int) -> list[Event]:
    """The events that end tasks."""
    ends: list[Event] = []
    deadline = time.monotonic() + 120
    while len(ends) < wanted:
        assert time.monotonic() < deadline
        ends += [event for event in workers.wait(1.0) if event.outcome or event.death]
    return ends


def test_tasks_are_done_and_workers_end(sample: Path, tmp_path: Path) -> None:
    clips = [remux(sample, tmp_path / f"{name}.mp4", 4) for name in "abc"]
    workers = LocalWorkers(4, settings(tmp_path))
    try:
        for number, clip in enumerate(clips[:2]):
            workers.submit(task(clip, number))
        assert workers.num_idle == 2
        (first,) = wait_for(workers, 1)[:1]
        workers.submit(task(clips[2], 2))
        ends = [first, *wait_for(workers, 2)]
        assert [event.outcome.result for event in ends if event.outcome] == [Result.DONE] * 3
        assert {event.frames for event in ends} == {4}
        # The third task went to a worker that was there already.
        processes = [slot._process for slot in workers._slots if slot._process is not None]
    finally:
        workers.close()
    assert len(processes) == 2
    assert not any(process.is_alive for process in processes)
    assert not any(thread.name.startswith("facestream-worker") for thread in threading.enumerate())
    assert (tmp_path / "c.facemesh.stream").exists()


def test_a_killed_worker_is_replaced(tmp_path: Path, sample: Path) -> None:
    long = write_clip(tmp_path / "long.mp4", numbered_frames(3000))
    short = remux(sample, tmp_path / "short.mp4", 3)
    workers = LocalWorkers(1, settings(tmp_path, detect_every=1))
    try:
        workers.submit(task(long))
        while not any(event.frames for event in workers.wait(1.0)):
            pass
        process = workers._slots[0]._process
        assert process is not None
        os.kill(process.number, signal.SIGKILL)
        (end,) = wait_for(workers, 1)
        assert end.death == (
            "the worker process ended by SIGKILL during the task; perhaps the machine has not enough memory"
        )
        workers.submit(task(short, 2))
        (end,) = wait_for(workers, 1)
        assert isinstance(end.outcome, Outcome)
        assert end.outcome.result is Result.DONE
    finally:
        workers.close()
    assert not (tmp_path / "long.facemesh.stream").exists()


def test_a_worker_is_asked_to_stop(tmp_path: Path) -> None:
    long = write_clip(tmp_path / "long.mp4", numbered_frames(3000))
    workers = LocalWorkers(1, settings(tmp_path, detect_every=1))
    try:
        workers.submit(task(long))
        while not any(event.frames for event in workers.wait(1.0)):
            pass
        workers.stop()
        (end,) = wait_for(workers, 1)
        assert end.outcome is not None
        assert end.outcome.result is Result.STOPPED
    finally:
        workers.close()


def test_what_no_worker_can_load_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_text("none")
    workers = LocalWorkers(2, settings(tmp_path, weights=tmp_path / "w.safetensors"))
    try:
        workers.submit(task(tmp_path / "a.mp4"))
        with pytest.raises(FacestreamError, match=r"w\.safetensors"):
            wait_for(workers, 1)
    finally:
        workers.close()


def test_workers_that_end_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "WORKER_COMMAND", (sys.executable, "-c", "raise SystemExit(7)"))
    workers = LocalWorkers(1, settings(tmp_path))
    try:
        workers.submit(task(tmp_path / "a.mp4"))
        with pytest.raises(FacestreamError, match="ended with status 7 at startup, 3 times"):
            wait_for(workers, 1)
    finally:
        workers.close()
    monkeypatch.setattr(local, "WORKER_COMMAND", (str(tmp_path / "none"),))
    workers = LocalWorkers(1, settings(tmp_path))
    try:
        workers.submit(task(tmp_path / "a.mp4"))
        with pytest.raises(FacestreamError, match="a worker cannot be started"):
            wait_for(workers, 1)
    finally:
        workers.close()


@pytest.mark.parametrize(
    ("wanted", "threads", "free_mb", "num_gpus", "expected"),
    [
        ("auto", None, 100_000, 0, Sizing(8, 1)),
        ("auto", None, 2_200, 0, Sizing(3, 2)),
        ("auto", None, 100, 0, Sizing(1, None)),
        ("auto", None, None, 0, Sizing(8, 1)),
        ("auto", 3, 100_000, 0, Sizing(3, 1)),
        ("auto", None, 100_000, 2, Sizing(2, 4, 2)),
        (2, None, 100, 0, Sizing(2, 4)),
        (1, None, 100_000, 0, Sizing(1, None)),
        (1, 2, 100_000, 0, Sizing(1, 2)),
        (20, None, 100_000, 0, Sizing(20, 1)),
    ],
)
def test_workers_by_cores_memory_and_gpus(
    wanted: int | str,
    threads: int | None,
    free_mb: int | None,
    num_gpus: int,
    expected: Sizing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sizing, "count_cores", lambda: 8)
    monkeypatch.setattr(sizing, "_free_memory_mb", lambda: free_mb)
    monkeypatch.setattr(sizing, "_count_gpus", lambda: num_gpus)
    assert size_workers(wanted, MeshOptions(num_threads=threads)) == expected


def test_this_machine_has_cores_and_memory() -> None:
    assert sizing.count_cores() >= 1
    free_mb = sizing._free_memory_mb()
    assert free_mb is None or free_mb > 0
