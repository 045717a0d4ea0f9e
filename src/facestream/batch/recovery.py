"""A note about a damaged journal, kept until a new plan has been made."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Recovery"]

FILE_NAME = "recovering"


@dataclass(frozen=True, slots=True)
class Recovery:
    """A journal was damaged, and the new one is still empty.

    The note is a file next to the journal, which is removed once a plan has been merged into the new journal. Until
    then, existing results are checked, even by a run that follows a killed one.
    """

    found: str
    """What was wrong with the journal."""
    aside: str
    """Its new name."""

    def keep(self, folder: Path) -> None:
        """Write the note.

        Raises:
            OSError: The note cannot be written.
        """
        text = f"{self.found}\n{self.aside}\n"
        (folder / FILE_NAME).write_text(text, encoding="utf-8", errors="backslashreplace")

    @staticmethod
    def find(folder: Path) -> Recovery | None:
        """Return the note of an earlier run whose recovery is not complete."""
        with suppress(OSError):
            found, aside, *_ = [*(folder / FILE_NAME).read_text(encoding="utf-8").split("\n"), "", ""]
            return Recovery(found or "cause unknown", aside)
        return None

    @staticmethod
    def end(folder: Path) -> None:
        """Remove the note, because the new journal now lists the existing results."""
        # If it cannot be removed, the next plan checks for results that the journal does not list, and finds none.
        with suppress(OSError):
            (folder / FILE_NAME).unlink()

    def describe(self, path: Path, *, is_dry: bool) -> str:
        """Return one line about the journal at ``path``."""
        if is_dry:
            return (
                f"{path}: damaged ({self.found}); a run would set it aside and start a new one: existing results that "
                "are complete and newer than their source would count as done"
            )
        return (
            f"{path}: damaged ({self.found}); set aside as {self.aside}, and a new one was started: existing results "
            "that are complete and newer than their source count as done"
        )
