from __future__ import annotations

from pathlib import Path

import pytest

from facestream.errors import SourceError
from facestream.inputs import find_inputs


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
    return [(item.path.as_posix(), item.subfolder.as_posix()) for item in find_inputs(words)]


def test_a_folder_stands_for_its_pictures_and_videos(clips: Path) -> None:
    assert found("clips") == [
        ("clips/a.MOV", "."),
        ("clips/b.mp4", "."),
        ("clips/day 1/a.mp4", "day 1"),
        ("clips/day 2/deep/photo.jpeg", "day 2/deep"),
    ]
    assert not any(item.is_named for item in find_inputs(["clips"]))


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
    with pytest.raises(SourceError, match="nothing but overlays, which are passed over"):
        find_inputs([overlay, overlay])


def test_what_comes_twice_is_taken_once(clips: Path) -> None:
    assert found("clips/b.mp4", "clips/*.mp4", "clips") == [
        ("clips/b.mp4", "."),
        ("clips/a.MOV", "."),
        ("clips/day 1/a.mp4", "day 1"),
        ("clips/day 2/deep/photo.jpeg", "day 2/deep"),
    ]


def test_nothing_to_take(clips: Path) -> None:
    with pytest.raises(SourceError, match="empty: there is no picture or video in this folder"):
        find_inputs(["empty"])
    with pytest.raises(SourceError, match=r"clips/\*\.mkv: no picture or video fits this pattern"):
        find_inputs(["clips/*.mkv"])
    assert find_inputs([]) == []


def test_a_folder_that_links_to_itself_ends(clips: Path) -> None:
    (clips / "clips" / "again").symlink_to(clips / "clips")
    assert len(found("clips")) == 4
