"""Parsing and formatting of clip times: ``62.5``, ``1:02.5``, ``1:00:02.5``."""

from __future__ import annotations

import re

from facestream.errors import OptionError

__all__ = ["format_time", "parse_time"]

TIME = re.compile(r"(?:(?:(?P<hours>\d{1,6}):)?(?P<minutes>\d{1,7}):)?(?P<seconds>\d{1,9}(?:\.\d{0,9})?)", re.ASCII)


def parse_time(text: str) -> float:
    """Convert a number of seconds, ``minutes:seconds`` or ``hours:minutes:seconds`` to seconds.

    Raises:
        OptionError: The text is not a time.
    """
    found = TIME.fullmatch(text.strip())
    if found is None:
        raise OptionError(f"{text!r:.80} is not a time; write seconds, such as 62.5, or 1:02.5, or 1:00:02.5")
    hours, minutes, seconds = found["hours"], found["minutes"], float(found["seconds"])
    if (minutes is not None and seconds >= 60) or (hours is not None and int(minutes) >= 60):
        raise OptionError(f"{text!r:.80} is not a time: minutes and seconds after a colon must be below 60")
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + seconds


def format_time(seconds: float) -> str:
    """Format seconds for people, as ``1:02.500`` or ``1:00:02.500``."""
    milliseconds = round(abs(seconds) * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if seconds < 0 else ""
    clock = f"{hours}:{minutes:02d}" if hours else str(minutes)
    return f"{sign}{clock}:{rest / 1000:06.3f}"
