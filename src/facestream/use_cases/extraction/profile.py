"""Measure how long each stage of a job takes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from facestream.engines import Engine
from facestream.structures import StageTime

__all__ = ["Profile"]

Item = TypeVar("Item")


class Profile:
    """The seconds of each stage. Stages run in parallel, so their sum may exceed the duration of the run."""

    def __init__(self, *, is_wanted: bool = True) -> None:
        self._is_wanted = is_wanted
        self._seconds: dict[str, float] = {}
        self._lock = Lock()

    @property
    def stages(self) -> tuple[StageTime, ...]:
        """The seconds of each stage, or ``None`` if they are not wanted."""
        if not self._is_wanted:
            return ()
        return tuple(StageTime(name, seconds) for name, seconds in self._seconds.items())

    def add(self, name: str, seconds: float) -> None:
        with self._lock:
            self._seconds[name] = self._seconds.get(name, 0.0) + seconds

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time inside the ``with`` block as a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, time.perf_counter() - started)

    def making(self, name: str, items: Iterable[Item]) -> Iterator[Item]:
        """Iterate over items, and count the time to make them as a stage."""
        return self._timed(name, iter(items)) if self._is_wanted else iter(items)

    def _timed(self, name: str, iterator: Iterator[Item]) -> Iterator[Item]:
        over = object()
        while True:
            with self.stage(name):
                item = next(iterator, over)
            if item is over:
                return
            yield item  # type: ignore[misc]

    def watch(self, engine: Engine, images: str, network: str) -> Engine:
        """Wrap an engine to measure two stages: making its images, and waiting for the network."""
        return _WatchedEngine(engine, self, images, network)


class _WatchedEngine:
    def __init__(self, engine: Engine, profile: Profile, images: str, network: str) -> None:
        self.name, self.device, self.precision = engine.name, engine.device, engine.precision
        self.input_size, self.batch_size = engine.input_size, engine.batch_size
        self.weights_sha256 = engine.weights_sha256
        self._engine = engine
        self._profile = profile
        self._names = images, network

    def run(self, images: Iterable[npt.NDArray[np.uint8]]) -> tuple[npt.NDArray[Any], ...]:
        own = Profile()
        started = time.perf_counter()
        try:
            return self._engine.run(own.making("images", images))
        finally:
            making_s = sum(stage.seconds for stage in own.stages)
            self._profile.add(self._names[0], making_s)
            self._profile.add(self._names[1], time.perf_counter() - started - making_s)
