"""Workers on this machine: processes, so that one that is ended by a file or for want of memory costs no other."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence

from facestream.batch.workers.interface import Event
from facestream.batch.workers.tasks import Outcome, Task, WorkerSettings
from facestream.errors import FacestreamError
from facestream.ipc.parent import WorkerProcess, describe_end

__all__ = ["LocalWorkers"]

WORKER_COMMAND = (sys.executable, "-m", "facestream.batch.workers.local_process")

MAX_DEATHS_AT_START = 3
"""One after the other, of a worker that never got to a task."""


class LocalWorkers:
    """So many processes, each with networks that stay loaded; one is started when it is needed first."""

    def __init__(self, num_workers: int, settings: WorkerSettings, environments: Sequence[dict[str, str]] = ()) -> None:
        """Prepare them.

        Args:
            num_workers: how many.
            settings: what each is told first.
            environments: of each process, where they differ, as for a GPU each.
        """
        self._events: queue.SimpleQueue[Event | FacestreamError] = queue.SimpleQueue()
        self._slots = [
            _Slot(f"worker {number + 1}", settings, environments[number] if environments else None, self._events.put)
            for number in range(num_workers)
        ]

    @property
    def num_workers(self) -> int:
        return len(self._slots)

    @property
    def num_idle(self) -> int:
        return sum(not slot.is_busy for slot in self._slots)

    def submit(self, task: Task) -> None:
        # Those whose networks are loaded come first.
        slot = min((slot for slot in self._slots if not slot.is_busy), key=lambda slot: not slot.has_started)
        slot.give(task)

    def wait(self, seconds: float) -> list[Event]:
        events: list[Event] = []
        deadline = time.monotonic() + seconds
        while True:
            try:
                left = max(0.0, deadline - time.monotonic())
                event = self._events.get_nowait() if events else self._events.get(timeout=left)
            except queue.Empty:
                return events
            if isinstance(event, FacestreamError):
                raise event
            if event.outcome is not None or event.death is not None:
                next(slot for slot in self._slots if slot.name == event.worker).is_busy = False
            events.append(event)

    def stop(self) -> None:
        for slot in self._slots:
            slot.stop()

    def close(self) -> None:
        for slot in self._slots:
            slot.end()
        for slot in self._slots:
            slot.join()


class _Slot:
    """One worker process after the other, and the thread that talks to it."""

    def __init__(
        self,
        name: str,
        settings: WorkerSettings,
        environment: dict[str, str] | None,
        tell: Callable[[Event | FacestreamError], None],
    ) -> None:
        self.name = name
        self.is_busy = False
        """It has a task whose end was not told yet."""
        self.has_started = False
        self._settings = settings
        self._environment = environment
        self._tell = tell
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._mutex = threading.Lock()
        self._process: WorkerProcess | None = None
        self._is_ended = False
        self._thread = threading.Thread(target=self._serve, name=f"facestream-{name}", daemon=True)

    def give(self, task: Task) -> None:
        self.is_busy = True
        self._tasks.put(task)
        if not self.has_started:
            self.has_started = True
            self._thread.start()

    def stop(self) -> None:
        """Ask for the end of the task."""
        with self._mutex:
            process = self._process
        if process is not None:
            try:
                process.send("stop")
            except (OSError, ValueError):
                process.kill()

    def end(self) -> None:
        self._tasks.put(None)
        with self._mutex:
            self._is_ended = True
            if self._process is not None:
                self._process.kill()

    def join(self) -> None:
        if self.has_started:
            self._thread.join()

    def _serve(self) -> None:
        try:
            process = self._start()
            while process is not None and (task := self._tasks.get()) is not None:
                if self._run(process, task):
                    continue
                death = describe_end(process.wait(), "in the middle of it")
                # The new one is there before the task comes back.
                process = None if self._is_ended else self._start()
                self._tell(Event(worker=self.name, task=task, death=death))
            if process is not None:
                process.kill()
                process.wait()
        except FacestreamError as error:
            self._tell(error)
        except OSError as error:
            self._tell(FacestreamError(f"a worker cannot be started ({error.strerror or error})"))

    def _start(self) -> WorkerProcess | None:
        """A worker that is ready; ``None`` when the batch has ended.

        Raises:
            FacestreamError: it says that it cannot work, or ends again and again.
        """
        code = 0
        for _ in range(MAX_DEATHS_AT_START):
            process = WorkerProcess(WORKER_COMMAND, self._environment)
            with self._mutex:
                self._process = process
                if self._is_ended:
                    process.kill()
            try:
                process.send("settings", **self._settings.as_dict())
                message = process.receive()
            except (OSError, ValueError):
                message = None
            if message is not None and message["kind"] == "ready":
                return process
            code = process.wait()
            if self._is_ended:
                return None
            if message is not None:
                raise FacestreamError(message["error"])
        raise FacestreamError(describe_end(code, f"at its start, {MAX_DEATHS_AT_START} times"))

    def _run(self, process: WorkerProcess, task: Task) -> bool:
        """Whether the worker came to an end of the task."""
        try:
            process.send("run", task=task.as_dict())
            while message := process.receive():
                if message["kind"] == "progress":
                    frames, expected = message["frames"], message["expected"]
                    self._tell(Event(worker=self.name, task=task, frames=frames, expected=expected))
                elif message["kind"] == "outcome":
                    outcome = Outcome.from_dict(message["outcome"])
                    self._tell(Event(worker=self.name, task=task, frames=outcome.frames, outcome=outcome))
                    return True
        except (OSError, ValueError):
            return False
        return False
