"""The driver: what it does when workers die, segments do not fit, disks are full and somebody presses Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from facestream.batch.driver import BatchDriver
from facestream.batch.journal import Journal, State
from facestream.batch.plan import make_plan
from facestream.batch.sources.items import Item
from facestream.batch.workers.interface import Event
from facestream.batch.workers.segment_store import SegmentStore
from facestream.batch.workers.tasks import Kind, Outcome, Result, Task
from facestream.config import MeshOptions
from facestream.errors import JobStopped, OutputError
from tests.batch.inline import InlineWorkers, Memory, kinds

DONE = Outcome(result=Result.DONE, frames=10, seconds=1.0, device="cpu")
SEGMENT = {"span": {"first": 0}, "stop": 10}
DIVIDED = Outcome(result=Result.DIVIDED, seconds=0.5, segments=[SEGMENT | {"number": number} for number in range(3)])


class Run:
    """A batch of items that does what a test says."""

    def __init__(self, folder: Path, names: str, do: Callable[[Task], Outcome | str], num_workers: int = 2) -> None:
        self.folder = folder
        self.memory = Memory()
        self.workers = InlineWorkers(do, num_workers)
        self.states: dict[str, State] = {}
        self._names = names

    def run(self) -> None:
        segments_folder = self.folder / "parts"
        segments_folder.mkdir(exist_ok=True)
        with Journal(self.folder / "state") as journal:
            items = [Item(f"/clips/{name}.mp4", name) for name in self._names]
            make_plan(journal, items, str(self.folder), MeshOptions())
            driver = BatchDriver(journal, self.workers, self.memory, segments=SegmentStore(str(segments_folder)))
            self.driver = driver
            try:
                driver.run()
            finally:
                self.states = {entry.output: entry.state for entry in journal.entries(*State)}
                self.seconds = {entry.output: entry.seconds for entry in journal.entries(*State)}


def test_every_item_is_done_once(tmp_path: Path) -> None:
    run = Run(tmp_path, "abcdefg", lambda _: DONE, num_workers=3)
    run.run()
    assert run.states == dict.fromkeys("abcdefg", State.DONE) == run.memory.ends
    assert sorted(task.output for task in run.workers.done) == list("abcdefg")
    assert run.memory.frames == 70


def test_a_bad_file_is_not_tried_again(tmp_path: Path) -> None:
    outcomes = {
        "a": DONE,
        "b": Outcome(result=Result.FAILED, error="broken"),
        "c": Outcome(result=Result.PARTIAL, error="cut", frames=4),
    }
    run = Run(tmp_path, "abc", lambda task: outcomes[task.output])
    run.run()
    assert run.states == {"a": State.DONE, "b": State.FAILED, "c": State.PARTIAL}
    assert len(run.workers.done) == 3


def test_a_task_whose_worker_is_gone_is_tried_again(tmp_path: Path) -> None:
    tries: list[str] = []

    def do(task: Task) -> Outcome | str:
        tries.append(task.output)
        return "the node is gone" if task.output == "b" and tries.count("b") < 3 else DONE

    run = Run(tmp_path, "abc", do)
    run.run()
    assert run.states == dict.fromkeys("abc", State.DONE)
    assert tries.count("b") == 3
    assert run.memory.notes == ["the node is gone; trying again"] * 2


def test_a_file_that_ends_every_worker_fails(tmp_path: Path) -> None:
    run = Run(tmp_path, "ab", lambda task: "ended by SIGSEGV" if task.output == "a" else DONE)
    run.run()
    assert run.states == {"a": State.FAILED, "b": State.DONE}
    assert run.memory.errors["a"] == ("/clips/a.mp4: ended by SIGSEGV, 3 times; this file may crash every worker")


def divide_a(task: Task, folder: Path) -> Outcome:
    """Item a has three segments, whose records are files."""
    if task.output == "a" and task.kind is Kind.ITEM and task.num_segments > 1:
        return DIVIDED
    if task.kind is Kind.SEGMENT:
        (folder / "parts" / task.records[0]).write_text(str(task.segment))
    return DONE


def test_segments_are_done_and_joined_in_order(tmp_path: Path) -> None:
    run = Run(tmp_path, "ab", lambda task: divide_a(task, tmp_path))
    run.run()
    assert run.states == dict.fromkeys("ab", State.DONE)
    of_a = [task for task in run.workers.done if task.output == "a"]
    assert kinds(of_a) == ["item", "segment", "segment", "segment", "join"]
    names = {task.segment["number"]: task.records[0] for task in of_a if task.segment is not None}
    assert list(of_a[-1].records) == [names[number] for number in range(3)]
    assert run.seconds["a"] == pytest.approx(0.5 + 4 * 1.0)
    # What segments looked at counts once.
    assert run.memory.frames == 10 + 30
    assert run.memory.shares == {"a": pytest.approx(1.0), "b": 1.0}
    assert list((tmp_path / "parts").iterdir()) == []


def test_each_segment_may_lose_its_worker(tmp_path: Path) -> None:
    """A long video on a cluster whose nodes come and go has many segments, and no fault."""
    tries: list[str] = []

    def do(task: Task) -> Outcome | str:
        name = f"{task.kind}{task.segment['number'] if task.segment else ''}"
        tries.append(name)
        return "the node is gone" if tries.count(name) < 3 else divide_a(task, tmp_path)

    run = Run(tmp_path, "a", do)
    run.run()
    assert run.states == {"a": State.DONE}
    assert len(tries) == 3 * 5


def test_segments_of_an_earlier_run_are_used(tmp_path: Path) -> None:
    def do(task: Task) -> Outcome | str:
        if task.kind is Kind.JOIN:
            raise KeyboardInterrupt
        return divide_a(task, tmp_path)

    run = Run(tmp_path, "a", do, num_workers=1)
    run.workers.stop = lambda: (_ for _ in ()).throw(RuntimeError("killed"))  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="killed"):
        run.run()
    assert run.states == {"a": State.WAITING}
    assert len(list((tmp_path / "parts").iterdir())) == 3
    again = Run(tmp_path, "a", lambda task: divide_a(task, tmp_path))
    again.run()
    assert kinds(again.workers.done) == ["item", "join"]
    assert again.states == {"a": State.DONE}


def test_a_failed_segment_fails_the_item(tmp_path: Path) -> None:
    def do(task: Task) -> Outcome:
        if task.segment is not None and task.segment["number"] == 1:
            return Outcome(result=Result.FAILED, error="no room for this picture")
        return divide_a(task, tmp_path)

    run = Run(tmp_path, "ab", do, num_workers=3)
    run.run()
    assert run.states == {"a": State.FAILED, "b": State.DONE}
    assert "join" not in kinds(run.workers.done)


@pytest.mark.parametrize("num_workers", [1, 2, 4])
def test_segments_that_do_not_fit_are_done_as_a_whole(num_workers: int, tmp_path: Path) -> None:
    def do(task: Task) -> Outcome:
        if task.segment is not None and task.segment["number"] != 0:
            return Outcome(result=Result.UNDIVIDED, error="frame 7 cannot be reached")
        return divide_a(task, tmp_path)

    run = Run(tmp_path, "ab", do, num_workers)
    run.run()
    assert run.states == dict.fromkeys("ab", State.DONE)
    whole = [task for task in run.workers.done if task.output == "a" and task.kind is Kind.ITEM]
    assert [task.num_segments > 1 for task in whole] == [True, False]
    assert "join" not in kinds(run.workers.done)
    assert list((tmp_path / "parts").iterdir()) == []


def test_a_full_disk_ends_the_run_and_loses_nothing(tmp_path: Path) -> None:
    def do(task: Task) -> Outcome:
        if task.output == "c":
            return Outcome(result=Result.NO_ROOM, error="c.stream: cannot be written (No space left on device)")
        return DONE

    run = Run(tmp_path, "abcdef", do, num_workers=1)
    with pytest.raises(OutputError, match=r"the disk is full \(c\.stream: .*\); unfinished items are kept: free"):
        run.run()
    assert run.states == {**dict.fromkeys("ab", State.DONE), **dict.fromkeys("cdef", State.WAITING)}
    again = Run(tmp_path, "abcdef", lambda _: DONE)
    again.run()
    assert sorted(task.output for task in again.workers.done) == list("abcdef")


def test_ctrl_c_between_two_events_loses_none(tmp_path: Path) -> None:
    """Two tasks end at once, and it is pressed while the first end is told: the run still comes to its own."""
    run = Run(tmp_path, "ab", lambda _: DONE)
    one_by_one = run.workers.wait

    def both_at_once(seconds: float) -> list[Event]:
        return [event for _ in range(2) if run.workers.num_idle < 2 for event in one_by_one(seconds)]

    def press() -> None:
        run.memory.on_end = lambda: None
        raise KeyboardInterrupt

    run.workers.wait = both_at_once  # type: ignore[method-assign, assignment]
    run.memory.on_end = press
    with pytest.raises(JobStopped):
        run.run()
    assert run.states == dict.fromkeys("ab", State.DONE)


def test_ctrl_c_ends_what_runs_and_keeps_what_is_done(tmp_path: Path) -> None:
    def do(task: Task) -> Outcome:
        if task.output == "b":
            raise KeyboardInterrupt
        return DONE

    run = Run(tmp_path, "abcd", do, num_workers=1)
    with pytest.raises(JobStopped, match="unfinished items are kept: run the same command to continue"):
        run.run()
    assert run.states == {"a": State.DONE, **dict.fromkeys("bcd", State.WAITING)}
    assert [task.output for task in run.workers.done] == ["a"]
