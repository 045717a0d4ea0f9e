from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from facestream.discover import job_runner as jobs
from facestream.discover.folders import JobFolders
from facestream.discover.job_runner import JobEvents, JobRunner
from facestream.discover.processors import SessionWork
from facestream.errors import FacestreamError, JobStopped, RequestError, SourceError
from facestream.structures import Progress

VIDEO = {"src": "file:stream:video", "type": "input", "id": "data", "uri_template": "{session}.mp4"}
OUTPUT = {"src": "file:stream:ssistream", "type": "output", "id": "landmarks", "uri_template": "{session}.stream"}


class _Told:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.progress: list[tuple[int, int, int]] = []
        self.outputs: list[str] = []

    def events(self, should_stop: Callable[[], bool] = lambda: False) -> JobEvents:
        return JobEvents(
            log=lambda level, text: self.lines.append((logging.getLevelName(level), text)),
            on_progress=lambda k, n, progress: self.progress.append((k, n, progress.num_frames)),
            on_outputs=lambda paths: self.outputs.extend(path.name for path in paths),
            should_stop=should_stop,
        )


class _Copier:
    """A processor that only says what it was given, and fails on what is called "bad"."""

    needed_ids = ("data", "landmarks")

    def __init__(self) -> None:
        self.aliases: dict[str, tuple[str, ...]] = {}
        self.works: list[SessionWork] = []

    def process(self, work: SessionWork) -> Any:
        self.works.append(work)
        assert work.scratch_folder.is_dir()
        stem = work.inputs["data"].stem
        if work.should_stop():
            raise JobStopped("stopped")
        if stem == "bad":
            raise SourceError("bad.mp4: no video")
        work.on_progress(Progress(7, 10, 1.0))
        reason = "the file is cut short" if stem == "half" else None
        return SimpleNamespace(
            input=work.inputs["data"], outputs=tuple(work.outputs.values()),
            num_frames=10, num_frames_with_face=9, seconds=1.0, num_rows=10,
            warnings=("variable frame rate",) if stem == "odd" else (), complete=reason is None, reason=reason,
        )  # fmt: skip


@pytest.fixture
def copier(monkeypatch: pytest.MonkeyPatch) -> _Copier:
    copier = _Copier()
    monkeypatch.setattr(jobs, "find_processor", lambda _: copier)
    return copier


@pytest.fixture
def runner(tmp_path: Path, copier: _Copier) -> JobRunner:
    (tmp_path / "data").mkdir()
    for name in ("a", "b", "bad", "half", "odd"):
        (tmp_path / "data" / f"{name}.mp4").touch()
    return JobRunner(JobFolders([tmp_path / "data"]))


def form(*sessions: str, entries: Any = (VIDEO, OUTPUT), **fields: str) -> dict[str, str]:
    return {
        "trainerFilePath": "facemesh/facemesh.trainer",
        "data": json.dumps(entries),
        "sessions": json.dumps(sessions),
        **fields,
    }


def test_each_session_has_its_own_files(runner: JobRunner, copier: _Copier, tmp_path: Path) -> None:
    told = _Told()
    runner.run(form("a", "odd", optStr="batch_size=7"), tmp_path / "results", told.events())
    assert [work.inputs["data"].name for work in copier.works] == ["a.mp4", "odd.mp4"]
    assert [work.outputs["landmarks"].name for work in copier.works] == ["a.stream", "odd.stream"]
    assert copier.works[0].options == {"batch_size": 7}
    assert not copier.works[0].scratch_folder.exists(), "it is removed"
    assert told.progress == [(1, 2, 0), (1, 2, 7), (2, 2, 0), (2, 2, 7)]
    assert told.outputs == ["a.stream", "odd.stream"]
    assert [text for level, text in told.lines if level == "WARNING"] == ["variable frame rate"]
    assert told.lines[-1] == ("INFO", "Processing completed!")


def test_a_session_that_fails_does_not_stop_the_others(runner: JobRunner, tmp_path: Path) -> None:
    told = _Told()
    with pytest.raises(FacestreamError) as caught:
        runner.run(form("bad", "a", "absent", "half"), tmp_path / "results", told.events())
    text = str(caught.value)
    assert text.startswith(
        "3 of 4 sessions failed: bad: bad.mp4: no video; absent: absent.mp4: there is no such file in"
    )
    assert "half.mp4: incomplete: the file is cut short; the outputs hold the 10 rows before that" in text
    assert told.outputs == ["a.stream", "half.stream"], "what there is of an incomplete one is kept"
    assert ("INFO", "Completed session (2/4): a...") in told.lines


def test_one_session_that_fails_is_the_job(runner: JobRunner, tmp_path: Path) -> None:
    with pytest.raises(FacestreamError, match=r"^bad\.mp4: no video$"):
        runner.run(form("bad"), tmp_path / "results", _Told().events())


def test_a_job_that_is_stopped_begins_no_other_session(runner: JobRunner, copier: _Copier, tmp_path: Path) -> None:
    with pytest.raises(JobStopped):
        runner.run(form("a", "b"), tmp_path / "results", _Told().events(lambda: True))
    assert len(copier.works) == 1


def test_a_session_cannot_write_lines_into_the_log(runner: JobRunner, copier: _Copier, tmp_path: Path) -> None:
    told = _Told()
    with pytest.raises(RequestError, match=r"^session 'a\\n\[ERROR\]' is no plain name; it may not be"):
        runner.run(form("a", "a\n[ERROR]"), tmp_path / "results", told.events())
    assert (copier.works, told.lines) == ([], [])


def test_two_sessions_never_write_one_file(runner: JobRunner, tmp_path: Path) -> None:
    output = {**OUTPUT, "uri_template": "", "uri": "one.stream"}
    with pytest.raises(
        FacestreamError, match=r"1 of 2 .*one\.stream: sessions a and b would both write it; give a uri_tem"
    ):
        runner.run(form("a", "b", entries=(VIDEO, output)), tmp_path / "results", _Told().events())


def test_what_is_not_active_is_not_written(runner: JobRunner, copier: _Copier, tmp_path: Path) -> None:
    runner.run(form("a", entries=(VIDEO, {**OUTPUT, "active": False})), tmp_path / "results", _Told().events())
    assert copier.works[0].outputs == {}


def test_what_is_missing(runner: JobRunner, tmp_path: Path) -> None:
    with pytest.raises(
        RequestError, match="the request has no 'landmarks'; the module has: input 'data', input 'bound"
    ):
        runner.run(form("a", entries=(VIDEO,)), tmp_path / "results", _Told().events())


def test_an_annotation_is_refused_with_one_line(runner: JobRunner, copier: _Copier, tmp_path: Path) -> None:
    annotation = {"src": "db:anno", "type": "output", "scheme": "arousal", "annotator": "me", "role": "patient"}
    told = _Told()
    with pytest.raises(RequestError, match=r"^output 'arousal' is an annotation, which facestream neither reads"):
        runner.run(form("a", "b", entries=(VIDEO, OUTPUT, annotation)), tmp_path / "results", told.events())
    assert copier.works == []
    assert not any(level == "ERROR" for level, _ in told.lines)


def test_the_log_says_that_no_database_is_asked(runner: JobRunner, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "study" / "a"
    folder.mkdir(parents=True)
    (folder / "patient.video.mp4").touch()
    video = {"src": "db:stream:Video", "type": "input", "id": "data", "role": "patient", "name": "video"}
    told = _Told()
    runner.run(form("a", entries=(video, OUTPUT), dataset="study"), tmp_path / "results", told.events())
    assert len([text for _, text in told.lines if "the database itself is not asked" in text]) == 1
    runner.run(form("a"), tmp_path / "results", told.events())
    assert len([text for _, text in told.lines if "the database itself is not asked" in text]) == 1


def test_results_of_an_earlier_run_are_not_mixed_with_this_one(runner: JobRunner, tmp_path: Path) -> None:
    old = tmp_path / "results" / "old.stream"
    old.parent.mkdir()
    old.touch()
    runner.run(form("a"), tmp_path / "results", _Told().events())
    assert not old.exists()
