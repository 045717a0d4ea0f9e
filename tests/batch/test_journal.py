"""The journal: states as a table of moves, one run at a time, and what a killed run leaves."""

from __future__ import annotations

import itertools
import sqlite3
from pathlib import Path

import pytest

from facestream.batch.journal import MOVES, Journal, JournalFullError, State
from facestream.batch.plan import make_plan
from facestream.batch.sources.items import Item
from facestream.config import MeshOptions
from facestream.errors import OutputError


def planned(folder: Path, *names: str) -> Journal:
    journal = Journal(folder / "state")
    make_plan(journal, [Item(f"/clips/{name}.mp4", name) for name in names], str(folder), MeshOptions())
    return journal


def test_items_are_taken_in_order_and_end(tmp_path: Path) -> None:
    with planned(tmp_path, "a", "b", "c") as journal:
        first, second = journal.take_next(), journal.take_next()
        assert first is not None
        assert second is not None
        assert (first.source, second.source) == ("/clips/a.mp4", "/clips/b.mp4")
        journal.end(first.number, State.DONE, frames=7, seconds=0.5, device="cpu", warnings=["w"])
        journal.end(second.number, State.FAILED, error="broken")
        assert journal.count() == {
            State.WAITING: 1,
            State.RUNNING: 0,
            State.DONE: 1,
            State.PARTIAL: 0,
            State.FAILED: 1,
        }
        (done,) = journal.entries(State.DONE)
        assert (done.frames, done.seconds, done.device, done.warnings, done.num_starts) == (7, 0.5, "cpu", ["w"], 1)
        (failed,) = journal.entries(State.FAILED, State.PARTIAL)
        assert failed.error == "broken"


@pytest.mark.parametrize(("start", "end"), list(itertools.product(State, State)))
def test_moves_are_those_of_the_table(start: State, end: State, tmp_path: Path) -> None:
    with planned(tmp_path, "a") as journal:
        journal.connection.execute("UPDATE items SET state = ?", (start,))
        if end in MOVES[start]:
            journal._move(1, end)
            assert journal.count()[end] == 1
        else:
            with pytest.raises(AssertionError):
                journal._move(1, end)


def test_what_ran_when_a_run_was_killed_waits_again(tmp_path: Path) -> None:
    with planned(tmp_path, "a", "b") as journal:
        assert journal.take_next() is not None
    with planned(tmp_path, "a", "b") as journal:
        assert journal.count()[State.WAITING] == 2
        entry = journal.take_next()
        assert entry is not None
        assert (entry.source, entry.num_starts) == ("/clips/a.mp4", 1)


def test_one_run_at_a_time(tmp_path: Path) -> None:
    with planned(tmp_path, "a"), pytest.raises(OutputError, match="another batch is writing there"):
        Journal(tmp_path / "state")
    with Journal(tmp_path / "state"):
        pass


def test_a_change_is_made_as_a_whole_or_not(tmp_path: Path) -> None:
    with planned(tmp_path, "a") as journal:
        entry = journal.take_next()
        assert entry is not None

        def change() -> None:
            with journal.writing():
                journal._move(entry.number, State.DONE)
                raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            change()
        assert journal.count()[State.RUNNING] == 1


def test_a_full_disk_is_told_apart(tmp_path: Path) -> None:
    with planned(tmp_path, "a") as journal:
        pages = journal.connection.execute("PRAGMA page_count").fetchone()[0]
        journal.connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(JournalFullError, match="there is no space left for the journal"), journal.writing():
            journal.connection.execute("UPDATE items SET error = ?", ("x" * 1_000_000,))
        journal.connection.execute("PRAGMA max_page_count = 1000000")
        assert journal.take_next() is not None


def test_journals_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be kept there"):
        Journal(tmp_path / "file" / "state")
    (tmp_path / "bad" / "journal.sqlite").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"the journal cannot be used .*--state FOLDER"):
        Journal(tmp_path / "bad")
    with Journal(tmp_path / "later"):
        pass
    with sqlite3.connect(tmp_path / "later" / "journal.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(OutputError, match="another version of facestream"):
        Journal(tmp_path / "later")
