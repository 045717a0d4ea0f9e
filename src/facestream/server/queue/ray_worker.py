"""Run the jobs of a worker on a Ray cluster; the server sees an ordinary worker.

The server starts ``python -m facestream.server.queue.ray_worker``. It owns one actor on the cluster and passes on the
messages between actor and server. When it ends, the actor ends as well.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from facestream.errors import FacestreamError
from facestream.ipc.child import Orders
from facestream.ipc.ray_cluster import connect, reason_of
from facestream.version import __version__

__all__ = ["JobActor", "main"]

MAX_TRIES = 3
"""How often a job is started if its node fails."""

LISTEN_S = 0.2


class JobActor:
    """Runs jobs on a node of the cluster. Its methods are called from several threads."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.should_stop = threading.Event()
        self._said: list[dict[str, Any]] = []
        self._mutex = threading.Lock()
        if settings["version"] == __version__:
            from facestream.server.queue.worker import Worker

            self._worker = Worker(settings, self)

    def version(self) -> str:
        """The version of facestream on this node."""
        return __version__

    def say(self, kind: str, **values: Any) -> None:
        """Keep a message of the job until it is fetched."""
        with self._mutex:
            self._said.append({"kind": kind, **values})

    def run(self, form: Mapping[str, str], result_folder: str) -> None:
        """Run a job to its end."""
        self.should_stop.clear()
        self._worker.run(form, Path(result_folder))

    def listen(self) -> list[dict[str, Any]]:
        """Return the messages since the last call."""
        with self._mutex:
            said, self._said = self._said, []
        return said

    def stop(self) -> None:
        """Stop the running job."""
        self.should_stop.set()


class _Cluster:
    """Owns one actor at a time."""

    def __init__(self, settings: Mapping[str, Any], orders: Orders) -> None:
        """Connect to the cluster.

        Raises:
            FacestreamError: the cluster does not answer.
        """
        self._ray = connect(settings["ray_address"] or "")
        self._settings = {**settings, "version": __version__}
        self._orders = orders
        self._actor: Any = None

    def run(self, form: Mapping[str, str], result_folder: str) -> None:
        """Run a job and pass on its messages. If its node fails, run it again.

        Raises:
            FacestreamError: it cannot be run there.
        """
        for attempt in range(1, MAX_TRIES + 1):
            try:
                self._actor = self._actor or self._start()
                self._hand_on(self._actor.run.remote(form, result_folder))
            except self._ray.exceptions.RayError as error:
                self._actor = None
                if attempt == MAX_TRIES:
                    raise FacestreamError(
                        f"the job could not be run on the Ray cluster ({reason_of(error)})"
                    ) from error
            else:
                return

    def _start(self) -> Any:
        num_threads = self._settings["num_threads"]
        actor_class = self._ray.remote(JobActor).options(num_cpus=num_threads, max_concurrency=3)
        actor = actor_class.remote(self._settings)
        version = self._ray.get(actor.version.remote())
        if version != __version__:
            raise FacestreamError(
                f"the Ray cluster has facestream {version}, this is {__version__}; install the same everywhere"
            )
        return actor

    def _hand_on(self, answer: Any) -> None:
        """Pass on the messages of the job until it has ended."""
        has_stopped = False
        while True:
            ready, _ = self._ray.wait([answer], timeout=LISTEN_S)
            if self._orders.should_stop.is_set() and not has_stopped:
                has_stopped = True
                self._actor.stop.remote()
            for message in self._ray.get(self._actor.listen.remote()):
                self._orders.say(**message)
            if ready:
                self._ray.get(answer)
                return


def main() -> None:
    orders = Orders.from_standard_streams()
    settings = orders.read_settings()
    if settings is None:
        return
    cluster: _Cluster | None = None
    for order in orders:
        try:
            cluster = cluster or _Cluster(settings, orders)
            cluster.run(order["form"], order["result_folder"])
        except FacestreamError as error:
            orders.say("failed", error=str(error))


if __name__ == "__main__":
    main()
