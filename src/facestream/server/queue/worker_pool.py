"""The worker processes, and the threads that give them jobs from the queue and record the outcomes."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from facestream.ipc.parent import WorkerProcess, describe_end
from facestream.server.queue.job_files import JobFiles
from facestream.server.queue.store import Job, JobStatus, JobStore
from facestream.structures import Progress

__all__ = ["WORKER_COMMAND", "WORKER_ON_RAY_COMMAND", "JobProgress", "WorkerPool"]

_log = logging.getLogger(__name__)

WORKER_COMMAND = (sys.executable, "-m", "facestream.server.queue.worker")
WORKER_ON_RAY_COMMAND = (sys.executable, "-m", "facestream.server.queue.ray_worker")

SECONDS_TO_STOP = 1.0
"""A worker that was asked to stop checks between groups of frames. One that does not stop in time is killed."""


@dataclass(frozen=True, slots=True)
class JobProgress:
    """The progress of a running job."""

    session: int
    num_sessions: int
    frames: Progress
    """The progress within this session."""


class WorkerPool:
    """Runs the jobs of a store, one per worker at a time."""

    def __init__(
        self,
        store: JobStore,
        files: JobFiles,
        settings: Mapping[str, Any],
        num_workers: int,
        *,
        on_worker: Callable[[int], None] = lambda _: None,
        worker_command: Sequence[str] = WORKER_COMMAND,
    ) -> None:
        """``settings`` are sent to each worker first; ``on_worker`` is called with the ID of each new process."""
        self.store = store
        self.files = files
        self.settings = settings
        self.on_worker = on_worker
        self.worker_command = worker_command
        self._wake = threading.Condition()
        self._is_ending = False
        self._slots = [_Slot(self, f"facestream-slot-{number}") for number in range(num_workers)]

    def start(self) -> None:
        for slot in self._slots:
            slot.thread.start()

    def call(self) -> None:
        """Wake a worker because a job was queued."""
        with self._wake:
            self._wake.notify_all()

    def cancel(self, key: str) -> bool:
        """Cancel a job; return whether there was anything to cancel. The job ends within two seconds."""
        # No job may be taken from the queue in the meantime.
        with self._wake:
            if self.store.move_waiting_to_canceled(key):
                self.files.log(key, logging.WARNING, "Canceled before it was started.")
                return True
            return any(slot.cancel(key) for slot in self._slots)

    def progress_of(self, key: str) -> JobProgress | None:
        return next((slot.progress for slot in self._slots if slot.key == key), None)

    @property
    def fps(self) -> float:
        """The frame rate of all running jobs together."""
        return sum(progress.frames.fps for slot in self._slots if (progress := slot.progress) is not None)

    def close(self) -> None:
        """End the workers. Running jobs wait for the next server."""
        with self._wake:
            self._is_ending = True
            self._wake.notify_all()
        for slot in self._slots:
            slot.end()
        for slot in self._slots:
            slot.thread.join()

    def next_job(self, slot: _Slot) -> Job | None:
        """Wait for the next job of a slot; return ``None`` when the server stops."""
        while True:
            with self._wake:
                if self._is_ending:
                    return None
                job = self.store.take_next()
                if job is not None:
                    slot.take(job.key)
                    return job
                self._wake.wait()


class _Slot:
    """A worker process at a time, and the thread that communicates with it."""

    def __init__(self, pool: WorkerPool, name: str) -> None:
        self.key: str | None = None
        self.progress: JobProgress | None = None
        self.thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._pool = pool
        self._mutex = threading.Lock()
        self._process: WorkerProcess | None = None
        self._is_canceled = self._is_ended = False
        self._has_ended = threading.Event()
        """The progress of the running job."""

    def cancel(self, key: str) -> bool:
        """If the worker runs this job, ask it to stop, and kill it if it does not."""
        with self._mutex:
            if self.key != key:
                return False
            self._is_canceled = True
            process, has_ended = self._process, self._has_ended
        if process is not None:
            self._ask_to_stop(process)
            threading.Thread(target=self._end_if_it_goes_on, args=(process, has_ended), daemon=True).start()
        return True

    def end(self) -> None:
        """Stop because the server stops."""
        with self._mutex:
            self._is_ended = True
            process = self._process
        if process is not None:
            process.kill()

    def take(self, key: str) -> None:
        """Mark that this slot runs a job."""
        with self._mutex:
            self.key, self.progress, self._is_canceled = key, None, False
            self._has_ended = threading.Event()

    def leave(self) -> None:
        """Mark that the job of this slot has ended."""
        with self._mutex:
            self._has_ended.set()
            self.key = self.progress = None

    def _serve(self) -> None:
        while (job := self._pool.next_job(self)) is not None:
            try:
                self._run(job)
            except Exception:
                _log.exception("job %r could not be run", job.key)
                self._finish(job.key, JobStatus.ERROR, "the server made a mistake; its own output says which")
            finally:
                self.leave()
        self._leave_process()

    def _run(self, job: Job) -> None:
        process = self._ready_process()
        if self._is_canceled:
            self._finish(job.key, JobStatus.CANCELED)
            return
        try:
            result_folder = str(self._pool.files.result_folder(job.key))
            process.send("run", form=dict(job.form), result_folder=result_folder)
            while message := process.receive():
                if self._heed(job.key, message):
                    return
        except (OSError, ValueError) as error:
            _log.warning("a worker could not be talked to: %s", error)
        self._worker_died(job.key, process)

    def _heed(self, key: str, message: Mapping[str, Any]) -> bool:
        """Handle a message of the worker; return whether the job has ended."""
        kind = message["kind"]
        if kind == "log":
            self._pool.files.log(key, message["level"], message["text"])
        elif kind == "progress":
            frames = Progress(message["frames"], message["total"], message["seconds"])
            found = JobProgress(message["session"], message["num_sessions"], frames)
            if self.progress is None or self.progress.session != found.session:
                self._pool.store.set_progress(key, f"{found.session}/{found.num_sessions}")
            self.progress = found
        elif kind == "outputs":
            self._pool.store.add_outputs(key, message["paths"])
        elif kind == "finished":
            self._finish(key, JobStatus.FINISHED)
        elif kind == "stopped":
            self._finish(key, JobStatus.CANCELED)
        elif kind == "failed":
            self._finish(key, JobStatus.ERROR, message["error"])
        return kind in ("finished", "stopped", "failed")

    def _finish(self, key: str, status: JobStatus, error: str = "") -> None:
        if self._is_canceled and status is not JobStatus.FINISHED:
            status, error = JobStatus.CANCELED, ""
        # Write the last log line before the job is shown as ended.
        if status is JobStatus.ERROR:
            self._pool.files.log(key, logging.CRITICAL, f"Job failed with exception {error}")
        elif status is JobStatus.CANCELED:
            self._pool.files.log(key, logging.WARNING, "Canceled; no partial outputs were left.")
        self._pool.store.move(key, status, error)

    def _worker_died(self, key: str, process: WorkerProcess) -> None:
        self._forget()
        code = process.wait()
        if self._is_ended:
            self._pool.store.move(key, JobStatus.WAITING)
            return
        self._finish(key, JobStatus.ERROR, describe_end(code, "in the middle of the job"))

    def _ready_process(self) -> WorkerProcess:
        """Return the worker process of the last job, or a new one if it has ended."""
        with self._mutex:
            process = self._process
        if process is not None and process.is_alive:
            return process
        process = WorkerProcess(self._pool.worker_command)
        self._pool.on_worker(process.number)
        with self._mutex:
            self._process = process
            if self._is_ended:
                process.kill()
        process.send("settings", **self._pool.settings)
        process.receive()
        return process

    def _forget(self) -> None:
        with self._mutex:
            self._process = None

    def _leave_process(self) -> None:
        with self._mutex:
            process = self._process
        if process is not None:
            process.kill()
            self._forget()
            process.wait()

    def _ask_to_stop(self, process: WorkerProcess) -> None:
        try:
            process.send("stop")
        except (OSError, ValueError):
            _log.debug("a worker that is asked to stop has ended already")

    def _end_if_it_goes_on(self, process: WorkerProcess, has_ended: threading.Event) -> None:
        """A later job with the same key is a different job, and is not killed."""
        has_ended.wait(SECONDS_TO_STOP)
        with self._mutex:
            if not has_ended.is_set():
                process.kill()
