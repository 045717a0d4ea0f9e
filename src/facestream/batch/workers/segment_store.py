"""Storage for the results of segments until they are joined, in a folder or remote place that all workers can reach."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from facestream.batch.journal import Journal, State
from facestream.errors import FacestreamError
from facestream.storage.remote import is_address, is_there, remove
from facestream.storage.staging import sweep_staged_files

__all__ = ["SegmentStore"]

SUFFIX = ".meshes"


class SegmentStore:
    """Files of records, each named after its item and everything that determines its content."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._folder = None if is_address(place) else Path(place)

    @staticmethod
    def name(number: int, digest: str) -> str:
        """Return the file name for a segment of an item."""
        return f"{number}-{digest}{SUFFIX}"

    def has(self, name: str) -> bool:
        """Whether the results of a segment exist, from this run or an earlier one."""
        if self._folder is not None:
            return (self._folder / name).exists()
        with suppress(FacestreamError):
            return is_there(f"{self.place}/{name}")
        return False

    def remove(self, name: str) -> None:
        """Remove the results of a segment, if possible."""
        if self._folder is not None:
            with suppress(OSError):
                (self._folder / name).unlink(missing_ok=True)
            return
        with suppress(FacestreamError):
            remove(f"{self.place}/{name}")

    def sweep(self, journal: Journal) -> None:
        """Remove local segments whose items no longer wait, and unfinished files that killed workers left behind."""
        if self._folder is None or not self._folder.exists():
            return
        sweep_staged_files(self._folder)
        waiting = {entry.number for entry in journal.entries(State.WAITING)}
        for path in self._folder.glob(f"*{SUFFIX}"):
            number = path.name.partition("-")[0]
            if not number.isdigit() or int(number) not in waiting:
                self.remove(path.name)

    def tidy(self) -> None:
        """Remove the local folder if it is empty."""
        if self._folder is not None:
            with suppress(OSError):
                self._folder.rmdir()
