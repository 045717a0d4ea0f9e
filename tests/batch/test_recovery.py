"""A damaged journal is set aside, and what is done stays done."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from facestream.batch.journal import Journal
from facestream.cli import main
from facestream.errors import OutputError
from tests.media.clips import remux
from tests.media.damage import DAMAGES, contents

NAMES = ("a", "b", "c", "d", "e")


@pytest.fixture
def lab(sample: Path, tmp_path: Path) -> Path:
    """Five clips in a folder, and a batch that has done all of them."""
    (tmp_path / "clips").mkdir()
    for name in NAMES:
        remux(sample, tmp_path / "clips" / f"{name}.mp4", num_packets=6)
        os.utime(tmp_path / "clips" / f"{name}.mp4", (1e9, 1e9))
    assert run(tmp_path) == 0
    return tmp_path


def run(lab: Path, *options: str) -> int:
    return main(["batch", str(lab / "clips"), "-o", str(lab / "out"), "--workers", "1", "--quiet", *options])


def starts(lab: Path) -> dict[str, int]:
    with Journal(lab / "out" / "facestream-batch") as journal:
        return dict(journal.connection.execute("SELECT output, num_starts FROM items"))


@pytest.mark.parametrize("damage", ["random bytes", "a lost table", "a log of junk"])
def test_what_is_there_whole_and_newer_counts_as_done(
    damage: str, lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, state = lab / "out", lab / "out" / "facestream-batch"
    for file in out.glob("a.facemesh.stream*"):  # gone
        file.unlink()
    header = (out / "b.facemesh.stream").read_text().replace("size=", 'complete="false" size=')
    (out / "b.facemesh.stream").write_text(header)  # of a source that broke off
    os.utime(lab / "clips" / "c.mp4")  # newer than its results
    (out / "d.facemesh.stream~").write_bytes(b"cut")  # not whole
    kept = (out / "e.facemesh.stream").stat().st_mtime_ns
    for file in (out / "c.facemesh.stream", out / "c.facemesh.stream~"):
        os.utime(file, (1.1e9, 1.1e9))
    DAMAGES[damage](state / "journal.sqlite")
    capsys.readouterr()
    assert run(lab) == 0
    (line,) = (line for line in capsys.readouterr().err.splitlines() if "damaged" in line)
    (aside,) = (
        path for path in state.iterdir() if path.name.startswith("journal.damaged-") and path.suffix == ".sqlite"
    )
    assert f"{state / 'journal.sqlite'}: damaged (" in line
    assert f"set aside as {aside.name}, and a new one was started: existing results that are complete and newer" in line
    assert starts(lab) == {"a": 1, "b": 1, "c": 1, "d": 1, "e": 0}
    assert (out / "e.facemesh.stream").stat().st_mtime_ns == kept
    assert "damaged (" in (state / "log.txt").read_text()
    # The next run finds a journal like any other.
    assert run(lab) == 0
    assert "damaged" not in capsys.readouterr().err


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_every_damage_is_found_and_nothing_is_lost(damage: str, tmp_path: Path) -> None:
    with Journal(tmp_path) as journal, journal.writing():
        journal.connection.executemany(
            "INSERT INTO items (output, source, options, changes, marks, size, state, run) "
            "VALUES (?, ?, '{}', '{}', '[]', 1, 0, 1)",
            [(f"{number:04d}", "x" * 200) for number in range(1000)],
        )
    path = tmp_path / "journal.sqlite"
    DAMAGES[damage](path)
    before = path.read_bytes()
    with Journal(tmp_path) as journal:
        assert journal.recovery is not None
        assert journal.recovery.found
        assert (tmp_path / journal.recovery.aside).read_bytes() == before
        assert journal.connection.execute("SELECT count(*) FROM items").fetchone() == (0,)
    # A run that was killed before its plan was made recovers as well.
    with Journal(tmp_path) as again:
        assert again.recovery == journal.recovery


def test_rows_that_cannot_be(tmp_path: Path) -> None:
    for number, change in enumerate(("state = 9", "changes = '{'", "warnings = 'x'")):
        with Journal(tmp_path / str(number)) as journal:
            journal.connection.execute(
                "INSERT INTO items (output, source, options, changes, marks, size, state, run) "
                "VALUES ('a', 'a', '{}', '{}', '[]', 1, 0, 1)"
            )
        with closing(sqlite3.connect(tmp_path / str(number) / "journal.sqlite")) as db:
            db.execute(f"UPDATE items SET {change}")  # noqa: S608 - our own words
            db.commit()
        with Journal(tmp_path / str(number)) as journal:
            assert journal.recovery is not None
            assert journal.recovery.found == "row 1 of 'items' holds what cannot be"


def test_two_damages_in_a_second_have_two_names(tmp_path: Path) -> None:
    for _ in range(3):
        with Journal(tmp_path):
            pass
        DAMAGES["no database"](tmp_path / "journal.sqlite")
    with Journal(tmp_path):
        pass
    assert len(list(tmp_path.glob("journal.damaged-*.sqlite"))) == 3


def test_a_dry_run_changes_nothing(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = lab / "out" / "facestream-batch"
    DAMAGES["no database"](state / "journal.sqlite")
    before = contents(state)
    capsys.readouterr()
    assert main(["batch", str(lab / "clips"), "-o", str(lab / "out"), "--dry-run"]) == 0
    told = capsys.readouterr().err
    assert f"{state / 'journal.sqlite'}: damaged (the file is no SQLite database); a run would set it aside" in told
    assert "would process" not in told
    assert contents(state) == before


def test_damage_that_is_met_later_is_a_line_and_the_next_start_goes_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with journal:
        journal.connection.execute("DROP TABLE items")
        with pytest.raises(
            OutputError, match=r"journal\.sqlite: damaged \(.*no such table.*; running the same command sets it"
        ):
            journal.count()
    with Journal(tmp_path) as again:
        assert again.recovery is not None


def test_results_elsewhere_are_not_taken_for_ones_own(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import fsspec

    files = fsspec.filesystem("memory")
    for name in NAMES:
        files.pipe(f"/rescued/{name}.facemesh.stream", b"x")
        files.pipe(f"/rescued/{name}.facemesh.stream~", b"x")
    (lab / "state").mkdir()
    (lab / "state" / "journal.sqlite").write_bytes(b"junk" * 99)
    command = ["batch", str(lab / "clips"), "-o", "memory://rescued", "--state", str(lab / "state"), "--quiet"]
    assert main(command) == 1
    assert "the journal of this batch does not list them" in capsys.readouterr().err
    files.rm("/rescued", recursive=True)


def test_options_of_items_count(lab: Path) -> None:
    """Results of other formats are not those that are wanted."""
    DAMAGES["no database"](lab / "out" / "facestream-batch" / "journal.sqlite")
    assert run(lab, "--format", "npz") == 0
    assert set(starts(lab).values()) == {1}
