from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestream.discover.requests.data_source import DataKind
from facestream.discover.requests.descriptions import fill_template, parse_descriptions
from facestream.errors import RequestError


def test_the_documented_list() -> None:
    text = (
        '[{"src":"file:stream:video","type":"input","id":"input_data","uri":"clip.mp4"},'
        ' {"src":"file:stream:ssiStream","type":"input","id":"face_bb","uri":"boxes.stream"},'
        ' {"src":"file:stream:ssistream","type":"output","id":"output_stream","uri":"mesh.stream"}]'
    )
    video, boxes, mesh = parse_descriptions(text)
    assert (video.id, video.direction, video.uri) == ("input_data", "input", "clip.mp4")
    assert video.source.kind == DataKind("stream", "video")
    assert boxes.source.kind == DataKind("stream", "ssistream")
    assert (mesh.direction, mesh.is_active) == ("output", True)


def test_what_is_empty_is_absent_and_what_is_unknown_is_left_alone() -> None:
    (entry,) = parse_descriptions(
        '[{"src":"db:stream:Video","type":"Input","uri":"","name":null,"role":"patient","kind":"x","active":false}]'
    )
    assert (entry.id, entry.uri, entry.name, entry.role) == (None, None, None, "patient")
    assert (entry.direction, entry.is_active) == ("input", False)


def test_a_direction_that_there_is_not_is_shown_in_no_message() -> None:
    entries = [{"src": "file:image", "type": name} for name in ("Input", "output", "a\nb", None)]
    assert [entry.word for entry in parse_descriptions(json.dumps(entries))] == ["input", "output", "entry", "entry"]


@pytest.mark.parametrize(("value", "is_active"), [(True, True), (False, False), (0, False), ("False", True)])
def test_only_what_json_calls_false_is_not_written(value: object, is_active: bool) -> None:
    (entry,) = parse_descriptions(json.dumps([{"src": "file:image", "active": value}]))
    assert entry.is_active is is_active


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "data is not valid JSON"),
        ("[" * 100_000, "data is not valid JSON"),
        ("{}", "data must be a JSON list with at least one description"),
        ("[]", "data must be a JSON list with at least one description"),
        ("[3]", r"data\[0\] is int, where a JSON object was expected"),
        ('[{"id":"a"}]', r'data\[0\] has no "src"; it says where the data lies'),
        ('[{"src":"file:image"},{"src":"x"}]', r"data\[1\]: src 'x' does not begin with where"),
        ('[{"src":"file:image","uri":["a"]}]', r'data\[0\]: "uri" is list, where text was expected'),
    ],
)
def test_what_is_no_list_of_descriptions(text: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        parse_descriptions(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["src", "id", "uri"]), inner),
    max_leaves=12,
)


@given(JSON | st.text(max_size=40))
def test_any_json_is_read_or_refused(value: Any) -> None:
    for text in (json.dumps(value), json.dumps([value]), str(value)):
        try:
            entries = parse_descriptions(text)
        except RequestError:
            continue
        assert len(entries) == len(json.loads(text))


def test_templates() -> None:
    assert fill_template("{dataset}/{session}/p.video.mp4", "study", "s01") == "study/s01/p.video.mp4"
    assert fill_template("plain.mp4", None, None) == "plain.mp4"
    for template, message in [
        ("{dataset.__class__}", r"\{dataset.__class__\} is unknown; known are \{dataset\} and \{session\}"),
        ("{0}", "is unknown"),
        ("{session}/a.mp4", "needs the session, which the request does not give"),
    ]:
        with pytest.raises(RequestError, match=message):
            fill_template(template, "study", "")
