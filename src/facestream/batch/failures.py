"""The table of failures in a batch."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from facestream.batch.journal import Journal, State
from facestream.storage.staging import StagedFile

__all__ = ["write_failures"]

COLUMNS = ("source", "output", "state", "error", "starts")


def write_failures(journal: Journal, path: Path) -> bool:
    """Write a row for each item of this run that failed or is partial, and return whether there are any.

    Raises:
        OutputError: The table cannot be written.
    """
    staged = StagedFile(path)
    try:
        text = io.TextIOWrapper(staged.file, encoding="utf-8", errors="backslashreplace", newline="")
        rows = csv.writer(text)
        rows.writerow(COLUMNS)
        num_rows = 0
        for entry in journal.entries(State.PARTIAL, State.FAILED):
            rows.writerow((entry.source, entry.output, entry.state.name.lower(), entry.error, entry.num_starts))
            num_rows += 1
        text.flush()
        text.detach()
        if not num_rows:
            # Remove the table of an earlier run.
            path.unlink(missing_ok=True)
            return False
        staged.finish()
        staged.commit()
        return True
    finally:
        staged.discard()
