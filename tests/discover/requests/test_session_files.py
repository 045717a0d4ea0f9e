from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from facestream.discover.folders import JobFolders
from facestream.discover.requests.descriptions import Description, parse_descriptions
from facestream.discover.requests.session_files import SessionPlaces
from facestream.errors import RequestError


def describe(**values: Any) -> Description:
    (description,) = parse_descriptions(json.dumps([{"type": "input", "id": "data", **values}]))
    return description


@pytest.fixture
def places(tmp_path: Path) -> SessionPlaces:
    for name in ("first", "second", "uploads", "scratch"):
        (tmp_path / name).mkdir()
    return SessionPlaces(
        folders=JobFolders([tmp_path / "first", tmp_path / "second"], tmp_path / "uploads"),
        dataset="study",
        session="s01",
        result_folder=tmp_path / "results",
        scratch_folder=tmp_path / "scratch",
        download=None,
    )


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_uri_and_template(places: SessionPlaces, tmp_path: Path) -> None:
    make(tmp_path / "second", "study/s01/a.mp4", "b.mp4")
    template = "{dataset}/{session}/a.mp4"
    found = places.find_input(describe(src="file:stream:video", uri_template=template, uri="b.mp4"))
    assert found == tmp_path / "second" / "study" / "s01" / "a.mp4"
    assert places.find_input(describe(src="file:stream:video", uri="b.mp4")) == tmp_path / "second" / "b.mp4"
    with pytest.raises(RequestError, match="input 'data' has neither uri nor uri_template"):
        places.find_input(describe(src="file:stream:video"))


def test_a_stream_of_a_dataset(places: SessionPlaces, tmp_path: Path) -> None:
    folder = tmp_path / "second" / "study" / "s01"
    make(
        folder,
        "patient.video.mp4",
        "patient.bb.stream",
        "patient.bb.stream~",
        "patient.both.mp4",
        "patient.both.stream",
    )
    for name, sub, expected in [
        ("video", "Video", "patient.video.mp4"),
        ("bb", "SSIStream:feature;face;boundingbox", "patient.bb.stream"),
        ("both", "Video", "patient.both.mp4"),
        ("both", "SSIStream", "patient.both.stream"),
    ]:
        assert places.find_input(describe(src=f"db:stream:{sub}", role="patient", name=name)) == folder / expected


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"role": "patient", "name": "absent"}, r"there is no file patient\.absent\.\* in .*first/study/s01, .*second"),
        (
            {"role": "patient", "name": "two"},
            r"several files fit patient\.two\.\*: patient\.two\.avi, patient\.two\.mp4",
        ),
        ({"name": "video"}, "the request does not give the role of input 'data'"),
        ({"role": "..", "name": "video"}, "is no plain name; it may not be a path"),
        ({"role": "a/../../b", "name": "video"}, "is no plain name; it may not be a path"),
        ({"role": "link", "name": "video"}, "outside of the folders that jobs may use"),
    ],
)
def test_a_stream_that_cannot_be_found(
    places: SessionPlaces, tmp_path: Path, values: dict[str, str], message: str
) -> None:
    folder = tmp_path / "first" / "study" / "s01"
    make(folder, "patient.two.mp4", "patient.two.avi")
    make(tmp_path, "outside.mp4")
    (folder / "link.video.mp4").symlink_to(tmp_path / "outside.mp4")
    with pytest.raises(RequestError, match=message):
        places.find_input(describe(src="db:stream:Video", **values))


def test_outputs(places: SessionPlaces, tmp_path: Path) -> None:
    (tmp_path / "second" / "study").mkdir()
    first, second = tmp_path / "first", tmp_path / "second"
    assert places.place_output(describe(src="file:stream:ssistream", uri="a/m")) == first / "a" / "m.stream"
    assert places.place_output(describe(src="file:stream:ssistream", uri="M.Stream")) == first / "M.Stream"
    found = places.place_output(describe(src="db:stream:SSIStream:feature;face;landmarks", role="patient", name="mesh"))
    assert found == second / "study" / "s01" / "patient.mesh.stream", "where the dataset is"
    found = places.place_output(describe(src="request:stream:ssistream", name="mesh"))
    assert found == tmp_path / "results" / "study" / "s01" / "mesh.stream"
    for values, message in [
        ({"src": "url:stream:ssistream", "uri": "http://a/"}, "nothing can be written to a url"),
        ({"src": "request:stream:ssistream", "name": "../x"}, "is no plain name"),
        ({"src": "file:stream:ssistream", "uri": "../x"}, "outside of the folders"),
    ]:
        with pytest.raises(RequestError, match=message):
            places.place_output(describe(**values))


@pytest.mark.parametrize(("data", "text"), [("größe", "größe"), (["a", "b\ud800"], "a\nb?"), ("", ""), ([], "")])
def test_a_text_in_the_request(places: SessionPlaces, tmp_path: Path, data: str | list[str], text: str) -> None:
    path = places.find_input(describe(src="request:text", data=data))
    assert (path.parent, path.suffix) == (tmp_path / "scratch", ".txt")
    assert path.read_text("utf-8") == text


def test_a_picture_in_the_request(places: SessionPlaces, tmp_path: Path) -> None:
    text = base64.b64encode(b"picture").decode()
    for data in (text, f"data:image/png;base64,{text}"):
        path = places.find_input(describe(src="request:image", data=data))
        assert path.read_bytes() == b"picture"
        assert path.parent == tmp_path / "scratch"
    refused: list[tuple[dict[str, Any], str]] = [
        ({"src": "request:image", "data": "***"}, "its data is no base64"),
        ({"src": "request:image", "data": ""}, "has no data"),
        ({"src": "request:image", "data": [1]}, "has no data"),
        ({"src": "request:text", "data": 7}, "should be a text or a list of texts"),
        ({"src": "request:stream:ssistream", "data": "a"}, "only image and text are read"),
        ({"src": "url:image", "uri": "http://a/"}, "the server downloads nothing; --allow-url would allow it"),
    ]
    for values, message in refused:
        with pytest.raises(RequestError, match=message):
            places.find_input(describe(**values))
