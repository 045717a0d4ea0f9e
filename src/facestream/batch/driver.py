"""The driver of a batch, which gives items to workers and records their outcomes."""

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
"""How often a task is tried if its worker dies: a machine may fail by chance, but a bad file crashes every worker."""

SEGMENTS_PER_WORKER = 4
"""Segments of a long video per worker; more than one, because some segments take longer than others."""

WAIT_S = 0.25

STATES = {Result.DONE: State.DONE, Result.PARTIAL: State.PARTIAL, Result.FAILED: State.FAILED}


class Observer(Protocol):
    """Receives all events of a run."""

    def began(self, entry: Entry) -> None:
        """Work on an item has begun."""
        ...

    def progressed(self, worker: str, entry: Entry, frames: int, share: float) -> None:
        """A worker has processed this many frames of a task, which are this share of the item."""
        ...

    def rested(self, worker: str, entry: Entry, frames: int, share: float) -> None:
        """A worker has ended a task of this many frames."""
        ...

    def ended(self, entry: Entry, state: State, outcome: Outcome) -> None:
        """An item has ended."""
        ...

    def noted(self, source: str, text: str) -> None:
        """There is a note for the log."""
        ...

    def waited(self) -> None:
        """The driver has waited for events once more."""
        ...


@dataclass(slots=True)
class _Running:
    """An item in progress."""

    entry: Entry
    num_deaths: Counter[str] = field(default_factory=Counter)
    """Number of worker deaths per task."""
    num_open: int = 0
    """Number of tasks that are assigned to a worker or queued."""
    is_divided: bool = False
    """Whether its segments are being processed."""
    records: list[str] = field(default_factory=list)
    num_segment_frames: int = 0
    """Total number of frames in all segments."""
    seconds: float = 0.0

    def share(self, task: Task, frames: int, expected: int | None) -> float:
        """Return the share of the item that this many frames of a task make up."""
        whole = self.num_segment_frames if task.kind is Kind.SEGMENT else expected
        return min(1.0, frames / whole) if whole else 0.0


class BatchDriver:
    """One run over the waiting items of a journal."""

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
            journal: The journal, with the plan in it.
            workers: The workers that carry out tasks.
            observer: Receives all events.
            segments: The store for the results of segments; those of an earlier run are reused.
            num_segments: Number of segments for a long video; by default, it depends on the number of workers.
        """
        self._journal = journal
        self._workers = workers
        self._observer = observer
        self._segments = segments
        self._num_segments = num_segments
        self._running: dict[int, _Running] = {}
        self._events: deque[Event] = deque()
        """Events not yet handled; Ctrl-C may arrive between two of them."""
        self._num_given = 0
        """Number of tasks assigned to workers."""
        self._ready: deque[Task] = deque()
        """Queued tasks of items in progress."""
        self._is_stopping = False
        self._no_room = ""

    def run(self) -> None:
        """Process all waiting items.

        Raises:
            JobStopped: ``stop`` was called.
            OutputError: The disk is full, or the journal cannot be written; unfinished items stay waiting.
            FacestreamError: No worker is able to run.
        """
        try:
            while self._fill():
                try:
                    self._events.extend(self._workers.wait(WAIT_S))
                    while self._events:
                        self._handle(self._events.popleft())
                    self._observer.waited()
                except KeyboardInterrupt:
                    if self._is_stopping:
                        raise
                    self.stop()
        finally:
            self._put_back_all()
        if self._no_room:
            raise OutputError(
                f"the disk is full ({self._no_room}); unfinished items are kept: free some space and run it again"
            )
        if self._is_stopping:
            raise JobStopped("stopped; unfinished items are kept: run the same command to continue")

    def stop(self) -> None:
        """Start no more tasks, and ask running ones to end."""
        self._is_stopping = True
        self._workers.stop()

    def _fill(self) -> bool:
        """Give tasks to idle workers, and return whether there is anything left to wait for."""
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

    def _handle(self, event: Event) -> None:
        running = self._running.get(event.task.item)
        if event.outcome is None and event.death is None:
            if running is not None:
                share = running.share(event.task, event.frames, event.expected)
                self._observer.progressed(event.worker, running.entry, event.frames, share)
            return
        self._num_given -= 1
        if running is not None:
            # The frames of joined segments have been counted already.
            frames = 0 if event.task.kind is Kind.JOIN else event.frames
            self._observer.rested(event.worker, running.entry, frames, running.share(event.task, frames, frames))
        is_of_segment = event.task.kind is Kind.SEGMENT
        if is_of_segment and (running is None or not running.is_divided):
            # Another segment has failed or did not match.
            self._segments.remove(event.task.records[0])
        if running is None:
            return
        running.num_open -= 1
        if is_of_segment and not running.is_divided:
            return
        if event.death is not None:
            self._handle_death(running, event.task, event.death)
        elif event.outcome is not None:
            running.seconds += event.outcome.seconds
            self._handle_outcome(running, event.task, event.outcome)
        if running.num_open == 0 and event.task.item in self._running and not self._is_stopping:
            self._complete(running)

    def _handle_death(self, running: _Running, task: Task, death: str) -> None:
        name = task.records[0] if task.kind is Kind.SEGMENT else str(task.kind)
        running.num_deaths[name] += 1
        if running.num_deaths[name] < MAX_TRIES:
            self._observer.noted(task.source, f"{death}; trying again")
            self._add(task)
            return
        error = f"{task.source}: {death}, {MAX_TRIES} times; this file may crash every worker"
        self._end(running, State.FAILED, Outcome(result=Result.FAILED, error=error))

    def _handle_outcome(self, running: _Running, task: Task, outcome: Outcome) -> None:
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
        """Join the segments of an item whose tasks have all returned, unless it has ended."""
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
        """Drop the queued tasks of an item."""
        kept = [task for task in self._ready if task.item != number]
        self._running[number].num_open -= len(self._ready) - len(kept)
        self._ready = deque(kept)

    def _remove_records(self, running: _Running) -> None:
        for name in running.records:
            self._segments.remove(name)

    def _put_back_all(self) -> None:
        """Return items in progress to the waiting state. No worker is busy with them, or its result will be ignored."""
        # If even that cannot be written, the next run notices it.
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
    """Return the file name of a segment, which depends on source, options and frames."""
    identity = json.dumps([entry.source, entry.boxes, entry.options, entry.marks, segment], sort_keys=True)
    return SegmentStore.name(entry.number, hashlib.sha256(identity.encode()).hexdigest()[:24])
