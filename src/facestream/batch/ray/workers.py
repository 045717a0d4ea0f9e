"""Workers on a Ray cluster: actors, each with its own device and networks that stay loaded."""

from __future__ import annotations

import os
import time
from collections import deque
from contextlib import ExitStack, redirect_stdout, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from facestream.batch.ray.actor import BatchActor
from facestream.batch.workers.interface import Event
from facestream.batch.workers.tasks import Outcome, Result, Task, WorkerSettings
from facestream.errors import FacestreamError
from facestream.ipc.ray_cluster import connect, reason_of
from facestream.version import __version__

__all__ = ["RayWorkers"]

RESIZE_S = 5.0
"""How often the number of workers is adapted to the cluster."""

PROGRESS_S = 2.0
IDLE_S = 120.0
"""A worker that is idle for this long is released while others still work, so that its node can be released too."""

MAX_REFUSALS = 3
"""How many workers in a row may fail to start."""

START_S = 300.0
"""A cluster in which no worker has started by then counts as full."""


@dataclass(slots=True, eq=False)
class _Worker:
    """An actor and its current task."""

    name: str
    actor: Any
    greeting: Any
    """The pending result of ``greet``, or ``None`` once it has arrived."""
    task: Task | None = None
    answer: Any = None
    progress: Any = None
    asked_s: float = field(default_factory=time.monotonic)
    """When it last received a request, or became idle."""


class RayWorkers:
    """As many actors as requested, or as the cluster has room for, now and as it grows."""

    def __init__(self, address: str, wanted: int | str, num_gpus: float | None, settings: WorkerSettings) -> None:
        """Connect to the cluster and start workers.

        Args:
            address: The address of the cluster. If it is empty, use an existing cluster, or else start one on this
                machine alone.
            wanted: The number of workers, or ``"auto"``.
            num_gpus: The number of GPUs per worker; by default, it depends on the device in the options.
            settings: Sent to each worker first. Without ``num_threads`` in its options, each worker uses one thread.

        Raises:
            FacestreamError: Ray is not installed, or the cluster does not answer or has another version.
        """
        # Ray prints events of other nodes in between the results of this program.
        self._cleanup = ExitStack()
        silence = self._cleanup.enter_context(Path(os.devnull).open("w"))  # noqa: SIM115 - closed with the workers
        self._cleanup.enter_context(redirect_stdout(silence))
        try:
            self._ray = connect(address)
        except BaseException:
            self._cleanup.close()
            raise
        self._num_threads = settings.options.num_threads or 1
        self._num_gpus = num_gpus if num_gpus is not None else float(settings.options.device == "cuda")
        options = replace(settings.options, num_threads=self._num_threads)
        if not self._num_gpus and options.device == "auto":
            # GPUs that were not requested from Ray belong to others.
            options = replace(options, device="cpu")
        self._settings = replace(settings, options=options)
        self._wanted = wanted
        self._workers: list[_Worker] = []
        self._num_started = self._num_refused = self._num_released = 0
        self._is_closing = False
        self._events: deque[Event] = deque()
        self._resized_s = self._waiting_since_s = time.monotonic()
        for _ in range(self._room()):
            self._start_worker()

    @property
    def description(self) -> str:
        nodes = sum(bool(node["Alive"]) for node in self._ray.nodes())
        each = f"{self._num_threads} CPU{'s' * (self._num_threads > 1)}"
        if self._num_gpus:
            each += f", {self._num_gpus:g} GPU"
        return f"on Ray, {nodes} node{'s' * (nodes > 1)}, {each} each"

    @property
    def num_workers(self) -> int:
        return max(1, len(self._workers))

    @property
    def num_idle(self) -> int:
        return sum(worker.greeting is None and worker.task is None for worker in self._workers)

    def submit(self, task: Task) -> None:
        worker = next(worker for worker in self._workers if worker.greeting is None and worker.task is None)
        worker.task, worker.answer = task, worker.actor.run.remote(task.as_dict())
        worker.asked_s = time.monotonic()
        if not self.num_idle:
            self._num_released = 0

    def wait(self, seconds: float) -> list[Event]:
        try:
            self._listen(seconds)
        except (ConnectionError, self._ray.exceptions.RayError) as error:
            raise FacestreamError(
                f"the Ray cluster is gone ({reason_of(error)}); unfinished items are kept: run the batch again"
            ) from error
        events = list(self._events)
        self._events.clear()
        return events

    def _listen(self, seconds: float) -> None:
        """Collect events, waiting until at least one occurs or the time is over."""
        waited_for = {ref: worker for worker in self._workers for ref in (worker.greeting, worker.answer) if ref}
        if waited_for:
            ready, _ = self._ray.wait(list(waited_for), num_returns=1, timeout=seconds)
            if ready:
                ready, _ = self._ray.wait(list(waited_for), num_returns=len(waited_for), timeout=0)
            for ref in ready:
                worker = waited_for[ref]
                if ref is worker.greeting:
                    self._take_greeting(worker)
                else:
                    self._take_answer(worker)
        else:
            time.sleep(seconds)
        self._ask_for_progress()
        self._resize()

    def stop(self) -> None:
        self._is_closing = True
        for worker in self._workers:
            if worker.task is not None:
                worker.actor.stop.remote()

    def close(self) -> None:
        self._is_closing = True
        # If the cluster is gone, so are its workers.
        with suppress(ConnectionError, self._ray.exceptions.RayError):
            for worker in self._workers:
                self._ray.kill(worker.actor)
        self._workers.clear()
        self._ray.shutdown()
        self._cleanup.close()

    def _start_worker(self) -> None:
        self._num_started += 1
        actor_class = self._ray.remote(BatchActor)
        actor = actor_class.options(
            num_cpus=self._num_threads,
            num_gpus=self._num_gpus,
            # While it runs a task, it must also answer progress and stop requests.
            max_concurrency=3,
        ).remote(self._settings.as_dict())
        self._workers.append(_Worker(f"worker {self._num_started}", actor, actor.greet.remote()))

    def _take_greeting(self, worker: _Worker) -> None:
        """Handle the greeting of a worker, which says that it is ready or why it cannot run."""
        try:
            greeting = self._ray.get(worker.greeting)
        except self._ray.exceptions.RayError as error:
            self._workers.remove(worker)
            self._num_refused += 1
            reason = reason_of(error)
            if "No module named 'facestream" in reason or "has no attribute" in reason:
                raise FacestreamError(
                    f"the Ray cluster has no facestream {__version__} ({reason}); install it on every node"
                ) from error
            if self._num_refused >= MAX_REFUSALS:
                raise FacestreamError(f"workers cannot start on the Ray cluster ({reason})") from error
            return
        if greeting["version"] != __version__:
            raise FacestreamError(
                f"the Ray cluster has facestream {greeting['version']} on node {greeting['node']}, this is "
                f"{__version__}; install the same version on every node"
            )
        if greeting["error"]:
            raise FacestreamError(greeting["error"])
        self._num_refused = 0
        worker.greeting = None
        worker.asked_s = time.monotonic()
        worker.name = f"{worker.name} on {greeting['node']}"

    def _take_answer(self, worker: _Worker) -> None:
        task, worker.task = worker.task, None
        worker.asked_s = time.monotonic()
        answer, worker.answer = worker.answer, None
        worker.progress = None
        assert task is not None
        try:
            outcome = Outcome.from_dict(self._ray.get(answer))
        except self._ray.exceptions.RayTaskError as error:
            outcome = Outcome(result=Result.FAILED, error=f"{task.source}: {reason_of(error)}")
        except self._ray.exceptions.RayError as error:
            # The node or the process died, which is not necessarily the file's fault.
            self._workers.remove(worker)
            self._events.append(Event(worker=worker.name, task=task, death=f"the worker is gone ({reason_of(error)})"))
            self._num_released = 0
            if not self._is_closing and self._room() > 0:
                self._start_worker()
            return
        self._events.append(Event(worker=worker.name, task=task, frames=outcome.frames, outcome=outcome))

    def _ask_for_progress(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if worker.task is None:
                continue
            if worker.progress is not None:
                ready, _ = self._ray.wait([worker.progress], timeout=0)
                if ready:
                    ref, worker.progress = worker.progress, None
                    # If the worker is gone, its pending answer will report that.
                    with suppress(self._ray.exceptions.RayError):
                        frames, expected = self._ray.get(ref)
                        event = Event(worker=worker.name, task=worker.task, frames=frames, expected=expected)
                        self._events.append(event)
            elif now - worker.asked_s >= PROGRESS_S:
                worker.asked_s, worker.progress = now, worker.actor.progress.remote()

    def _resize(self) -> None:
        """Release idle workers, and start workers on new nodes."""
        now = time.monotonic()
        if self._is_closing or now - self._resized_s < RESIZE_S:
            return
        self._resized_s = now
        idle = [w for w in self._workers if w.greeting is None and w.task is None and now - w.asked_s > IDLE_S]
        if len(idle) < len(self._workers):
            for worker in idle:
                self._ray.kill(worker.actor)
                self._workers.remove(worker)
                self._num_released += 1
        for _ in range(self._room()):
            self._start_worker()
        if self._workers and all(worker.greeting is not None for worker in self._workers):
            if now - self._waiting_since_s > START_S:
                raise FacestreamError(
                    f"no worker has started on the Ray cluster in {START_S:.0f} s: it has no room for "
                    f"{self._num_threads} CPUs and {self._num_gpus:g} GPUs at once, or is busy"
                )
        else:
            self._waiting_since_s = now

    def _room(self) -> int:
        """Return how many more workers to start."""
        if isinstance(self._wanted, int):
            # Requesting more than there is room for makes an autoscaler add nodes.
            return self._wanted - self._num_released - len(self._workers)
        total = self._ray.cluster_resources()
        room = int(total.get("CPU", 0.0) // self._num_threads)
        if self._num_gpus:
            room = min(room, int(total.get("GPU", 0.0) / self._num_gpus))
        # At least one is requested, because a cluster may start without any worker node.
        return max(1, room) - self._num_released - len(self._workers)
