from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from facestream.errors import OptionError
from facestream.server.settings import ServerOptions, is_loopback


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def test_each_data_folder_has_a_queue_of_its_own(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    places = {ServerOptions(data_dirs=(path,)).state_folder for path in (folder, other, folder / ".." / "data")}
    assert len(places) == 2
    options = ServerOptions(data_dirs=(folder,), state_dir=tmp_path / "state")
    assert (options.tmp_folder, options.log_folder) == (tmp_path / "state" / "tmp", tmp_path / "state" / "log")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"host": "0.0.0.0"}, "--host 0.0.0.0: others could start jobs there; give --token TEXT, or --trust CIDR"),
        ({"host": "lab.example"}, "--host lab.example: others could start jobs there"),
        ({"data_dirs": ()}, "the server needs a data folder"),
        ({"data_dirs": (Path("/absent"),)}, "--data-dir /absent: there is no such folder; make it first"),
        ({"trusted_networks": ("home",)}, "--trust home: no network such as 192.168.1.0/24"),
        ({"port": 70000}, "port must be at most 65535, not 70000"),
    ],
)
def test_what_does_not_go_together(folder: Path, values: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        ServerOptions(**{"data_dirs": (folder,), **values})
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("name", ["state_dir", "tmp_dir", "log_dir"])
def test_the_servers_own_files_lie_in_no_data_folder(folder: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "link").symlink_to(folder)
    for place in (folder / "deep", folder, tmp_path / "link" / "x"):
        values: dict[str, Any] = {"data_dirs": (folder,), "state_dir": tmp_path / "state", name: place}
        with pytest.raises(
            OptionError, match=r"lies in the data folder .*, where jobs could read and write it; give another"
        ):
            ServerOptions(**values)


def test_loopback() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"]))
    assert not any(map(is_loopback, ["0.0.0.0", "192.168.1.1", "::", "lab.example", ""]))
