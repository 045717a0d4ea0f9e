"""The parent's side of the communication with a worker process."""

from __future__ import annotations

import logging
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from facestream.ipc.messages import read_message, write_message

__all__ = ["WorkerProcess", "describe_end"]

_log = logging.getLogger(__name__)


class WorkerProcess:
    """A running worker. It ends when its standard input closes, and so with its parent."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start the worker; ``environment`` is that of this process by default.

        Raises:
            OSError: it cannot be started.
        """
        self._process = subprocess.Popen(  # noqa: S603 - a command of ours
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=None if environment is None else {**environment}
        )

    @property
    def number(self) -> int:
        """The process ID."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def send(self, kind: str, **values: Any) -> None:
        """Send a message.

        Raises:
            OSError, ValueError: it has ended.
        """
        assert self._process.stdin is not None
        write_message(self._process.stdin, kind, **values)

    def receive(self) -> dict[str, Any] | None:
        """Read the next message; ``None`` when the worker has ended.

        Raises:
            OSError, ValueError: it has ended.
        """
        assert self._process.stdout is not None
        return read_message(self._process.stdout)

    def kill(self) -> None:
        self._process.kill()

    def wait(self) -> int:
        """Wait for the end of the process; return its exit code, or the negative signal that ended it."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    _log.debug("the pipe of a worker that has ended")
        return self._process.wait()


def describe_end(code: int, when: str) -> str:
    """Describe how a worker ended unexpectedly; ``when`` is such as ``in the middle of the job``."""
    if code >= 0:
        return f"the worker process ended with status {code} {when}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = "; perhaps the machine has not enough memory" if code == -signal.SIGKILL else ""
    return f"the worker process ended by {name} {when}{hint}"
