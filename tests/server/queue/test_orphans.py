"""Workers that outlived their server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from facestream.server.queue.orphans import WorkerRecords

pytestmark = pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc")


def sleeper(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", *words])


def test_only_workers_that_were_recorded_are_ended(tmp_path: Path) -> None:
    worker, other, stranger = (
        sleeper("facestream.server.queue.worker"),
        sleeper("facestream.server.queue.worker"),
        sleeper(),
    )
    try:
        records = WorkerRecords(tmp_path / "workers.json")
        for process in (worker, stranger):
            records.add(process.pid)
        assert list(json.loads((tmp_path / "workers.json").read_text())) == [str(worker.pid), str(stranger.pid)]
        assert WorkerRecords(tmp_path / "workers.json").end_all() == 1
        assert worker.wait(30) != 0
        assert (other.poll(), stranger.poll()) == (None, None)
        assert WorkerRecords(tmp_path / "workers.json").end_all() == 0
    finally:
        for process in (worker, other, stranger):
            process.kill()
            process.wait()


def test_a_process_of_the_same_number_that_was_born_later_is_left_alone(tmp_path: Path) -> None:
    worker = sleeper("facestream.server.queue.worker")
    try:
        (tmp_path / "workers.json").write_text(json.dumps({str(worker.pid): "1"}))
        assert WorkerRecords(tmp_path / "workers.json").end_all() == 0
        assert worker.poll() is None
    finally:
        worker.kill()
        worker.wait()


@pytest.mark.parametrize("content", ["", "[]", "no json", '{"a": 1}', "3"])
def test_a_damaged_record(tmp_path: Path, content: str) -> None:
    (tmp_path / "workers.json").write_text(content)
    assert WorkerRecords(tmp_path / "workers.json").end_all() == 0
    assert WorkerRecords(tmp_path / "absent.json").end_all() == 0
    WorkerRecords(tmp_path / "workers.json").add(os.getpid())
