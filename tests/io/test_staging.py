from __future__ import annotations

import os
from pathlib import Path

import pytest

from facestream.errors import OutputError
from facestream.io.staging import StagedFile, check_folder


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


def test_folders_that_take_no_files(tmp_path: Path) -> None:
    check_folder(tmp_path)
    assert names(tmp_path) == [], "the check leaves nothing"
    with pytest.raises(OutputError, match="there is no such output folder; make it first"):
        check_folder(tmp_path / "absent")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="an output folder was wanted, but this is a file"):
        check_folder(tmp_path / "file")


@pytest.mark.skipif(
    os.name != "posix" or not Path("/proc/self").is_dir(), reason="needs a folder that even root cannot write"
)
def test_an_unwritable_folder() -> None:
    with pytest.raises(OutputError, match="nothing can be written there"):
        check_folder(Path("/proc/self"))
    with pytest.raises(OutputError, match="cannot be written"):
        StagedFile(Path("/proc/self/result.bin"))
