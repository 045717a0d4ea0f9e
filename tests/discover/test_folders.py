from __future__ import annotations

from pathlib import Path

import pytest

from facestream.discover.folders import JobFolders, check_plain_name
from facestream.errors import RequestError


@pytest.fixture
def folders(tmp_path: Path) -> JobFolders:
    for name in ("first", "second", "uploads", "outside"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / f"{name}.mp4").touch()
        (tmp_path / name / "both.mp4").touch()
    (tmp_path / "first" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "first" / "link.mp4").symlink_to(tmp_path / "outside" / "both.mp4")
    (tmp_path / "first" / "inner.mp4").symlink_to(tmp_path / "second" / "both.mp4")
    (tmp_path / "first" / "circle").symlink_to("circle")
    return JobFolders([tmp_path / "first", tmp_path / "second"], tmp_path / "uploads")


def test_inputs_are_looked_for_in_order(folders: JobFolders, tmp_path: Path) -> None:
    assert folders.find_input("both.mp4") == tmp_path / "first" / "both.mp4"
    assert folders.find_input("sub/second.mp4") == tmp_path / "second" / "sub" / "second.mp4"
    assert folders.find_input("sub\\second.mp4") == tmp_path / "second" / "sub" / "second.mp4"
    assert folders.find_input("sub/uploads.mp4") == tmp_path / "uploads" / "sub" / "uploads.mp4"
    assert folders.find_input(str(tmp_path / "second" / "both.mp4")) == tmp_path / "second" / "both.mp4"
    assert folders.find_input("inner.mp4") == tmp_path / "second" / "both.mp4"
    assert folders.find_input("sub/../both.mp4") == tmp_path / "first" / "both.mp4"
    with pytest.raises(RequestError, match=r"absent\.mp4: there is no such file in .*first, .*second, .*uploads"):
        folders.find_input("absent.mp4")


OUTSIDE = [
    "../outside/both.mp4",
    "link/both.mp4",
    "link.mp4",
    "/etc/passwd",
    "..\\outside\\both.mp4",
    "//server/share/x",
]


@pytest.mark.parametrize("uri", [*OUTSIDE, "../absent.mp4"])
def test_inputs_outside(uri: str, folders: JobFolders) -> None:
    with pytest.raises(RequestError, match=r"outside of the folders that jobs may use \(.*first, .*second.*--data-dir"):
        folders.find_input(uri)


@pytest.mark.parametrize("uri", ["\0", "a\0b", "", " ", "C:\\x.mp4", "c:/x.mp4", "\uff0e\uff0e/outside/both.mp4"])
def test_inputs_that_are_none(uri: str, folders: JobFolders) -> None:
    with pytest.raises(RequestError):
        folders.find_input(uri)


def test_outputs_go_to_the_first_folder(folders: JobFolders, tmp_path: Path) -> None:
    assert folders.place_output("new/deep/mesh.stream") == tmp_path / "first" / "new" / "deep" / "mesh.stream"
    assert (tmp_path / "first" / "new" / "deep").is_dir()
    second = tmp_path / "second" / "mesh.stream"
    assert folders.place_output(str(second)) == second


@pytest.mark.parametrize("uri", [*OUTSIDE, "../new/mesh.stream"])
def test_outputs_outside(uri: str, folders: JobFolders, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RequestError, match="outside of the folders that jobs may use"):
        folders.place_output(uri)
    with pytest.raises(RequestError, match="outside of the folders that jobs may use"):
        folders.place_output(str(tmp_path / "uploads" / "x.stream"))
    assert sorted(tmp_path.rglob("*")) == before


def test_outputs_that_are_none(folders: JobFolders) -> None:
    with pytest.raises(RequestError, match=r"\.: a folder, where an output file was expected"):
        folders.place_output(".")
    with pytest.raises(RequestError, match="its folder cannot be made"):
        folders.place_output("both.mp4/mesh.stream")


def test_names_that_would_write_lines_into_a_log(folders: JobFolders) -> None:
    for uri in ("a\nb.mp4", "a\rb.mp4", "a\x1bb.mp4", "a\u2029b.mp4"):
        with pytest.raises(RequestError, match="is no path") as caught:
            folders.find_input(uri)
        assert len(str(caught.value).splitlines()) == 1
    assert folders.check_output("Grüße\u3000日本.stream").name == "Grüße\u3000日本.stream"


def test_names_for_which_no_file_system_has_room() -> None:
    assert check_plain_name("é" * 100, "session") == "é" * 100
    with pytest.raises(RequestError, match=r"session 'é+'\.\.\. has 202 bytes; a name has room for 200"):
        check_plain_name("é" * 101, "session")


def test_plain_names() -> None:
    assert check_plain_name("patient 1", "role") == "patient 1"
    with pytest.raises(RequestError, match="the request does not give the role"):
        check_plain_name("", "role")
    for name in ("..", ".", "a/b", "a\\b", "a\0", "C:", " a", "a\ud800", "a\nb", "a\x85b", "a\u2028b"):
        with pytest.raises(RequestError, match="is no plain name; it may not be a path"):
            check_plain_name(name, "role")
