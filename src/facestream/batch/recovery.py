"""What is kept of a damaged journal until a plan has been made without it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Recovery"]

FILE_NAME = "recovering"


@dataclass(frozen=True, slots=True)
class Recovery:
    """A journal was damaged, and the one that took its place knows nothing yet.

    It lies in a file beside the journal, which goes when a plan has been taken into the new journal: until then,
    results that are there are looked into, also by a run after one that was killed.
    """

    found: str
    """What was wrong with the journal."""
    aside: str
    """Its new name."""

    def keep(self, folder: Path) -> None:
        """Write it down.

        Raises:
            OSError: it cannot be.
        """
        text = f"{self.found}\n{self.aside}\n"
        (folder / FILE_NAME).write_text(text, encoding="utf-8", errors="backslashreplace")

    @staticmethod
    def find(folder: Path) -> Recovery | None:
        """What an earlier run wrote down and did not bring to an end."""
        with suppress(OSError):
            found, aside, *_ = [*(folder / FILE_NAME).read_text(encoding="utf-8").split("\n"), "", ""]
            return Recovery(found or "it is not known how", aside)
        return None

    @staticmethod
    def end(folder: Path) -> None:
        """The new journal knows what is there."""
        # Where it cannot be removed, the next plan looks into results that the journal does not know, and finds none.
        with suppress(OSError):
            (folder / FILE_NAME).unlink()

    def describe(self, path: Path, *, is_dry: bool) -> str:
        """One line about the journal at ``path``."""
        if is_dry:
            return (
                f"{path}: damaged ({self.found}); a run would set it aside and begin it anew: results that are there, "
                "whole and newer than their source would count as done"
            )
        return (
            f"{path}: damaged ({self.found}); set aside as {self.aside} and begun anew: results that are there, whole "
            "and newer than their source count as done"
        )
