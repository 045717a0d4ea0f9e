"""Log lines that show the progress of a session."""

from __future__ import annotations

from collections.abc import Callable

from facestream.structures import Progress

__all__ = ["ProgressLines"]

EVERY_S = 10.0


class ProgressLines:
    """Logs the progress of a session from time to time. Short sessions need no such lines."""

    def __init__(self, say: Callable[[str], None], every_s: float = EVERY_S) -> None:
        self._say = say
        self._every_s = every_s
        self._said_s = 0.0

    def __call__(self, progress: Progress) -> None:
        if progress.seconds - self._said_s >= self._every_s:
            self._said_s = progress.seconds
            self._say(str(progress))
