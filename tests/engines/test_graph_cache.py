from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from facestream.engines.graph_cache import Graph, cache_folder, cached_graph

GRAPH = Graph(b"<net/>", bytes(range(200)))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FACESTREAM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def not_again() -> Graph:
    return pytest.fail("it was converted again")


def test_a_graph_is_converted_once(folder: Path) -> None:
    assert cached_graph("a+1/2", lambda: GRAPH) == GRAPH
    assert cached_graph("a+1/2", not_again) == GRAPH
    assert [path.name for path in folder.iterdir()] == ["a+1_2.graph"]
    other = Graph(b"", b"other")
    assert cached_graph("b", lambda: other) == other


@pytest.mark.parametrize("place", [0, 40, 120, -30, -1])
def test_a_damaged_entry_is_made_again(folder: Path, place: int) -> None:
    cached_graph("a", lambda: GRAPH)
    content = bytearray((folder / "a.graph").read_bytes())
    content[place] ^= 0xFF
    for damaged in (bytes(content), bytes(content[:place]), b""):
        (folder / "a.graph").write_bytes(damaged)
        assert cached_graph("a", lambda: GRAPH) == GRAPH
        assert cached_graph("a", lambda: GRAPH) == GRAPH


def test_a_folder_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FACESTREAM_CACHE", str(tmp_path / "file" / "cache"))
    with caplog.at_level(logging.WARNING):
        assert cached_graph("a", lambda: GRAPH) == GRAPH
    assert "networks cannot be kept for the next start" in caplog.text
    assert "set FACESTREAM_CACHE to another folder" in caplog.text


def test_a_full_disk_leaves_nothing_half(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert cached_graph("a", lambda: GRAPH) == GRAPH
    assert list(folder.iterdir()) == []


def test_two_processes_at_once(folder: Path) -> None:
    code = (
        "from facestream.engines.graph_cache import *\n"
        "for k in range(300):\n"
        "    g = Graph(b'x' * 1000, bytes(100_000))\n"
        "    (cache_folder() / 'a.graph').unlink(missing_ok=True) if k % 3 == 0 else None\n"
        "    assert cached_graph('a', lambda: g) == g\n"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ)) for _ in range(2)]
    assert [run.wait(timeout=60) for run in runs] == [0, 0]
    assert [path.name for path in folder.iterdir()] == ["a.graph"]


def test_the_users_own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FACESTREAM_CACHE")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: Path("/cache") / name)
    assert cache_folder() == Path("/cache/facestream")
