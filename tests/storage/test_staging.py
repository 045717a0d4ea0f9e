from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from facestream.errors import OutputError
from facestream.storage.locks import lock
from facestream.storage.staging import STAGED_NAME, StagedFile, check_folder, sweep_staged_files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_comes_into_sight_whole(tmp_path: Path) -> None:
    path = tmp_path / "result.bin"
    path.write_bytes(b"old")
    staged = StagedFile(path)
    staged.file.write(b"new and longer")
    staged.finish()
    assert path.read_bytes() == b"old"
    staged.commit()
    staged.discard()
    assert path.read_bytes() == b"new and longer"
    assert names(tmp_path) == ["result.bin"]


def test_the_file_has_the_usual_permissions(tmp_path: Path) -> None:
    staged = StagedFile(tmp_path / "result.bin")
    staged.finish()
    staged.commit()
    (tmp_path / "usual").touch()
    assert (tmp_path / "result.bin").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_discarding_leaves_nothing(tmp_path: Path) -> None:
    staged = StagedFile(tmp_path / "result.bin")
    staged.file.write(b"half")
    staged.discard()
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("then", "left"),
    [
        ("sys.exit(3)", []),
        ("raise KeyboardInterrupt", []),
        ("os._exit(3)", ["hidden"]),
        ("staged.leave_to_later_runs(); sys.exit(3)", ["hidden"]),
        ("staged.finish(); staged.commit(); sys.exit(3)", ["result.bin"]),
        ("staged.rename_hidden(folder / 'pending'); sys.exit(3)", ["pending"]),
    ],
)
def test_what_nobody_discarded_goes_when_the_process_ends(then: str, left: list[str], tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys\n"
        "from facestream.storage.staging import StagedFile\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        "staged = StagedFile(folder / 'result.bin')\n"
        "if hasattr(os, 'fork') and not os.fork():\n"
        "    sys.exit(0)\n"
        "if hasattr(os, 'fork'):\n"
        "    os.wait()\n"
        "    assert staged.hidden_path.exists(), 'a fork that ends has no right to it'\n"
    )
    ended = subprocess.run([sys.executable, "-c", code + then], stderr=subprocess.PIPE, text=True, check=False)
    assert "Assertion" not in ended.stderr
    assert ["hidden" if STAGED_NAME.fullmatch(name) else name for name in names(tmp_path)] == left


def test_folders_that_take_no_files(tmp_path: Path) -> None:
    check_folder(tmp_path)
    assert names(tmp_path) == [], "the check leaves nothing"
    with pytest.raises(OutputError, match="there is no such output folder; make it first"):
        check_folder(tmp_path / "absent")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="an output folder was expected, but this is a file"):
        check_folder(tmp_path / "file")


@pytest.mark.skipif(
    os.name != "posix" or not Path("/proc/self").is_dir(), reason="needs a folder that even root cannot write"
)
def test_an_unwritable_folder() -> None:
    with pytest.raises(OutputError, match="nothing can be written there"):
        check_folder(Path("/proc/self"))
    with pytest.raises(OutputError, match="cannot be written"):
        StagedFile(Path("/proc/self/result.bin"))


@pytest.mark.skipif(os.name != "posix", reason="there are no such locks")
def test_what_dead_runs_left_is_swept_and_what_lives_stays(tmp_path: Path) -> None:
    living = StagedFile(tmp_path / "a.bin")
    finished = StagedFile(tmp_path / "b.bin")
    finished.finish()
    code = (
        "import os; from pathlib import Path; from facestream.storage.staging import StagedFile\n"
        f"StagedFile(Path({str(tmp_path / 'dead.bin')!r})).file.write(b'half'); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    os.mkfifo(tmp_path / ".facestream-00112233445566ff.part")
    (tmp_path / ".facestream-notes.txt").touch()
    (tmp_path / ".hidden").touch()
    assert len(names(tmp_path)) == 6
    sweep_staged_files(tmp_path)
    (tmp_path / ".facestream-00112233445566ff.part").unlink()
    others = [".facestream-notes.txt", ".hidden"]
    kept = sorted([living.hidden_path.name, finished.hidden_path.name, *others])
    assert names(tmp_path) == kept
    finished.commit()
    living.discard()
    assert names(tmp_path) == [*others, "b.bin"]


@pytest.mark.skipif(os.name != "posix", reason="there are no such locks")
def test_a_file_that_was_swept_at_its_birth_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    num_tries = 0

    def slow(descriptor: int, *, wait: bool) -> bool:
        nonlocal num_tries
        num_tries += 1
        if num_tries == 1:
            next(tmp_path.iterdir()).unlink()
        return lock(descriptor, wait=wait)

    monkeypatch.setattr("facestream.storage.staging.lock", slow)
    staged = StagedFile(tmp_path / "a.bin")
    assert num_tries == 2
    assert staged.hidden_path.exists()
    staged.discard()
