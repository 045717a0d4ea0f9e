from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from facestream.discover.module_folders import MODULE_NAMES, write_module_folders
from facestream.discover.trainer import read_trainer
from facestream.errors import InputError, OutputError
from facestream.version import __version__
from tests.conftest import ROOT

FILES = {
    "blazeface": ["blaze_face.py", "blazeface.trainer", "requirements.txt", "version.py"],
    "facemesh": ["facemesh.py", "facemesh.trainer", "requirements.txt", "version.py"],
}


def test_each_folder_has_what_discover_looks_for(tmp_path: Path) -> None:
    places = write_module_folders(tmp_path / "new" / "modules")
    assert [place.name for place in places] == list(MODULE_NAMES)
    for place in places:
        assert sorted(path.name for path in place.iterdir()) == FILES[place.name]
        trainer = read_trainer(place / f"{place.name}.trainer")
        script = (place / trainer.script).read_text()
        assert f"class {trainer.create}(Processor):" in script
        compile(script, trainer.script, "exec")
        assert (place / "version.py").read_text() == f'__version__ = "{__version__}"\n'
        assert f"facestream=={__version__}\n" in (place / "requirements.txt").read_text()


def test_a_wheel_is_named_by_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    wheel = folder / "facestream-0.1.0-py3-none-any.whl"
    wheel.touch()
    monkeypatch.chdir(folder)
    place, _ = write_module_folders(tmp_path / "modules", Path(wheel.name))
    line = (place / "requirements.txt").read_text().splitlines()[-1]
    name, _, url = line.partition(" @ ")
    assert name == "facestream"
    assert " " not in url
    assert unquote(urlsplit(url).path) == str(wheel)


def test_ours_are_written_anew_and_others_stay(tmp_path: Path) -> None:
    write_module_folders(tmp_path)
    (tmp_path / "facemesh" / "version.py").write_text("old")
    write_module_folders(tmp_path)
    assert __version__ in (tmp_path / "facemesh" / "version.py").read_text()

    other = tmp_path / "facemesh" / "facemesh.py"
    other.write_text("import torch\n")
    (tmp_path / "blazeface" / "version.py").write_text("old")
    with pytest.raises(OutputError, match=r"facemesh: another module lies there; move it away"):
        write_module_folders(tmp_path)
    assert other.read_text() == "import torch\n"
    assert (tmp_path / "blazeface" / "version.py").read_text() == "old", "nothing is written where one cannot be"


def test_a_file_in_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"file/blazeface: cannot be"):
        write_module_folders(tmp_path / "file")
    (tmp_path / "facemesh").touch()
    with pytest.raises(OutputError, match=r"facemesh: another module lies there"):
        write_module_folders(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [("facestream-9.9.9-py3-none-any.whl", "there is no such file"), ("torch-2.13.0.whl", "no wheel of facestream")],
)
def test_wheels_that_are_none(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        write_module_folders(tmp_path / "modules", tmp_path / name)
    assert not (tmp_path / "modules").exists()


def test_the_folder_of_the_repository_is_made_by_it(tmp_path: Path) -> None:
    """Made by ``facestream discover-modules integrations/discover``."""
    for place in write_module_folders(tmp_path):
        kept = ROOT / "integrations" / "discover" / place.name
        assert {path.name: path.read_bytes() for path in place.iterdir()} == {
            path.name: path.read_bytes() for path in kept.iterdir() if path.is_file()
        }
