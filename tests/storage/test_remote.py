"""Files elsewhere: fsspec's own memory stands for all kinds of stores."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from facestream.errors import OutputError, SourceError
from facestream.media.source import open_source
from facestream.storage import mounts, remote
from facestream.storage.mounts import fetched, readable, size_of
from facestream.storage.remote import describe_file, fetch, find_files, is_address, is_there, open_ranges, remove, store
from tests.media.clips import cut, remux

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def memory() -> Iterator[Any]:
    files = fsspec.filesystem("memory")
    yield files
    if files.exists("/box"):
        files.rm("/box", recursive=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://bucket/a.mp4", True),
        ("memory://a", True),
        ("https://host/a.mp4", True),
        ("clips/a.mp4", False),
        ("C:\\clips\\a.mp4", False),
        ("C://clips", False),
        ("a:b", False),
        ("//host/share", False),
    ],
)
def test_addresses(text: str, expected: bool) -> None:
    assert is_address(text) is expected


def test_files_are_found_read_and_stored(memory: Any, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    store(tmp_path / "a", "memory://box/deep/a.bin")
    assert memory.find("/box") == ["/box/deep/a.bin"]
    assert list(find_files("memory://box")) == [("memory:///box/deep/a.bin", "deep/a.bin")]
    assert list(find_files("memory://box/*/a.*")) == [("memory:///box/deep/a.bin", "deep/a.bin")]
    assert describe_file("memory://box/deep/a.bin")[0] == 7
    fetch("memory://box/deep/a.bin", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"content"
    with open_ranges("memory://box/deep/a.bin") as file:
        file.seek(3)
        assert file.read(2) == b"te"
    assert is_there("memory://box/deep/a.bin")
    remove("memory://box/deep/a.bin")
    remove("memory://box/deep/a.bin")
    assert not is_there("memory://box/deep/a.bin")


def test_what_is_not_there(tmp_path: Path) -> None:
    for ask in (describe_file, open_ranges):
        with pytest.raises(SourceError, match=r"memory://box/none: there is no such file"):
            ask("memory://box/none")
    with pytest.raises(SourceError, match="no address that can be used"):
        describe_file("nowhere://box/a")


def test_a_store_that_fails_leaves_nothing(memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"new")
    memory.pipe("/box/a", b"old")

    def fail(*_: object, **__: object) -> None:
        raise ConnectionError("the store\nis gone")

    monkeypatch.setattr(type(memory), "mv", fail)
    with pytest.raises(OutputError, match="memory://box/a: cannot be written \\(the store is gone\\)"):
        store(tmp_path / "a", "memory://box/a")
    assert memory.find("/box") == ["/box/a"]
    assert memory.cat("/box/a") == b"old"


def test_without_fsspec_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(SourceError, match=r"pip install 'facestream\[remote\]'"):
        describe_file("s3://bucket/a")


def test_a_video_is_read_in_ranges(memory: Any, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.pipe("/box/clip.mp4", sample.read_bytes())
    monkeypatch.setattr(mounts, "FETCH_BYTES", 1000)
    monkeypatch.setattr(remote, "fetch", lambda *_: pytest.fail("copied"))
    with readable("memory://box/clip.mp4") as path:
        assert not path.exists()
        assert size_of(path) == sample.stat().st_size
        with closing(open_source(path)) as source, closing(open_source(sample)) as local:
            for frame, other in zip(source, local, strict=True):
                assert (frame.index, frame.timestamp_s) == (other.index, other.timestamp_s)
                assert (frame.image == other.image).all()
            assert source.shortfall is None
    assert size_of(path) is None


def test_a_cut_video_elsewhere(memory: Any, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = cut(remux(sample, tmp_path / "whole.mkv", 40), tmp_path / "cut.mkv", 0.6)
    memory.pipe("/box/cut.mkv", short.read_bytes())
    monkeypatch.setattr(mounts, "FETCH_BYTES", 1000)
    with readable("memory://box/cut.mkv") as path, closing(open_source(path)) as source:
        num_frames = sum(1 for _ in source)
        assert 0 < num_frames < 40
        assert "cut short" in (source.shortfall or "")


def test_reading_that_breaks_off(memory: Any, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store may fail with any exception; the video is then one that broke off."""
    memory.pipe("/box/clip.mp4", sample.read_bytes())
    monkeypatch.setattr(mounts, "FETCH_BYTES", 1000)
    opened = open_ranges("memory://box/clip.mp4")
    read, calls = opened.read, [0]

    def fail_later(num_bytes: int = -1) -> bytes:
        calls[0] += 1
        if calls[0] > 1:
            raise TimeoutError("the network is gone")
        return read(num_bytes)

    monkeypatch.setattr(opened, "read", fail_later)
    monkeypatch.setattr(mounts, "open_ranges", lambda _: opened)
    with readable("memory://box/clip.mp4") as path:
        try:
            with closing(open_source(path)) as source:
                num_frames = sum(1 for _ in source)
                shortfall = source.shortfall
        except SourceError:
            num_frames, shortfall = 0, "not opened"
    assert num_frames < 150
    assert shortfall


def test_small_files_are_copied_and_go(memory: Any, tmp_path: Path) -> None:
    memory.pipe("/box/small.txt", b"x")
    for open_it in (readable, fetched):
        with open_it("memory://box/small.txt") as path:
            assert path.read_bytes() == b"x"
            assert path.name == "small.txt"
        assert not path.exists()
        with open_it(str(tmp_path / "here")) as path:
            assert path == tmp_path / "here"
