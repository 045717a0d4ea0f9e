from __future__ import annotations

from pathlib import Path

import pytest

from facestream.errors import RequestError
from facestream.server.library.uploads import Uploads, plain_suffix


def test_a_file_comes_into_sight_once_it_is_whole(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, max_bytes=10)
    begun = uploads.begin("a.MP4", 5)
    assert (begun.num_bytes, begun.num_bytes_there, begun.is_whole) == (5, 0, False)
    assert uploads.append(begun.name, 0, b"abc").num_bytes_there == 3
    assert [path.name[0] for path in tmp_path.iterdir()] == ["."]
    assert uploads.append(begun.name, 3, b"de").is_whole
    assert [path.name for path in tmp_path.iterdir()] == [begun.name]
    assert (tmp_path / begun.name).read_bytes() == b"abcde"


@pytest.mark.parametrize(("offset", "content"), [(0, b"x"), (2, b"x"), (4, b"x"), (3, b"xyz")])
def test_parts_that_do_not_fit(tmp_path: Path, offset: int, content: bytes) -> None:
    uploads = Uploads(tmp_path, max_bytes=10)
    name = uploads.begin("a.mp4", 5).name
    uploads.append(name, 0, b"abc")
    with pytest.raises(RequestError, match="3 of 5 bytes are there; go on from there"):
        uploads.append(name, offset, content)
    assert uploads.find(name).num_bytes_there == 3


def test_files_that_do_not_begin(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, max_bytes=10_000_000)
    with pytest.raises(RequestError, match=r"a\.mp4: the file is empty"):
        uploads.begin("a.mp4", 0)
    with pytest.raises(RequestError, match="11 MB, where at most 10 MB may come"):
        uploads.begin("a.mp4", 11_000_000)
    for name in ("", "../x", "0" * 16 + "-5.mp4", "x" * 1000):
        with pytest.raises(RequestError, match="there is no upload"):
            uploads.find(name)
    assert list(tmp_path.iterdir()) == []


def test_suffixes() -> None:
    names = ["a.MP4", "C:\\me\\b.png", "x", "x.", ".htaccess", "a.verylongsuffix", "a.p/ng", "a.m\0p4", "ü.mp4"]
    assert [plain_suffix(name) for name in names] == [".mp4", ".png", "", "", "", "", "", "", ".mp4"]
