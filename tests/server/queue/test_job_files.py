from __future__ import annotations

import logging
import os
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestream.server.queue.job_files import MAX_LOG_BYTES, JobFiles, safe_name


@given(st.text())
def test_names_of_jobs_never_become_paths(key: str) -> None:
    assert re.fullmatch(r"([A-Za-z0-9-]{1,40}-)?[0-9a-f]{16}", safe_name(key))


def test_names_of_jobs_can_be_told_apart() -> None:
    keys = ["a", "A", "\xb4a", "a.b", "a/b", "../a", "root", "", "x" * 300, "x" * 301, "\ud800"]
    assert len({safe_name(key) for key in keys}) == len(keys)
    assert safe_name("\xb4face_mesh_stream").startswith("face-mesh-stream-")


@pytest.fixture
def files(tmp_path: Path) -> JobFiles:
    return JobFiles(tmp_path / "log", tmp_path / "tmp")


def test_a_log(files: JobFiles) -> None:
    assert files.read_log("a") is None
    files.begin_log("a", {"jobID": "a", "data": "x" * 10_000})
    files.log("a", logging.WARNING, "two\nlines ünï")
    first, second = (files.read_log("a") or "").splitlines()
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d INFO \{'jobID': 'a', ", first)
    assert first.endswith("xxx... (10000 characters)'}")
    assert second.endswith("WARNING two lines ünï")
    files.begin_log("a", {"jobID": "a"})
    assert len((files.read_log("a") or "").splitlines()) == 1


def test_of_a_very_long_log_the_end_is_shown(files: JobFiles) -> None:
    files.log_path("a").write_bytes(b"x" * MAX_LOG_BYTES + b"the end\n")
    text = files.read_log("a")
    assert text is not None
    assert len(text) == MAX_LOG_BYTES
    assert text.endswith("the end\n")


def test_results_and_what_is_removed(files: JobFiles) -> None:
    folder = files.result_folder("a")
    assert files.results("a") == []
    (folder / "d" / "s").mkdir(parents=True)
    (folder / "d" / "s" / "m.stream").touch()
    (folder / "d" / "s" / ".hidden").touch()
    assert files.results("a") == [folder / "d" / "s" / "m.stream"]
    files.begin_log("a", {})
    files.remove("a")
    assert files.results("a") == []
    assert files.read_log("a") is None
    files.remove("a")


def test_old_uploads(files: JobFiles) -> None:
    for name, days in (("old", 3), ("new", 1)):
        path = files.upload_folder / name
        path.touch()
        os.utime(path, (time.time() - days * 86400,) * 2)
    assert [path.name for path in files.old_uploads(2)] == ["old"]
