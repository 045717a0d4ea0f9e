"""What ``RayWorkers`` needs of Ray, without a cluster: actors answer when they are asked about."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from facestream.batch.workers.tasks import Outcome, Result
from facestream.version import __version__

__all__ = ["DONE", "FakeRay"]

DONE = Outcome(result=Result.DONE, frames=5, device="cpu").as_dict()


class RayError(Exception):
    """Of Ray's own."""


class RayTaskError(RayError):
    """Of what an actor did."""


class Ref:
    """An answer that comes: a value, an exception, or nothing yet."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        self.answer = answer


class FakeRay:
    """Resources, and the actors that were asked for."""

    def __init__(self, **resources: float) -> None:
        self.exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)
        self.resources: dict[str, float] = resources
        self.actors: list[FakeActor] = []
        self.greeting: dict[str, str] | Exception = {"version": __version__, "node": "here", "error": ""}
        self.killed: list[FakeActor] = []
        self.is_shut_down = False

    def remote(self, _: type) -> Any:
        return SimpleNamespace(options=lambda **options: SimpleNamespace(remote=lambda _: self._start(options)))

    def _start(self, options: dict[str, Any]) -> FakeActor:
        self.actors.append(FakeActor(self, options))
        return self.actors[-1]

    def wait(self, refs: list[Ref], num_returns: int = 1, timeout: float | None = None) -> tuple[list[Ref], list[Ref]]:
        ready = [ref for ref in refs if ref.answer() is not None][:num_returns]
        return ready, [ref for ref in refs if ref not in ready]

    def get(self, ref: Ref) -> Any:
        answer = ref.answer()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def kill(self, actor: FakeActor) -> None:
        self.killed.append(actor)

    def cluster_resources(self) -> dict[str, float]:
        return self.resources

    def nodes(self) -> list[dict[str, bool]]:
        return [{"Alive": True}, {"Alive": True}, {"Alive": False}]

    def shutdown(self) -> None:
        self.is_shut_down = True


class FakeActor:
    """Does what a test says."""

    def __init__(self, ray: FakeRay, options: dict[str, Any]) -> None:
        self.options = options
        self.outcome: dict[str, Any] | Exception | None = DONE
        self.num_stops = 0
        self.greet = SimpleNamespace(remote=lambda: Ref(lambda: ray.greeting))
        self.run = SimpleNamespace(remote=lambda _: Ref(lambda: self.outcome))
        self.progress = SimpleNamespace(remote=lambda: Ref(lambda: (3, 30)))
        self.stop = SimpleNamespace(remote=self._stop)

    def _stop(self) -> None:
        self.num_stops += 1
