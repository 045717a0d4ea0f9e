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
    """The worker's end of the pipe. The process ends when the other end closes, even during work."""

    def __init__(self, commands: IO[bytes], answers: IO[bytes]) -> None:
        self.should_stop = threading.Event()
        """Set when the parent asks to stop the current work."""
        self._commands = commands
        self._answers = answers
        self._mutex = threading.Lock()
        self._waiting: SimpleQueue[dict[str, Any]] = SimpleQueue()

    @staticmethod
    def from_standard_streams() -> Orders:
        """Take over standard input and output, so that libraries cannot print there. Ctrl-C is left to the parent."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        return Orders(sys.stdin.buffer, answers)

    def read_settings(self) -> dict[str, Any] | None:
        """Return the first message, or ``None``."""
        return read_message(self._commands)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Report that the worker is ready, then iterate over orders."""
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
        """Read commands during work, and end with the parent."""
        while message := read_message(self._commands):
            if message["kind"] == "run":
                # Cleared here and not at the start of the work, so that a "stop" right after the order counts.
                self.should_stop.clear()
                self._waiting.put(message)
            elif message["kind"] == "stop":
                self.should_stop.set()
        os._exit(0)
