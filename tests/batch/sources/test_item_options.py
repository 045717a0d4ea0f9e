from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestream.batch.sources.item_options import parse_item_options
from facestream.batch.sources.items import apply_options
from facestream.config import MeshOptions
from facestream.errors import OptionError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("faces=2", {"num_faces": 2}),
        ("--faces=2 --rate=12.5", {"num_faces": 2, "rate_hz": 12.5}),
        ("num_faces=2; rate_hz=25", {"num_faces": 2, "rate_hz": 25.0}),
        ("detect-every=auto missing=nan", {"detect_every": "auto", "missing": "nan"}),
        ("detect_every=5", {"detect_every": 5}),
        ("format=npz,csv overlay=yes", {"formats": ["npz", "csv"], "overlay": True}),
        ('{"num_faces": 3, "formats": ["csv"]}', {"num_faces": 3, "formats": ["csv"]}),
        ('{"rate_hz": null, "overlay": false}', {"rate_hz": None, "overlay": False}),
    ],
)
def test_options_of_an_item(text: str, expected: dict[str, Any]) -> None:
    assert parse_item_options(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("faces", "'faces' is not name=value"),
        ("colour=red", "'colour' is not an option for items; these are: detector, format, rate"),
        ("device=cuda", "'device' is not an option for items"),
        ("faces=two", "num_faces must be a number, not 'two'"),
        ("faces=0", "num_faces must be at least 1"),
        ("missing=none", "missing must be one of"),
        ("overlay=a.mp4", "overlay must be yes or no"),
        ('{"num_faces": "2"', "are not valid JSON"),
        ('{"num_faces": 1.5}', "num_faces must be a whole number"),
        ('{"formats": ["xml"]}', "formats must be one of"),
        ("faces='2", "cannot be split into words"),
        ('{"num_faces": null}', "num_faces must not be null; leave it out"),
        ('{"formats": null}', "formats must not be null"),
        ('{"formats": 3}', "formats must be a list of words, not 3"),
        ('{"formats": {"npz": 1}}', "formats must be a list of words"),
        ('{"formats": [["npz"]]}', "formats must be a list of words"),
        ('{"overlay": [1]}', r"overlay must be yes or no, not \[1\]"),
    ],
)
def test_options_that_cannot_be(text: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parse_item_options(text)


@given(st.text(max_size=60) | st.from_regex(r"\{.{0,30}\}") | st.from_regex(r"(faces|rate|format|overlay)=.{0,12}"))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        options = parse_item_options(text)
    except OptionError:
        return
    assert isinstance(apply_options(MeshOptions(), options, None), MeshOptions)
