"""A whole batch: words in, results, journal and list of failures out. The workers are of the test's own process."""

from __future__ import annotations

import csv
import filecmp
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from looping import loop_clip

from facestream import FaceMeshPipeline, MeshOptions, extract
from facestream.batch import running
from facestream.batch.journal import State
from facestream.batch.running import BatchSummary, run_batch
from facestream.batch.settings import BatchOptions
from facestream.batch.workers.runner import TaskRunner
from facestream.batch.workers.tasks import Outcome, Task, WorkerSettings
from facestream.errors import JobStopped, OptionError, OutputError, SourceError
from tests.batch.inline import InlineWorkers, Memory
from tests.media.clips import cut, remux

OPTIONS = MeshOptions(device="cpu")


class Lab:
    """A folder of clips and what a batch makes of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clips, self.out = folder / "clips", folder / "out"
        self.memory = Memory()
        self.workers: InlineWorkers | None = None

    def run(self, *words: str, out: str | None = None, options: MeshOptions = OPTIONS, **values: Any) -> BatchSummary:
        self.memory = Memory()
        return run_batch(words or [str(self.clips)], out or str(self.out), options, BatchOptions(**values), self.memory)

    def open_workers(self, _: BatchOptions, settings: WorkerSettings, __: object) -> InlineWorkers:
        settings = WorkerSettings.from_dict(settings.as_dict())
        runner = TaskRunner(settings)

        def do(task: Task) -> Outcome:
            return Outcome.from_dict(runner.run(Task.from_dict(task.as_dict()), lambda _: None).as_dict())

        self.workers = InlineWorkers(do)
        return self.workers


@pytest.fixture
def lab(tmp_path: Path, sample: Path, pipeline: FaceMeshPipeline, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    for name, num_frames in (("a.mp4", 5), ("day 1/b.mkv", 9), ("day 1/c.mov", 12)):
        (lab.clips / name).parent.mkdir(parents=True, exist_ok=True)
        remux(sample, lab.clips / name, num_frames)
    monkeypatch.setattr("facestream.batch.workers.runner.open_pipeline", lambda _: pipeline)
    monkeypatch.setattr(running, "_open_workers", lab.open_workers)
    yield lab
    assert lab.workers is None or lab.workers.is_closed


def files(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "facestream-batch" not in path.parts
    )


def test_results_are_those_of_single_runs(lab: Lab, pipeline: FaceMeshPipeline) -> None:
    summary = lab.run()
    assert summary.is_whole
    assert (summary.num_done, summary.failures) == (3, None)
    names = ["a.facemesh.stream", "day 1/b.facemesh.stream", "day 1/c.facemesh.stream"]
    assert files(lab.out) == sorted([*names, *(f"{name}~" for name in names)])
    (lab.folder / "single").mkdir()
    extract(lab.clips / "day 1/b.mkv", lab.folder / "single", OPTIONS, pipeline=pipeline)
    for name in files(lab.folder / "single"):
        assert filecmp.cmp(lab.folder / "single" / name, lab.out / "day 1" / name, shallow=False)
    assert sorted(path.name for path in (lab.out / "facestream-batch").iterdir()) == ["journal.sqlite", "lock"]


def test_a_second_run_does_nothing(lab: Lab) -> None:
    lab.run()
    lab.workers = None
    summary = lab.run()
    assert (summary.plan.num_done, summary.plan.num_to_do, summary.num_done) == (3, 0, 3)
    assert lab.workers is None


def test_failures_are_named_and_tried_again_when_asked(lab: Lab, sample: Path) -> None:
    whole = remux(sample, lab.folder / "whole.mkv", 20)
    cut(whole, lab.clips / "cut.mkv", 0.7)
    (lab.clips / "text.mp4").write_text("a note")
    summary = lab.run(str(lab.clips), str(lab.folder / "nothing*.mp4"))
    assert (summary.num_done, summary.num_failed, summary.num_partial, summary.is_whole) == (3, 2, 1, False)
    assert lab.memory.ends["cut"] is State.PARTIAL
    assert summary.failures is not None
    with summary.failures.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["source"], row["output"], row["state"], row["starts"]) for row in rows] == [
        (str(lab.clips / "cut.mkv"), "cut", "partial", "1"),
        (str(lab.clips / "text.mp4"), "text", "failed", "1"),
    ]
    assert "incomplete: the file is cut short" in rows[0]["error"]
    assert (lab.out / "cut.facemesh.stream").exists()
    assert lab.run().plan.num_failed == 2
    # Mended in its own time, with its size and time as before: only --retry-failed looks again.
    whole.replace(lab.clips / "cut.mkv")
    (lab.clips / "text.mp4").unlink()
    summary = lab.run(retry_failed=True)
    assert summary.is_whole
    assert summary.failures is None
    assert not (lab.out / "facestream-batch" / "failures.csv").exists()


def test_a_long_video_is_divided(lab: Lab, sample: Path, pipeline: FaceMeshPipeline) -> None:
    loop_clip(sample, lab.clips / "long.mp4", 450)
    summary = lab.run(str(lab.clips / "long.mp4"), str(lab.clips / "a.mp4"), split=3)
    assert summary.is_whole
    assert lab.workers is not None
    assert [str(task.kind) for task in lab.workers.done if task.output == "long"] == ["item", *["segment"] * 3, "join"]
    assert lab.memory.notes == ["not divided: it has one keyframe only", "divided into 3 segments"]
    assert lab.memory.frames == 450 + 5
    (lab.folder / "single").mkdir()
    extract(lab.clips / "long.mp4", lab.folder / "single", OPTIONS, pipeline=pipeline)
    for name in files(lab.folder / "single"):
        assert filecmp.cmp(lab.folder / "single" / name, lab.out / name, shallow=False)
    assert not (lab.out / "facestream-batch" / "parts").exists()


def test_a_table_gives_each_item_its_own(lab: Lab) -> None:
    table = lab.folder / "t.csv"
    table.write_text("path,output,options\nclips/a.mp4,s1/x,format=npz\nclips/day 1/b.mkv,s2/y.csv,\n")
    assert lab.run(str(table)).is_whole
    assert files(lab.out) == ["s1/x.facemesh.npz", "s2/y.csv"]


def test_a_dry_run_writes_nothing(lab: Lab) -> None:
    summary = lab.run(dry_run=True)
    assert (summary.plan.num_to_do, summary.num_done) == (3, 0)
    assert not lab.out.exists()
    lab.run(limit=1)
    before = {path: path.stat().st_mtime_ns for path in lab.out.rglob("*") if path.is_file()}
    plan = lab.run(dry_run=True, retry_failed=True).plan
    assert (plan.num_done, plan.num_interrupted) == (1, 2)
    assert before == {path: path.stat().st_mtime_ns for path in lab.out.rglob("*") if path.is_file()}


def test_what_killed_runs_left_is_swept(lab: Lab, sample: Path) -> None:
    loop_clip(sample, lab.clips / "long.mp4", 300)
    state = lab.out / "facestream-batch"
    (state / "parts").mkdir(parents=True)
    hidden = f".facestream-{'0' * 16}.part"
    for path in (state / hidden, state / "parts" / hidden, state / "parts" / "77-old.meshes"):
        path.write_text("x")
    assert lab.run(split=2).is_whole
    assert sorted(path.name for path in state.rglob("*")) == ["journal.sqlite", "lock"]


def test_ctrl_c_and_going_on(lab: Lab) -> None:
    def press() -> None:
        if len(lab.memory.ends) == 2:
            raise KeyboardInterrupt

    opened = lab.open_workers

    def open_and_press(*arguments: Any) -> InlineWorkers:
        lab.memory.on_end = press
        return opened(*arguments)

    running._open_workers = open_and_press  # type: ignore[assignment]
    (lab.clips / "aa.mp4").write_text("a note")
    with pytest.raises(JobStopped):
        lab.run()
    assert "aa.mp4" in (lab.out / "facestream-batch" / "failures.csv").read_text()
    (lab.clips / "aa.mp4").unlink()
    running._open_workers = opened  # type: ignore[assignment]
    summary = lab.run()
    assert (summary.plan.num_done, summary.plan.num_interrupted, summary.is_whole) == (1, 2, True)


def test_journals_may_lie_elsewhere(lab: Lab) -> None:
    lab.run(state=lab.folder / "state")
    assert (lab.folder / "state" / "journal.sqlite").exists()
    assert not (lab.out / "facestream-batch").exists()


def test_bad_input_is_one_error_and_loses_nothing(lab: Lab) -> None:
    lab.run()
    (lab.clips / "a.mkv").write_bytes((lab.clips / "a.mp4").read_bytes())
    with pytest.raises(OutputError, match=r"a: both .* would write it"):
        lab.run()
    (lab.folder / "t.csv").write_text("file\nclips/a.mp4\n")
    with pytest.raises(SourceError, match="there is no column 'path'"):
        lab.run(str(lab.folder / "t.csv"))
    with pytest.raises(OptionError, match="belong to one item each"):
        lab.run(options=MeshOptions(boxes=lab.folder / "b.stream"))
    (lab.folder / "file").write_text("x")
    with pytest.raises(OutputError, match="the output folder cannot be created"):
        lab.run(out=str(lab.folder / "file" / "out"))
    assert len(files(lab.out)) == 6
    (lab.clips / "a.mkv").unlink()
    assert lab.run().plan.num_done == 3


def test_a_file_of_somebody_else_is_not_replaced(lab: Lab) -> None:
    lab.out.mkdir()
    (lab.out / "a.facemesh.stream").write_text("mine")
    summary = lab.run()
    assert (summary.num_done, summary.num_failed) == (2, 1)
    assert "was not written by facestream" in lab.memory.errors["a"]
    assert (lab.out / "a.facemesh.stream").read_text() == "mine"


def test_a_fault_of_ours_costs_one_item(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from facestream.batch.workers import runner

    def fail_at_b(source: Path, *arguments: Any, **values: Any) -> Any:
        if source.stem == "b":
            raise ZeroDivisionError("oops")
        return extract(source, *arguments, **values)

    monkeypatch.setattr(runner, "extract", fail_at_b)
    with caplog.at_level(logging.CRITICAL):
        summary = lab.run()
    assert (summary.num_done, summary.num_failed) == (2, 1)
    assert "facestream itself failed (ZeroDivisionError: oops); please report it" in lab.memory.errors["day 1/b"]


def test_places_elsewhere(lab: Lab, pipeline: FaceMeshPipeline, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In and out through fsspec: the same bytes, long videos in segments too, and nothing left under other names."""
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    loop_clip(sample, lab.clips / "long.mp4", 300)
    for name in ("a.mp4", "day 1/b.mkv", "long.mp4"):
        memory.pipe(f"/lab/{name}", (lab.clips / name).read_bytes())
    memory.pipe("/lab/broken.mp4", b"no video")
    # Small files are copied, larger ones read in ranges.
    monkeypatch.setattr("facestream.storage.mounts.FETCH_BYTES", 50_000)
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_, **__: lab.folder / "user-state")
    try:
        summary = lab.run("memory://lab/", out="memory://results", split=2)
        assert (summary.num_done, summary.num_failed) == (3, 1)
        error = lab.memory.errors["broken"]
        assert error.startswith("memory:///lab/broken.mp4: a text file, not a picture or video")
        lab.out.mkdir()
        for name in ("a.mp4", "day 1/b.mkv", "long.mp4"):
            (lab.out / name).parent.mkdir(exist_ok=True)
            extract(lab.clips / name, (lab.out / name).parent, OPTIONS, pipeline=pipeline)
        expected = files(lab.out)
        assert sorted(name.removeprefix("/results/") for name in memory.find("/results")) == expected
        for name in expected:
            assert memory.cat(f"/results/{name}") == (lab.out / name).read_bytes(), name
        plan = lab.run("memory://lab/", out="memory://results", split=2).plan
        assert (plan.num_done, plan.num_failed, plan.num_to_do) == (3, 1, 0)
        memory.rm("/results/a.facemesh.stream~")
        assert lab.run("memory://lab/", out="memory://results").plan.num_missing == 1
        with pytest.raises(OutputError, match="the journal of this batch does not list them"):
            lab.run("memory://lab/", out="memory://results", state=lab.folder / "other")
    finally:
        for folder in ("/lab", "/results"):
            if memory.exists(folder):
                memory.rm(folder, recursive=True)
