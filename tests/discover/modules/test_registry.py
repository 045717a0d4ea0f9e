from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

import pytest

from facestream.discover.modules import registry as processors
from facestream.discover.modules.blazeface import BlazeFaceProcessor
from facestream.discover.modules.facemesh import FaceMeshProcessor
from facestream.discover.modules.registry import find_processor, processor_names
from facestream.errors import RequestError


def test_our_own() -> None:
    assert isinstance(find_processor("FaceMesh"), FaceMeshProcessor)
    assert isinstance(find_processor("BlazeFace"), BlazeFaceProcessor)
    assert find_processor("FaceMesh") is not find_processor("FaceMesh")


def test_there_is_none_and_scripts_are_not_run() -> None:
    with pytest.raises(
        RequestError, match="does the work of 'EmoNet', and scripts are not run; there are: BlazeFace, F"
    ):
        find_processor("EmoNet")


class Other:
    """Somebody's processor."""


def test_others_add_theirs_as_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("Other", f"{__name__}:Other", processors.GROUP)

    def entry_points(*, group: str, name: str | None = None) -> list[Any]:
        assert group == "facestream.processors"
        return [entry] if name in (None, "Other") else []

    monkeypatch.setattr(processors, "entry_points", entry_points)
    assert isinstance(find_processor("Other"), Other)
    assert processor_names() == ["BlazeFace", "FaceMesh", "Other"]
