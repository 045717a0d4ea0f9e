from __future__ import annotations

import json

import pytest

from facestream.discover.modules.catalog import find_trainer
from facestream.discover.requests.descriptions import parse_descriptions
from facestream.discover.requests.matching import match_descriptions

ALIASES = {"data": ("input_data", "video"), "bounding_box": ("face_bb",), "landmarks": ("output_stream", "face_mesh")}

VIDEO, BOXES, TEXT = "file:stream:video", "file:stream:ssistream", "request:text"


def match(*entries: tuple[str, str, str]) -> tuple[dict[str, str | None], list[str]]:
    """Of (id, direction, src): the uris by the trainer's ids, and the notes."""
    text = [{"id": i, "type": t, "src": s, "uri": f"{k}"} for k, (i, t, s) in enumerate(entries)]
    found = match_descriptions(parse_descriptions(json.dumps(text)), find_trainer("facemesh/facemesh.trainer"), ALIASES)
    return {name: entry.uri for name, entry in found.descriptions.items()}, list(found.notes)


def test_the_trainers_own_ids() -> None:
    entries = [("landmarks", "output", BOXES), ("bounding_box", "input", BOXES), ("data", "input", VIDEO)]
    assert match(*entries) == ({"landmarks": "0", "bounding_box": "1", "data": "2"}, [])


def test_the_documented_ids() -> None:
    entries = [("input_data", "input", VIDEO), ("face_bb", "input", BOXES), ("output_stream", "output", BOXES)]
    found, notes = match(*entries)
    assert found == {"data": "0", "bounding_box": "1", "landmarks": "2"}
    assert notes == [
        "input 'input_data' is taken for 'data'",
        "input 'face_bb' is taken for 'bounding_box'",
        "output 'output_stream' is taken for 'landmarks'",
    ]


def test_an_own_id_goes_before_another_name_for_it() -> None:
    found, notes = match(("video", "input", VIDEO), ("data", "input", VIDEO))
    assert found == {"data": "1"}
    assert notes == ["input 'video' is not used; the module knows 'data', 'bounding_box', 'landmarks'"]


def test_what_is_left_is_paired_where_there_is_no_choice() -> None:
    found, notes = match(("film", "input", "file:image"), ("out", "output", BOXES), ("bb", "input", BOXES))
    assert found == {"data": "0", "bounding_box": "2", "landmarks": "1"}
    assert "input 'film' is taken for 'data', the only one that it fits" in notes


@pytest.mark.parametrize(
    "entries",
    [
        [("a", "input", VIDEO), ("b", "input", VIDEO)],
        [("a", "input", "db:stream")],
        [("a", "output", VIDEO)],
        [("a", "input", TEXT)],
        [("a", "", VIDEO)],
    ],
    ids=["two videos", "video or boxes", "a video to be written", "a text", "no direction"],
)
def test_nothing_is_guessed(entries: list[tuple[str, str, str]]) -> None:
    found, notes = match(*entries)
    assert found == {}
    assert len(notes) == len(entries)


def test_of_two_with_one_id_the_last_counts() -> None:
    assert match(("data", "input", VIDEO), ("data", "input", VIDEO)) == ({"data": "1"}, [])
