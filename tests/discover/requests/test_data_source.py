from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestream.discover.requests.data_source import DataKind, DataSource, parse_kind, parse_source
from facestream.errors import RequestError


@pytest.mark.parametrize(
    ("text", "origin", "kind"),
    [
        ("file:stream:ssiStream", "file", DataKind("stream", "ssistream")),
        ("File:stream:SSIStream", "file", DataKind("stream", "ssistream")),
        ("db:stream:Video", "db", DataKind("stream", "video")),
        (
            "db:stream:SSIStream:Feature;face;boundingbox",
            "db",
            DataKind("stream", "ssistream", "feature;face;boundingbox"),
        ),
        (
            "file:stream:ssistream:feature;face;landmarks:facemesh",
            "file",
            DataKind("stream", "ssistream", "feature;face;landmarks:facemesh"),
        ),
        ("db:stream:", "db", DataKind("stream")),
        ("db:stream", "db", DataKind("stream")),
        ("db:anno", "db", DataKind("annotation")),
        ("db:annotation:Discrete", "db", DataKind("annotation", "discrete")),
        ("URL:Image", "url", DataKind("image")),
        ("request:text", "request", DataKind("text")),
        (" file:image ", "file", DataKind("image")),
    ],
)
def test_the_grammar(text: str, origin: str, kind: DataKind) -> None:
    assert parse_source(text) == DataSource(origin, kind)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "src '' does not begin with where the data lies; expected one of db:, file:, url:, request:"),
        ("ftp:stream:video", "src 'ftp:stream:video' does not begin with where"),
        ("file", "src 'file' does not say what the data is; expected one of stream, annotation, text, image, table"),
        ("file:movie", "src 'file:movie' does not say what the data is"),
        ("file:stream:mpeg", "src 'file:stream:mpeg' is of an unknown kind; after stream: comes one of audio, video"),
        ("x" * 10**6, "src 'xxx"),
    ],
)
def test_what_is_none(text: str, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_source(text)
    assert str(caught.value).startswith(message)
    assert len(str(caught.value)) < 300


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        source = parse_source(text)
    except RequestError:
        return
    assert parse_source(f"{source.origin}:{source.kind}") == source


@pytest.mark.parametrize(
    ("given_kind", "wanted", "fits"),
    [
        ("stream:video", "stream:Video", True),
        ("image", "stream:Video", True),
        ("stream", "stream:Video", True),
        ("stream:ssistream", "stream:Video", False),
        ("stream:ssistream", "stream:SSIStream:feature;face;boundingbox", True),
        ("stream:ssistream:audio", "stream:SSIStream:feature;face;boundingbox", True),
        ("stream", "stream:SSIStream:feature;face;boundingbox", True),
        ("stream:video", "stream:SSIStream", False),
        ("text", "stream:SSIStream", False),
    ],
)
def test_what_may_stand_in_whose_place(given_kind: str, wanted: str, fits: bool) -> None:
    assert parse_kind(given_kind).fits(parse_kind(wanted)) is fits
