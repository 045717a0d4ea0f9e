from __future__ import annotations

from pathlib import Path

import pytest

from facestream.batch.sources.expansion import find_items
from facestream.batch.sources.items import Item
from facestream.use_cases.inputs import Failure


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("clips/b.mp4", "clips/day 1/a.mov", "clips/day 1/a.overlay.mp4", "clips/notes.txt", "list.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("clips/b.mp4\n")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*words: str) -> list[tuple[str, str]]:
    return [(item.source, item.output) for item in find_items(words) if isinstance(item, Item)]


def test_folders_keep_their_structure(clips: Path) -> None:
    expected = [(str(clips / "clips/b.mp4"), "b"), (str(clips / "clips/day 1/a.mov"), "day 1/a")]
    assert found("clips") == expected
    assert found("clips/**/*.m*") == expected


def test_lists_and_files(clips: Path) -> None:
    assert found("list.txt") == [(str(clips / "clips/b.mp4"), "b")]
    assert found("clips/b.mp4", "none.mp4") == [(str(clips / "clips/b.mp4"), "b"), (str(clips / "none.mp4"), "none")]
    assert found("none.csv") == [(str(clips / "none.csv"), "none")]


def test_words_that_stand_for_nothing(clips: Path) -> None:
    failures = [item for item in find_items(["empty", "clips/*.gif"]) if isinstance(item, Failure)]
    assert [failure.place for failure in failures] == ["empty", "clips/*.gif"]


def test_places_elsewhere(tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    for name in ("/lab/a.mp4", "/lab/day 1/b.mkv", "/lab/readme.txt", "/lab/day 1/b.overlay.mp4"):
        memory.pipe(name, b"x")
    try:
        expected = [("memory:///lab/a.mp4", "a"), ("memory:///lab/day 1/b.mkv", "day 1/b")]
        assert found("memory://lab") == expected
        assert found("memory://lab/**/*.mkv") == [("memory:///lab/day 1/b.mkv", "day 1/b")]
        assert found("memory://lab/a.mp4") == [("memory://lab/a.mp4", "a")]
        (failure,) = find_items(["memory://nowhere/*.mp4"])
        assert isinstance(failure, Failure)
    finally:
        memory.rm("/lab", recursive=True)
