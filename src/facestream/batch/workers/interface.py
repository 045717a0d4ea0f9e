"""What a batch needs of the workers that do its tasks, wherever they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from facestream.batch.workers.tasks import Outcome, Task

__all__ = ["Event", "Workers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that a worker has to tell."""

    worker: str
    task: Task
    frames: int = 0
    """Of the task, so far."""
    expected: int | None = None
    """Of the whole task, where that is known."""
    outcome: Outcome | None = None
    """The task has ended."""
    death: str | None = None
    """The worker is gone, and the task with it: why."""


class Workers(Protocol):
    """Those who do tasks, one each at a time."""

    @property
    def num_workers(self) -> int:
        """As far as is known now; more may come and some may go."""
        ...

    @property
    def num_idle(self) -> int:
        """How many tasks would be begun at once."""
        ...

    def submit(self, task: Task) -> None:
        """Give a task to an idle worker."""
        ...

    def wait(self, seconds: float) -> Sequence[Event]:
        """What has happened; at least one thing, unless the time is over before.

        Raises:
            FacestreamError: no worker can work.
        """
        ...

    def stop(self) -> None:
        """Ask for the end of all tasks."""
        ...

    def close(self) -> None:
        """End all workers."""
        ...
