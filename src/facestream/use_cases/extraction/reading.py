"""Decode frames ahead while the networks process earlier ones."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Self

from facestream.use_cases.extraction.grouping import Scheduled

__all__ = ["ReadAhead"]


class ReadAhead:
    """The frames of an iterator, which a thread of its own asks for them; what it raises is raised here.

    At most ``max_frames`` and ``max_bytes`` of them wait, but always one. Leaving the ``with`` block ends the thread.
    """

    def __init__(self, frames: Iterator[Scheduled], max_frames: int, max_bytes: int) -> None:
        self._frames = frames
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._waiting: deque[tuple[Scheduled, int]] = deque()
        self._num_bytes = 0
        self._error: BaseException | None = None
        self._has_ended = self._is_wanted = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="facestream-reader", daemon=True)

    def __enter__(self) -> Self:
        self._is_wanted = True
        try:
            self._thread.start()
        except BaseException:
            # Ctrl-C in the middle: the thread may run or not.
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._is_wanted = False
            self._waiting.clear()
            self._changed.notify_all()
        # One that has not begun does not ask for frames any more.
        with suppress(RuntimeError):
            self._thread.join()

    def __iter__(self) -> Iterator[Scheduled]:
        return self

    def __next__(self) -> Scheduled:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._has_ended)
            if not self._waiting:
                raise StopIteration if self._error is None else self._error
            scheduled, num_bytes = self._waiting.popleft()
            self._num_bytes -= num_bytes
            self._changed.notify_all()
        return scheduled

    def _read(self) -> None:
        try:
            for scheduled in self._frames if self._is_wanted else ():
                num_bytes = scheduled[0].pixels.nbytes
                with self._changed:
                    while self._is_wanted and not self._has_room(num_bytes):
                        self._changed.wait()
                    if not self._is_wanted:
                        return
                    self._waiting.append((scheduled, num_bytes))
                    self._num_bytes += num_bytes
                    self._changed.notify_all()
                del scheduled
        except BaseException as error:
            self._error = error
        finally:
            with self._changed:
                self._has_ended = True
                self._changed.notify_all()

    def _has_room(self, num_bytes: int) -> bool:
        if not self._waiting:
            return True
        return len(self._waiting) < self._max_frames and self._num_bytes + num_bytes <= self._max_bytes
