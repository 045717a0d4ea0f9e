"""Drives a batch: hands its items to workers, and writes down what becomes of them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from facestream.batch.journal import Entry, Journal, State
from facestream.batch.workers.interface import Event, Workers
from facestream.batch.workers.segment_store import SegmentStore
from facestream.batch.workers.tasks import Kind, Outcome, Result, Task
from facestream.errors import JobStopped, OutputError

__all__ = ["BatchDriver", "Observer"]

MAX_TRIES = 3
"""Of a task whose worker is gone: a machine that failed is not the item's fault, a file that ends each worker is."""

SEGMENTS_PER_WORKER = 4
"""Of a long video: some segments take longer than others."""

WAIT_S = 0.25

STATES = {Result.DONE: State.DONE, Result.PARTIAL: State.PARTIAL, Result.FAILED: State.FAILED}


class Observer(Protocol):
    """Who is told of everything that happens."""

    def began(self, entry: Entry) -> None:
        """An item is worked at."""
        ...

    def progressed(self, worker: str, entry: Entry, frames: int, share: float) -> None:
        """A worker has looked at so many frames of a task, which is that share of the item."""
        ...

    def rested(self, worker: str, entry: Entry, frames: int, share: float) -> None:
        """A worker has ended a task of so many frames."""
        ...

    def ended(self, entry: Entry, state: State, outcome: Outcome) -> None:
        """An item has ended."""
        ...

    def noted(self, source: str, text: str) -> None:
        """Something that the log should hold."""
        ...

    def waited(self) -> None:
        """Time has passed."""
        ...


@dataclass(slots=True)
class _Running:
    """An item that is worked at."""

    entry: Entry
    num_deaths: Counter[str] = field(default_factory=Counter)
    """Of workers, by the task that they were at."""
    num_open: int = 0
    """Tasks that have been given out, or wait for it."""
    is_divided: bool = False
    """Its segments are being done."""
    records: list[str] = field(default_factory=list)
    num_segment_frames: int = 0
    """Of all segments."""
    seconds: float = 0.0

    def share(self, task: Task, frames: int, expected: int | None) -> float:
        """How much of the item so many frames of a task are."""
        whole = self.num_segment_frames if task.kind is Kind.SEGMENT else expected
        return min(1.0, frames / whole) if whole else 0.0


class BatchDriver:
    """One run over the items that wait in a journal."""

    def __init__(
        self,
        journal: Journal,
        workers: Workers,
        observer: Observer,
        *,
        segments: SegmentStore,
        num_segments: int | None = None,
    ) -> None:
        """Prepare a run.

        Args:
            journal: with the plan.
            workers: who do the tasks.
            observer: is told of everything.
            segments: where the results of segments lie; those of an earlier run are used.
            num_segments: how many segments a long video becomes; by the number of workers when left out.
        """
        self._journal = journal
        self._workers = workers
        self._observer = observer
        self._segments = segments
        self._num_segments = num_segments
        self._running: dict[int, _Running] = {}
        self._events: deque[Event] = deque()
        """Not heeded yet; Ctrl-C may fall between two of them."""
        self._num_given = 0
        """Tasks that workers have."""
        self._ready: deque[Task] = deque()
        """Tasks of items that run already."""
        self._is_stopping = False
        self._no_room = ""

    def run(self) -> None:
        """Work until nothing waits any more.

        Raises:
            JobStopped: ``stop`` was called.
            OutputError: the disk is full, or the journal cannot be written; what was not done waits.
            FacestreamError: no worker can work.
        """
        try:
            while self._fill():
                try:
                    self._events.extend(self._workers.wait(WAIT_S))
                    while self._events:
                        self._heed(self._events.popleft())
                    self._observer.waited()
                except KeyboardInterrupt:
                    if self._is_stopping:
                        raise
                    self.stop()
        finally:
            self._put_back_all()
        if self._no_room:
            raise OutputError(
                f"the disk is full ({self._no_room}); what was not done waits: make room, and start the batch again"
            )
        if self._is_stopping:
            raise JobStopped("stopped; what was not done waits: the same command goes on")

    def stop(self) -> None:
        """Begin nothing more, and ask for the end of what runs."""
        self._is_stopping = True
        self._workers.stop()

    def _fill(self) -> bool:
        """Give tasks to idle workers; the answer is whether there is anything left to wait for."""
        has_more = True
        while not self._is_stopping and self._workers.num_idle > 0:
            if not self._ready:
                entry = self._journal.take_next()
                if entry is None:
                    has_more = False
                    break
                self._running[entry.number] = _Running(entry)
                self._observer.began(entry)
                self._add(self._item_task(entry))
            self._workers.submit(self._ready.popleft())
            self._num_given += 1
        return self._num_given > 0 or (has_more and not self._is_stopping)

    def _heed(self, event: Event) -> None:
        running = self._running.get(event.task.item)
        if event.outcome is None and event.death is None:
            if running is not None:
                share = running.share(event.task, event.frames, event.expected)
                self._observer.progressed(event.worker, running.entry, event.frames, share)
            return
        self._num_given -= 1
        if running is not None:
            # The frames of segments that are joined were counted before.
            frames = 0 if event.task.kind is Kind.JOIN else event.frames
            self._observer.rested(event.worker, running.entry, frames, running.share(event.task, frames, frames))
        is_of_segment = event.task.kind is Kind.SEGMENT
        if is_of_segment and (running is None or not running.is_divided):
            # Another segment has failed, or did not fit.
            self._segments.remove(event.task.records[0])
        if running is None:
            return
        running.num_open -= 1
        if is_of_segment and not running.is_divided:
            return
        if event.death is not None:
            self._heed_death(running, event.task, event.death)
        elif event.outcome is not None:
            running.seconds += event.outcome.seconds
            self._heed_outcome(running, event.task, event.outcome)
        if running.num_open == 0 and event.task.item in self._running and not self._is_stopping:
            self._complete(running)

    def _heed_death(self, running: _Running, task: Task, death: str) -> None:
        name = task.records[0] if task.kind is Kind.SEGMENT else str(task.kind)
        running.num_deaths[name] += 1
        if running.num_deaths[name] < MAX_TRIES:
            self._observer.noted(task.source, f"{death}; it is tried again")
            self._add(task)
            return
        error = f"{task.source}: {death}, {MAX_TRIES} times; perhaps this file ends every worker"
        self._end(running, State.FAILED, Outcome(result=Result.FAILED, error=error))

    def _heed_outcome(self, running: _Running, task: Task, outcome: Outcome) -> None:
        if outcome.note:
            self._observer.noted(task.source, f"not divided: {outcome.note}")
        if outcome.result is Result.NO_ROOM:
            self._no_room = self._no_room or outcome.error
            self.stop()
        elif outcome.result is Result.DIVIDED:
            self._divide(running, task, outcome)
        elif outcome.result is Result.UNDIVIDED:
            self._observer.noted(task.source, f"not divided: {outcome.error}")
            self._drop_segments(running)
            self._add(replace(self._item_task(running.entry), num_segments=1))
        elif outcome.result is not Result.STOPPED and not (task.kind is Kind.SEGMENT and outcome.result is Result.DONE):
            self._end(running, STATES[outcome.result], outcome)

    def _divide(self, running: _Running, task: Task, outcome: Outcome) -> None:
        running.is_divided = True
        self._observer.noted(task.source, f"divided into {len(outcome.segments)} segments")
        for segment in outcome.segments:
            name = _record_name(running.entry, segment)
            running.records.append(name)
            running.num_segment_frames += segment["stop"] - segment["span"]["first"]
            if not self._segments.has(name):
                self._add(replace(task, kind=Kind.SEGMENT, segment=segment, records=(name,)))

    def _complete(self, running: _Running) -> None:
        """All tasks of an item have come back, and it has not ended: its segments are there."""
        if running.is_divided:
            running.is_divided = False
            self._add(replace(self._item_task(running.entry), kind=Kind.JOIN, records=tuple(running.records)))

    def _add(self, task: Task) -> None:
        self._running[task.item].num_open += 1
        self._ready.append(task)

    def _end(self, running: _Running, state: State, outcome: Outcome) -> None:
        entry = running.entry
        self._forget_tasks(entry.number)
        del self._running[entry.number]
        self._journal.end(
            entry.number,
            state,
            frames=outcome.frames,
            seconds=running.seconds,
            device=outcome.device,
            error=outcome.error,
            warnings=outcome.warnings,
        )
        self._remove_records(running)
        self._observer.ended(entry, state, replace(outcome, seconds=running.seconds))

    def _drop_segments(self, running: _Running) -> None:
        self._forget_tasks(running.entry.number)
        self._remove_records(running)
        running.is_divided = False
        running.records = []
        running.num_segment_frames = 0

    def _forget_tasks(self, number: int) -> None:
        """Tasks of an item that were not given out yet."""
        kept = [task for task in self._ready if task.item != number]
        self._running[number].num_open -= len(self._ready) - len(kept)
        self._ready = deque(kept)

    def _remove_records(self, running: _Running) -> None:
        for name in running.records:
            self._segments.remove(name)

    def _put_back_all(self) -> None:
        """What runs waits for the next run. Nobody works at it any more, or its end will not be heard of."""
        # Where even that cannot be written, the next run finds it out.
        with suppress(OutputError):
            for number in self._running:
                self._journal.put_back(number)
        self._running.clear()

    def _item_task(self, entry: Entry) -> Task:
        num_segments = self._num_segments or SEGMENTS_PER_WORKER * self._workers.num_workers
        return Task(
            kind=Kind.ITEM,
            item=entry.number,
            source=entry.source,
            output=entry.output,
            boxes=entry.boxes,
            changes=entry.changes,
            num_segments=num_segments,
        )


def _record_name(entry: Entry, segment: Mapping[str, Any]) -> str:
    """Of the file of a segment: another one for another source, other options or other frames."""
    told = json.dumps([entry.source, entry.boxes, entry.options, entry.marks, segment], sort_keys=True)
    return SegmentStore.name(entry.number, hashlib.sha256(told.encode()).hexdigest()[:24])
