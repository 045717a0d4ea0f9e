"""Workers on this machine: separate processes, so that a crash or lack of memory in one does not affect the others."""

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
"""How many times in a row a worker process may die before it is ready."""


class LocalWorkers:
    """Worker processes with networks that stay loaded; each is started when first needed."""

    def __init__(self, num_workers: int, settings: WorkerSettings, environments: Sequence[dict[str, str]] = ()) -> None:
        """Prepare the workers.

        Args:
            num_workers: The number of workers.
            settings: Sent to each worker first.
            environments: The environment of each process, if they differ, for example to use one GPU each.
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
        # Prefer workers whose networks are already loaded.
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
    """A worker process, which is replaced if it dies, and the thread that communicates with it."""

    def __init__(
        self,
        name: str,
        settings: WorkerSettings,
        environment: dict[str, str] | None,
        report: Callable[[Event | FacestreamError], None],
    ) -> None:
        self.name = name
        self.is_busy = False
        """Whether it has a task whose end has not been reported yet."""
        self.has_started = False
        self._settings = settings
        self._environment = environment
        self._report = report
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
        """Ask the running task to end."""
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
                death = describe_end(process.wait(), "during the task")
                # Start the new process before the task is returned.
                process = None if self._is_ended else self._start()
                self._report(Event(worker=self.name, task=task, death=death))
            if process is not None:
                process.kill()
                process.wait()
        except FacestreamError as error:
            self._report(error)
        except OSError as error:
            self._report(FacestreamError(f"a worker cannot be started ({error.strerror or error})"))

    def _start(self) -> WorkerProcess | None:
        """Start a worker and wait until it is ready; return ``None`` if the batch has ended.

        Raises:
            FacestreamError: The worker reports that it cannot run, or dies repeatedly.
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
        raise FacestreamError(describe_end(code, f"at startup, {MAX_DEATHS_AT_START} times"))

    def _run(self, process: WorkerProcess, task: Task) -> bool:
        """Run a task, and return whether the worker completed it."""
        try:
            process.send("run", task=task.as_dict())
            while message := process.receive():
                if message["kind"] == "progress":
                    frames, expected = message["frames"], message["expected"]
                    self._report(Event(worker=self.name, task=task, frames=frames, expected=expected))
                elif message["kind"] == "outcome":
                    outcome = Outcome.from_dict(message["outcome"])
                    self._report(Event(worker=self.name, task=task, frames=outcome.frames, outcome=outcome))
                    return True
        except (OSError, ValueError):
            return False
        return False
