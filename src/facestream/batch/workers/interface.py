"""The interface between a batch and its workers, on this machine or on a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from facestream.batch.workers.tasks import Outcome, Task

__all__ = ["Event", "Workers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A report about a worker's task: progress, outcome or death."""

    worker: str
    task: Task
    frames: int = 0
    """Frames of the task processed so far."""
    expected: int | None = None
    """Frames of the whole task, if known."""
    outcome: Outcome | None = None
    """The outcome, if the task has ended."""
    death: str | None = None
    """The reason, if the worker died during the task."""


class Workers(Protocol):
    """A set of workers that run one task each at a time."""

    @property
    def num_workers(self) -> int:
        """The current number of workers, which may change."""
        ...

    @property
    def num_idle(self) -> int:
        """How many tasks could start immediately."""
        ...

    def submit(self, task: Task) -> None:
        """Give a task to an idle worker."""
        ...

    def wait(self, seconds: float) -> Sequence[Event]:
        """Return new events: at least one, unless the time is over before.

        Raises:
            FacestreamError: No worker is able to run.
        """
        ...

    def stop(self) -> None:
        """Ask all running tasks to end."""
        ...

    def close(self) -> None:
        """End all workers."""
        ...
