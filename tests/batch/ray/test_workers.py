"""Workers on Ray, with a Ray that is none; ``tests/long/test_batch.py`` has a real cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import pytest

from facestream import MeshOptions
from facestream.batch.ray import workers as ray_workers
from facestream.batch.ray.actor import BatchActor
from facestream.batch.ray.workers import RayWorkers
from facestream.batch.workers.tasks import Kind, Result, Task, WorkerSettings
from facestream.errors import FacestreamError
from facestream.ipc.ray_cluster import check_answer, reason_of
from facestream.version import __version__
from tests.batch.fake_ray import FakeRay, RayError, RayTaskError


class Clock:
    """Time that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("facestream.batch.ray.workers.time.monotonic", clock)
    monkeypatch.setattr("facestream.batch.ray.workers.time.sleep", lambda _: None)
    return clock


def settings(**values: Any) -> WorkerSettings:
    return WorkerSettings(out="/out", segments="/out/segments", options=MeshOptions(**values), min_segment_frames=1)


def task(number: int = 1) -> Task:
    return Task(kind=Kind.ITEM, item=number, source=f"/clips/{number}.mp4", output=str(number))


class Start(Protocol):
    def __call__(
        self, ray: FakeRay, wanted: int | str = "auto", gpus: float | None = None, **values: Any
    ) -> RayWorkers: ...


@pytest.fixture
def start(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts workers, which are closed at the end."""
    with ExitStack() as cleanup:

        def start_workers(
            ray: FakeRay, wanted: int | str = "auto", gpus: float | None = None, **values: Any
        ) -> RayWorkers:
            monkeypatch.setattr(ray_workers, "connect", lambda _: ray)
            workers = RayWorkers("", wanted, gpus, settings(**values))
            cleanup.callback(workers.close)
            return workers

        yield start_workers


@pytest.mark.parametrize(
    ("resources", "wanted", "gpus", "values", "expected"),
    [
        ({"CPU": 3}, "auto", None, {}, (3, 1, 0)),
        ({"CPU": 8}, "auto", None, {"num_threads": 3}, (2, 3, 0)),
        ({"CPU": 8, "GPU": 2}, "auto", None, {"device": "cuda"}, (2, 1, 1)),
        ({"CPU": 8, "GPU": 2}, "auto", 0.5, {}, (4, 1, 0.5)),
        ({"CPU": 8, "GPU": 2}, "auto", None, {}, (8, 1, 0)),
        ({}, "auto", None, {}, (1, 1, 0)),
        ({"CPU": 2}, 5, None, {}, (5, 1, 0)),
    ],
)
def test_workers_by_what_the_cluster_has(
    resources: dict[str, float],
    wanted: int | str,
    gpus: float | None,
    values: dict[str, Any],
    expected: tuple[int, int, float],
    start: Start,
) -> None:
    ray = FakeRay(**resources)
    workers = start(ray, wanted, gpus, **values)
    found = {(actor.options["num_cpus"], actor.options["num_gpus"]) for actor in ray.actors}
    assert (len(ray.actors), *found.pop()) == expected
    assert not found
    assert "2 nodes" in workers.description


def test_tasks_go_to_those_who_have_greeted(clock: Clock, start: Start) -> None:
    ray = FakeRay(CPU=2)
    workers = start(ray)
    assert workers.num_idle == 0
    assert workers.wait(1.0) == []
    assert (workers.num_idle, workers.num_workers) == (2, 2)
    workers.submit(task(1))
    workers.submit(task(2))
    ray.actors[1].outcome = None
    assert workers.num_idle == 0
    (event,) = workers.wait(1.0)
    assert (event.task.item, event.frames, event.worker) == (1, 5, "worker 1 on here")
    assert event.outcome is not None
    assert event.outcome.result is Result.DONE
    # The other one is asked how far it is, and has an answer the next time.
    clock.now += 3
    assert workers.wait(1.0) == []
    (event,) = workers.wait(1.0)
    assert (event.task.item, event.frames, event.outcome) == (2, 3, None)
    workers.stop()
    assert [actor.num_stops for actor in ray.actors] == [0, 1]
    workers.close()
    assert ray.killed == ray.actors
    assert ray.is_shut_down


def test_what_ray_prints_is_not_among_the_results(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    workers = start(FakeRay(CPU=1))
    print("(raylet) A worker died")
    workers.close()
    print("a result")
    assert capsys.readouterr().out == "a result\n"


def test_a_lost_node_is_no_fault_of_the_file(clock: Clock, start: Start) -> None:
    ray = FakeRay(CPU=1)
    workers = start(ray)
    workers.wait(1.0)
    workers.submit(task())
    ray.actors[0].outcome = RayError("The actor died.\nThe node is gone.\n")
    (event,) = workers.wait(1.0)
    assert event.death == "the worker is gone (The node is gone.)"
    assert len(ray.actors) == 2
    workers.wait(1.0)
    workers.submit(task())
    ray.actors[1].outcome = RayTaskError("ValueError: ours")
    (event,) = workers.wait(1.0)
    assert event.outcome is not None
    assert (event.outcome.result, event.outcome.error) == (Result.FAILED, "/clips/1.mp4: ValueError: ours")


def test_a_cluster_that_grows_and_shrinks(clock: Clock, start: Start) -> None:
    ray = FakeRay(CPU=1)
    workers = start(ray)
    workers.wait(1.0)
    ray.resources["CPU"] = 3
    clock.now += 10
    workers.wait(1.0)
    workers.wait(1.0)
    assert (len(ray.actors), workers.num_idle) == (3, 3)
    # One still works; the others have nothing to do for long and are let go.
    workers.submit(task())
    ray.actors[0].outcome = None
    clock.now += 200
    workers.wait(1.0)
    assert ray.killed == ray.actors[1:3]
    assert workers.num_workers == 1
    clock.now += 10
    workers.wait(1.0)
    assert len(ray.actors) == 3
    # There is more to do than those who are left can take: they are asked for again.
    ray.actors[0].outcome = RayError("gone")
    workers.wait(1.0)
    clock.now += 10
    workers.wait(1.0)
    assert len(ray.actors) > 3


def test_a_cluster_that_is_gone(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = FakeRay(CPU=1)
    workers = start(ray)

    def fail(*_: object, **__: object) -> None:
        raise ConnectionError("The head is gone.")

    monkeypatch.setattr(ray, "wait", fail)
    monkeypatch.setattr(ray, "kill", fail)
    with pytest.raises(
        FacestreamError, match=r"the Ray cluster is gone \(The head is gone\.\); unfinished items are kept"
    ):
        workers.wait(1.0)


@pytest.mark.parametrize(
    ("greeting", "message"),
    [
        ({"version": "0.0.1", "node": "n1", "error": ""}, "facestream 0.0.1 on node n1, this is"),
        ({"version": __version__, "node": "n1", "error": "w: no weights"}, "w: no weights"),
        (RayError("x\nModuleNotFoundError: No module named 'facestream.batch'"), "has no facestream .*; install it on"),
    ],
)
def test_clusters_that_do_not_fit(greeting: dict[str, str] | Exception, message: str, start: Start) -> None:
    ray = FakeRay(CPU=2)
    ray.greeting = greeting
    workers = start(ray)
    with pytest.raises(FacestreamError, match=message):
        workers.wait(1.0)


def test_workers_that_never_begin(clock: Clock, start: Start) -> None:
    ray = FakeRay(CPU=3)
    ray.greeting = RayError("out of memory")
    workers = start(ray)
    with pytest.raises(FacestreamError, match=r"workers cannot start on the Ray cluster \(out of memory\)"):
        workers.wait(1.0)
    full = FakeRay(CPU=1)
    full.greeting = None  # type: ignore[assignment]
    workers = start(full, num_threads=4)
    workers.wait(1.0)
    clock.now += 400
    with pytest.raises(
        FacestreamError, match="no worker has started on the Ray cluster in 300 s: it has no room for 4 CPUs"
    ):
        workers.wait(1.0)


def test_an_actor_of_another_version_takes_nothing_for_granted() -> None:
    assert BatchActor({"version": "9.9"}).greet()["version"] == __version__


def test_an_actor_says_why_it_cannot_work(tmp_path: Any) -> None:
    (tmp_path / "w.safetensors").write_text("x")
    values = settings(device="cpu", weights=tmp_path / "w.safetensors").as_dict()
    assert "w.safetensors" in BatchActor(values).greet()["error"]


def test_addresses_without_a_port_are_left_to_ray() -> None:
    check_answer("")
    check_answer("auto")
    with pytest.raises(FacestreamError, match="does not answer"):
        check_answer("ray://127.0.0.1:1")
    with pytest.raises(FacestreamError, match="does not answer"):
        check_answer("127.0.0.1:99999999")


def test_reasons_are_the_last_line() -> None:
    assert reason_of(ValueError("first\n\n  last \n")) == "last"
    assert reason_of(ValueError("")) == "ValueError"
