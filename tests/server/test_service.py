"""What happens to jobs beside their running."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from facestream.server import service
from facestream.server.queue.store import JobStatus
from facestream.server.service import JobService
from facestream.server.settings import ServerOptions

FORM = {"jobID": "a", "data": "[]", "dbPassword": "secret", "password": "s"}


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[JobService]:
    """A service whose workers are not started."""
    (tmp_path / "data").mkdir()
    options = ServerOptions(data_dirs=(tmp_path / "data",), state_dir=tmp_path / "state", keep_jobs=2)
    found = JobService(options)
    yield found
    found.store.close()


def end(jobs: JobService, key: str) -> None:
    jobs.submit(key, FORM)
    jobs.store.take_next()
    jobs.store.move(key, JobStatus.FINISHED)


def test_passwords_are_nowhere_kept(jobs: JobService, tmp_path: Path) -> None:
    jobs.submit("a", FORM)
    job = jobs.store.find("a")
    assert job is not None
    assert job.form == {"jobID": "a", "data": "[]", "dbPassword": "****", "password": "****"}
    assert "'dbPassword': '****'" in (jobs.files.read_log("a") or "")
    for path in (tmp_path / "state").rglob("*"):
        assert not path.is_file() or b"secret" not in path.read_bytes()


def test_jobs_and_uploads_are_forgotten_while_the_server_runs(
    jobs: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PRUNE_EVERY_S", 0.02)
    upload = jobs.files.upload_folder / "old.png"
    jobs.start()
    try:
        upload.touch()
        os.utime(upload, (0, 0))
        for key in "abcd":
            jobs.store.submit(key, {}, lambda: None)
            jobs.store.move(key, JobStatus.CANCELED)
        deadline = time.monotonic() + 10
        while (upload.exists() or len(jobs.store.page()) > 2) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert [job.key for job in jobs.store.page()] == ["d", "c"]
        assert not upload.exists()
    finally:
        jobs.close()


def test_a_job_goes_with_its_log_and_results(jobs: JobService) -> None:
    end(jobs, "a")
    result = jobs.files.result_folder("a") / "m.stream"
    result.parent.mkdir(parents=True)
    result.touch()
    assert jobs.remove("a")
    assert not result.exists()
    assert jobs.files.read_log("a") is None
    assert not jobs.remove("a")


@pytest.mark.parametrize(("num_workers", "expected"), [(1, None), (2, 4), (3, 2), (64, 1)])
def test_workers_share_the_cores(num_workers: int, expected: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert service._threads_for_each(ServerOptions(num_workers=num_workers)) == expected
    assert service._threads_for_each(ServerOptions(num_workers=num_workers, executor="ray")) == 1
