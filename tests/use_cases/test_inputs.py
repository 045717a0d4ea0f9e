from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from facestream.use_cases.inputs import find_inputs


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as people have them, and the working directory above it."""
    for name in (
        "clips/b.mp4",
        "clips/a.MOV",
        "clips/day 1/a.mp4",
        "clips/day 1/a.facemesh.stream",
        "clips/day 1/a.facemesh.overlay.mp4",
        "clips/day 2/deep/photo.jpeg",
        "clips/.cache/hidden.mp4",
        "clips/.hidden.mp4",
        "clips/notes.txt",
        "raw/film.dat",
        "empty/readme.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*words: str) -> list[tuple[str, str]]:
    return [(item.path.as_posix(), item.subfolder.as_posix()) for item in find_inputs(words)[0]]


def test_a_folder_stands_for_its_pictures_and_videos(clips: Path) -> None:
    assert found("clips") == [
        ("clips/a.MOV", "."),
        ("clips/b.mp4", "."),
        ("clips/day 1/a.mp4", "day 1"),
        ("clips/day 2/deep/photo.jpeg", "day 2/deep"),
    ]
    assert not any(item.is_named for item in find_inputs(["clips"])[0])


def test_patterns(clips: Path) -> None:
    assert found("clips/*.mp4") == [("clips/b.mp4", ".")]
    assert found("clips/**/*.mp4") == [("clips/b.mp4", "."), ("clips/day 1/a.mp4", "day 1")]
    assert found("clips/*/*") == [("clips/day 1/a.mp4", "day 1")]
    assert found("raw/*.dat") == [("raw/film.dat", ".")], "what a pattern names is taken by any name"
    assert found(str(clips / "clips" / "?.mp4")) == [(str(clips / "clips/b.mp4"), ".")]


def test_files_are_taken_as_they_are_named(clips: Path) -> None:
    assert found("raw/film.dat", "absent.mp4", "clips/notes.txt") == [
        ("raw/film.dat", "."),
        ("absent.mp4", "."),
        ("clips/notes.txt", "."),
    ]
    (clips / "a[1].mp4").touch()
    assert found("a[1].mp4") == [("a[1].mp4", ".")], "a name with brackets is a file where there is one"


def test_overlays_are_passed_over(clips: Path) -> None:
    overlay = "clips/day 1/a.facemesh.overlay.mp4"
    assert found("clips/b.mp4", overlay) == [("clips/b.mp4", ".")]
    assert found(overlay) == [(overlay, ".")], "the only word is meant"
    ((place, message),) = find_inputs([overlay, overlay])[1]
    assert place == overlay
    assert message == f"{overlay}, {overlay}: nothing but overlays, which are passed over"


def test_what_comes_twice_is_taken_once(clips: Path) -> None:
    assert found("clips/b.mp4", "clips/*.mp4", "clips") == [
        ("clips/b.mp4", "."),
        ("clips/a.MOV", "."),
        ("clips/day 1/a.mp4", "day 1"),
        ("clips/day 2/deep/photo.jpeg", "day 2/deep"),
    ]


def test_named_files_within_folders(clips: Path) -> None:
    assert found("clips/day 1", "clips/day 1/a.mp4") == [("clips/day 1/a.mp4", ".")]
    assert found("clips/day 1/a.mp4", "clips/day 1") == [("clips/day 1/a.mp4", ".")]
    (clips / "link.mp4").symlink_to(clips / "clips" / "b.mp4")
    assert found("clips/b.mp4", "link.mp4", "./clips/b.mp4") == [("clips/b.mp4", "."), ("link.mp4", ".")]


def test_nothing_to_take_does_not_keep_others_from_their_turn(clips: Path) -> None:
    inputs, failures = find_inputs(["empty", "clips/b.mp4", "clips/*.mkv", "x" * 300])
    assert [item.path.name for item in inputs] == ["b.mp4", "x" * 300]
    assert failures == [
        ("empty", "empty: there is no picture or video in this folder"),
        ("clips/*.mkv", "clips/*.mkv: no picture or video fits this pattern"),
    ]
    assert find_inputs([]) == ([], [])


def test_a_folder_that_cannot_be_read(clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def scandir(path: str) -> Iterator[os.DirEntry[str]]:
        if str(path).endswith("day 1"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    # For root there are no folders that cannot be read.
    monkeypatch.setattr(os, "scandir", scandir)
    inputs, failures = find_inputs(["clips"])
    assert [item.path.name for item in inputs] == ["a.MOV", "b.mp4", "photo.jpeg"]
    assert failures == [("clips/day 1", "clips/day 1: the folder cannot be read (Permission denied)")]


def test_a_folder_that_links_to_itself_ends(clips: Path) -> None:
    (clips / "clips" / "again").symlink_to(clips / "clips")
    assert len(found("clips")) == 4
