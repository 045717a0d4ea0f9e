"""The worker's side of the communication: read orders, send answers."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import IO, Any

from facestream.ipc.messages import read_message, write_message

__all__ = ["Orders"]


class Orders:
    """The worker's side of the pipe. The process ends when the other side closes, in the middle of work too."""

    def __init__(self, commands: IO[bytes], answers: IO[bytes]) -> None:
        self.should_stop = threading.Event()
        """The other side asks for the end of what runs."""
        self._commands = commands
        self._answers = answers
        self._mutex = threading.Lock()
        self._waiting: SimpleQueue[dict[str, Any]] = SimpleQueue()

    @staticmethod
    def from_standard_streams() -> Orders:
        """Standard input and output, which libraries print to no more. Ctrl-C is for whoever started this process."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        return Orders(sys.stdin.buffer, answers)

    def read_settings(self) -> dict[str, Any] | None:
        """The first message; ``None`` where there is none."""
        return read_message(self._commands)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Say that the worker is ready, then give one order after the other."""
        threading.Thread(target=self._listen, name="facestream-listener", daemon=True).start()
        self.say("ready")
        while True:
            yield self._waiting.get()

    def say(self, kind: str, **values: Any) -> None:
        with self._mutex:
            try:
                write_message(self._answers, kind, **values)
            except OSError:
                os._exit(0)

    def _listen(self) -> None:
        """Take commands while something runs, and end with the other side."""
        while message := read_message(self._commands):
            if message["kind"] == "run":
                # Here and not where it is begun, so that a "stop" right behind it counts.
                self.should_stop.clear()
                self._waiting.put(message)
            elif message["kind"] == "stop":
                self.should_stop.set()
        os._exit(0)
