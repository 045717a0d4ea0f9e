"""Workers of a batch within the test's own process, and an observer that remembers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from facestream.batch.journal import Entry, Journal, State
from facestream.batch.plan import Plan
from facestream.batch.workers.interface import Event
from facestream.batch.workers.tasks import Outcome, Result, Task

__all__ = ["InlineWorkers", "Memory"]


class InlineWorkers:
    """Each task is done when events are waited for; ``do`` is what does it, or gives why its worker died."""

    def __init__(self, do: Callable[[Task], Outcome | str], num_workers: int = 2) -> None:
        self.num_workers = num_workers
        self.done: list[Task] = []
        self.is_closed = False
        self._do = do
        self._tasks: deque[Task] = deque()
        self._is_stopped = False

    @property
    def num_idle(self) -> int:
        return self.num_workers - len(self._tasks)

    def submit(self, task: Task) -> None:
        assert self.num_idle > 0
        self._tasks.append(task)

    def wait(self, _: float) -> list[Event]:
        """One task a call, the last one first, so that they end in another order than they began."""
        assert self._tasks, "there is nothing to wait for"
        if self._is_stopped:
            task = self._tasks.pop()
            return [Event(worker="w", task=task, outcome=Outcome(result=Result.STOPPED))]
        answer = self._do(self._tasks[-1])
        task = self._tasks.pop()
        self.done.append(task)
        if isinstance(answer, str):
            return [Event(worker="w", task=task, death=answer)]
        return [
            Event(worker="w", task=task, frames=1),
            Event(worker="w", task=task, frames=answer.frames, outcome=answer),
        ]

    def stop(self) -> None:
        self._is_stopped = True

    def close(self) -> None:
        self.is_closed = True


class Memory:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.ends: dict[str, State] = {}
        self.errors: dict[str, str] = {}
        self.notes: list[str] = []
        self.frames = 0
        self.shares: dict[str, float] = {}
        self.plan: Plan | None = None
        self.on_end: Callable[[], Any] = lambda: None

    def planning(self, num_items: int) -> None:
        pass

    def planned(self, plan: Plan, journal: Journal, out: str) -> None:
        self.plan = plan

    def working(self, description: str, num_workers: int) -> None:
        pass

    def began(self, entry: Entry) -> None:
        assert entry.output not in self.ends

    def progressed(self, worker: str, entry: Entry, frames: int, share: float) -> None:
        assert 0 <= share <= 1

    def rested(self, worker: str, entry: Entry, frames: int, share: float) -> None:
        assert 0 <= share <= 1
        self.frames += frames
        self.shares[entry.output] = self.shares.get(entry.output, 0.0) + share

    def ended(self, entry: Entry, state: State, outcome: Outcome) -> None:
        self.ends[entry.output] = state
        self.errors[entry.output] = outcome.error
        self.on_end()

    def noted(self, source: str, text: str) -> None:
        self.notes.append(text)

    def waited(self) -> None:
        pass


def kinds(tasks: Sequence[Task]) -> list[str]:
    return [str(task.kind) for task in tasks]
