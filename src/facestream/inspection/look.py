"""A first look at a path, by which is decided what it is."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from pathlib import Path

from facestream.errors import SourceError

__all__ = ["Look", "look_at"]

HEAD_BYTES = 4096

XML = rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*"


@dataclass(frozen=True, slots=True)
class Look:
    """A file's name and beginning, or a folder."""

    path: Path
    is_folder: bool
    head: bytes
    """The first bytes; none of a folder, or of a file that cannot be opened."""

    @property
    def suffix(self) -> str:
        return self.path.suffix.lower()

    def has_root(self, *names: str) -> bool:
        """Whether it is XML whose root has one of these names."""
        tag = b"|".join(name.encode() for name in names)
        return re.match(XML + rb"<(?:" + tag + rb")\b", self.head, re.IGNORECASE | re.DOTALL) is not None


def look_at(path: Path) -> Look:
    """Look at a path. A file that is not there, or cannot be opened, has its name only.

    Raises:
        SourceError: neither a file nor a folder, such as a pipe.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        # Whoever reads files of that name says what is wrong with it.
        return Look(path, is_folder=False, head=b"")
    if stat.S_ISDIR(mode):
        return Look(path, is_folder=True, head=b"")
    if not stat.S_ISREG(mode):
        raise SourceError(f"{path}: neither a file nor a folder, such as a pipe or a device; name a file")
    try:
        with path.open("rb") as file:
            return Look(path, is_folder=False, head=file.read(HEAD_BYTES))
    except OSError:
        return Look(path, is_folder=False, head=b"")
