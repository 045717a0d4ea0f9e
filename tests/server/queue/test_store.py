from __future__ import annotations

import itertools
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from facestream.errors import FacestreamError
from facestream.server.queue.store import MOVES, JobStatus, JobStore
from tests.media.damage import DAMAGES, contents
from tests.server.running import RunningServer

FORM = {"jobID": "a", "data": "[]"}


def nothing() -> None:
    """Before a job is queued."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    store = JobStore(tmp_path)
    yield store
    store.close()


def test_a_job_from_its_beginning_to_its_end(store: JobStore) -> None:
    assert store.submit("a", FORM, nothing)
    job = store.find("a")
    assert job is not None
    assert (job.number, job.status, job.form, job.num_starts) == (1, JobStatus.WAITING, FORM, 0)
    running = store.take_next()
    assert running is not None
    assert (running.key, running.status, running.num_starts) == ("a", JobStatus.RUNNING, 1)
    assert store.take_next() is None
    store.set_progress("a", "1/2")
    store.add_outputs("a", ["x.stream"])
    store.add_outputs("a", ["y.stream", "x.stream"])
    assert store.move("a", JobStatus.ERROR, "no video")
    job = store.find_number(1)
    assert job is not None
    assert (job.status, job.error, job.progress, job.outputs) == (
        JobStatus.ERROR,
        "no video",
        "1/2",
        ("x.stream", "y.stream"),
    )
    assert job.ended_s is not None
    assert store.status_of("a") is JobStatus.ERROR
    assert store.status_of("b") is None


def test_only_an_ended_job_can_be_queued_again(store: JobStore) -> None:
    before: list[str] = []
    assert store.submit("a", FORM, lambda: before.append("first"))
    assert not store.submit("a", FORM, lambda: before.append("waiting"))
    store.take_next()
    assert not store.submit("a", FORM, lambda: before.append("running"))
    store.move("a", JobStatus.FINISHED)
    assert store.submit("a", {"jobID": "a", "x": "y"}, lambda: before.append("again"))
    assert before == ["first", "again"]
    job = store.find("a")
    assert job is not None
    assert (job.number, job.status, job.form["x"]) == (2, JobStatus.WAITING, "y")
    assert (job.ended_s, job.started_s, job.num_starts) == (None, None, 0)


@pytest.mark.parametrize(("start", "end"), list(itertools.product(JobStatus, JobStatus)))
def test_only_legal_moves(store: JobStore, start: JobStatus, end: JobStatus) -> None:
    store.submit("a", FORM, nothing)
    if start is not JobStatus.WAITING:
        store.take_next()
    if start.has_ended:
        assert store.move("a", start)
    assert store.move("a", end) is (end in MOVES[start])
    assert store.status_of("a") is (end if end in MOVES[start] else start)


def test_a_waiting_job_is_canceled_and_never_runs(store: JobStore) -> None:
    store.submit("a", FORM, nothing)
    assert store.move_waiting_to_canceled("a")
    assert not store.move_waiting_to_canceled("a")
    assert store.take_next() is None
    job = store.find("a")
    assert job is not None
    assert job.was_canceled


def test_jobs_run_in_the_order_in_which_they_came(store: JobStore) -> None:
    for key in "cab":
        store.submit(key, FORM, nothing)
    taken = [store.take_next() for _ in range(3)]
    assert [job.key for job in taken if job] == ["c", "a", "b"]


def test_pages(store: JobStore) -> None:
    for number in range(1, 8):
        store.submit(str(number), FORM, nothing)
    store.take_next()
    assert [job.number for job in store.page(limit=3)] == [7, 6, 5]
    assert [job.number for job in store.page(limit=3, before=5)] == [4, 3, 2]
    assert [job.number for job in store.page(statuses=[JobStatus.RUNNING])] == [1]
    assert store.counts() == {**dict.fromkeys(JobStatus, 0), JobStatus.WAITING: 6, JobStatus.RUNNING: 1}


def test_what_is_forgotten(store: JobStore) -> None:
    for key in "abcde":
        store.submit(key, FORM, nothing)
        if key != "e":
            store.take_next()
            store.move(key, JobStatus.FINISHED)
    assert store.outdated(keep_days=1, keep_jobs=10) == []
    assert store.outdated(keep_days=1, keep_jobs=2) == ["a", "b"]
    assert sorted(store.outdated(keep_days=-1, keep_jobs=10)) == ["a", "b", "c", "d"]
    removed: list[str] = []
    assert store.remove("a", lambda: removed.append("a"))
    assert not store.remove("a", lambda: removed.append("a"))
    assert not store.remove("e", lambda: removed.append("e")), "it waits"
    assert removed == ["a"]
    store.submit("a", FORM, nothing)
    job = store.find("a")
    assert job is not None
    assert job.number == 6, "numbers are never given twice"


def test_a_restart_loses_nothing(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    for key in "abc":
        store.submit(key, FORM, nothing)
    store.take_next()
    store.move("a", JobStatus.FINISHED)
    store.take_next()
    store.close()
    store = JobStore(tmp_path)
    assert [store.status_of(key) for key in "abc"] == [JobStatus.FINISHED, JobStatus.WAITING, JobStatus.WAITING]
    job = store.take_next()
    assert job is not None
    assert (job.key, job.num_starts) == ("b", 2)
    store.close()


def test_two_servers_cannot_share_a_queue(store: JobStore) -> None:
    with pytest.raises(FacestreamError, match="another server has this queue; stop it, or give --state-dir FOLDER"):
        JobStore(store.path.parent)


def test_a_queue_that_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FacestreamError, match="the queue cannot be kept there"):
        JobStore(tmp_path / "file")
    (tmp_path / "no-share" / "jobs.sqlite").mkdir(parents=True)
    with pytest.raises(
        FacestreamError, match=r"cannot be kept there \(unable to open .*give --state-dir FOLDER on a lo"
    ):
        JobStore(tmp_path / "no-share")
    JobStore(tmp_path / "newer").close()
    with closing(sqlite3.connect(tmp_path / "newer" / "jobs.sqlite")) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(FacestreamError, match=r"by another version of facestream \(99"):
        JobStore(tmp_path / "newer")


def test_a_file_system_without_shared_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Network shares have none, and SQLite no write-ahead log there; its locks of files behave so anywhere."""
    connect = sqlite3.connect

    def connect_as_on_a_share(path: Any, **options: Any) -> sqlite3.Connection:
        if path == ":memory:":
            return connect(path)
        found: sqlite3.Connection = connect(f"{path.as_uri()}?vfs=unix-dotfile", uri=True, **options)
        return found

    monkeypatch.setattr(sqlite3, "connect", connect_as_on_a_share)
    with pytest.raises(
        FacestreamError, match=r"journal is \w+, not WAL\); network shares often cannot keep it: give --st"
    ):
        JobStore(tmp_path)
    monkeypatch.undo()
    JobStore(tmp_path).close()


def test_no_job_is_taken_twice(store: JobStore) -> None:
    for number in range(60):
        store.submit(str(number), FORM, nothing)
    taken: list[str] = []

    def take() -> None:
        while (job := store.take_next()) is not None:
            taken.append(job.key)

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken, key=int) == [str(number) for number in range(60)]


def test_whoever_follows_asks_for_what_is_new(store: JobStore) -> None:
    assert store.last_change() == 0
    store.submit("a", FORM, nothing)
    store.submit("b", FORM, nothing)
    first = store.changes(0)
    assert ([job.key for job in first.jobs], first.removed) == (["a", "b"], [])
    assert first.number == store.last_change()
    assert store.changes(first.number).jobs == []
    store.take_next()
    store.move("a", JobStatus.FINISHED)
    second = store.changes(first.number)
    assert [(job.key, job.status) for job in second.jobs] == [("a", JobStatus.FINISHED)]
    assert second.jobs[0].changed == second.number
    store.submit("a", FORM, nothing)
    third = store.changes(second.number)
    assert ([job.number for job in third.jobs], third.removed) == ([3], [1])


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_a_damaged_queue_is_never_dropped_silently(damage: str, tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    for number in range(300):
        store.submit(f"job {number}", {"jobID": f"job {number}", "data": "x" * 300}, nothing)
    store.close()
    DAMAGES[damage](tmp_path / "jobs.sqlite")
    before = contents(tmp_path)
    for _ in range(2):
        with pytest.raises(
            FacestreamError, match=r"jobs\.sqlite: the queue is damaged \(.+\); .*--new-queue"
        ) as caught:
            JobStore(tmp_path)
        assert "\n" not in str(caught.value)
        assert contents(tmp_path) == before
    store = JobStore(tmp_path, replaces_damaged=True)
    assert store.replaced is not None
    assert store.page() == []
    (aside,) = (path for path in tmp_path.glob("jobs.damaged-*.sqlite"))
    assert aside.name in store.replaced
    assert aside.read_bytes() == before["jobs.sqlite"]
    assert store.submit("new", FORM, nothing)
    store.close()
    # Whoever always gives the option loses nothing.
    store = JobStore(tmp_path, replaces_damaged=True)
    assert store.replaced is None
    assert [job.key for job in store.page()] == ["new"]
    store.close()


def test_a_server_says_what_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    JobStore(tmp_path / "state").close()
    DAMAGES["no database"](tmp_path / "state" / "jobs.sqlite")
    options = ["--data-dir", str(tmp_path / "data"), "--state-dir", str(tmp_path / "state"), "--port", "0"]
    command = [sys.executable, "-m", "facestream", "serve", *options]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert re.match(
        r"facestream: error: .*jobs\.sqlite: the queue is damaged \(the file is no SQLite database\); ", line
    )
    with RunningServer(tmp_path / "data", tmp_path / "state", "--new-queue") as server:
        assert server.get("/api/v1/jobs").json()["jobs"] == []
        assert "jobs.sqlite: the queue was damaged" in server.output[0]
    assert len(list((tmp_path / "state").glob("jobs.damaged-*.sqlite"))) == 1
