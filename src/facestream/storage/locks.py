"""Locks that are released when their process ends, however it ends."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["lock", "locked_folder"]


def lock(descriptor: int, *, wait: bool) -> bool:
    """Lock an open file; return false if another run holds it and we do not wait, or if locks are not supported."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


@contextlib.contextmanager
def locked_folder(folder: Path) -> Iterator[bool]:
    """Let one run at a time rename files in a folder; false if locks are not supported."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows cannot open folders
        descriptor = -1
    try:
        yield descriptor >= 0 and lock(descriptor, wait=True)
    finally:
        if descriptor >= 0:
            os.close(descriptor)
