"""Recognition of finished items by their results, after their journal was lost."""

from __future__ import annotations

import json
from pathlib import Path

from facestream.batch.journal import Journal, State
from facestream.batch.sources.items import apply_options, plan_item
from facestream.config import MeshOptions

__all__ = ["count_as_done"]

CHUNK = 1000


def count_as_done(journal: Journal, folder: Path, options: MeshOptions) -> int:
    """Mark new items of a run as done if their results exist, complete and newer than their source and boxes.

    Args:
        journal: The journal with the items of the run, inside a transaction.
        folder: The output folder.
        options: The options of the batch.

    Returns:
        The number of items marked.
    """
    num_found, last = 0, -1
    while chunk := journal.connection.execute(
        "SELECT number, output, source, boxes, changes FROM items WHERE run = ? AND state = ? AND number > ? "
        "ORDER BY number LIMIT ?",
        (journal.run, State.WAITING, last, CHUNK),
    ).fetchall():
        done = []
        for number, output, source, boxes, changes in chunk:
            item_options = apply_options(options, json.loads(changes), boxes)
            if plan_item(folder, Path(source), output, item_options).is_done():
                done.append((State.DONE, number))
        journal.connection.executemany("UPDATE items SET state = ? WHERE number = ?", done)
        num_found += len(done)
        last = chunk[-1][0]
    return num_found
