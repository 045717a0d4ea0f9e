"""The name and first bytes of a path, from which its kind is determined."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from pathlib import Path

from facestream.errors import SourceError

__all__ = ["FileSignature", "read_signature"]

HEAD_BYTES = 4096

XML = rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*"


@dataclass(frozen=True, slots=True)
class FileSignature:
    """The name and first bytes of a file, or a folder."""

    path: Path
    is_folder: bool
    head: bytes
    """The first bytes; empty for a folder, or for a file that cannot be opened."""

    @property
    def suffix(self) -> str:
        return self.path.suffix.lower()

    def has_root(self, *names: str) -> bool:
        """Whether the file is XML whose root element has one of these names."""
        tag = b"|".join(name.encode() for name in names)
        return re.match(XML + rb"<(?:" + tag + rb")\b", self.head, re.IGNORECASE | re.DOTALL) is not None


def read_signature(path: Path) -> FileSignature:
    """Read the signature of a path. For a file that is missing or cannot be opened, it is the name only.

    Raises:
        SourceError: The path is neither a file nor a folder, such as a pipe.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        # The reader for files of that name reports what is wrong.
        return FileSignature(path, is_folder=False, head=b"")
    if stat.S_ISDIR(mode):
        return FileSignature(path, is_folder=True, head=b"")
    if not stat.S_ISREG(mode):
        raise SourceError(f"{path}: neither a file nor a folder, such as a pipe or a device; name a file")
    try:
        with path.open("rb") as file:
            return FileSignature(path, is_folder=False, head=file.read(HEAD_BYTES))
    except OSError:
        return FileSignature(path, is_folder=False, head=b"")
