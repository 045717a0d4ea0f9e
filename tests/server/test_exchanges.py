"""Our answers beside those that DISCOVER's own server gave (``tests/golden/record_discover_answers.py``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import GOLDEN
from tests.media.clips import remux
from tests.server.exchanges import DIFFERENCES, exchanges, play
from tests.server.running import RunningServer

RECORDED: dict[str, dict[str, Any]] = json.loads((GOLDEN / "discover_answers.json").read_text())
NAMES = [exchange.name for exchange in exchanges(Path())]


@pytest.fixture(scope="module")
def answers(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("data")
    remux(sample, folder / "clip.mp4", num_packets=30)
    with RunningServer(folder, tmp_path_factory.mktemp("state")) as server:
        return play(server.url, folder)


def test_every_exchange_was_recorded() -> None:
    assert list(RECORDED) == NAMES
    assert set(DIFFERENCES) < set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_our_answer_is_discovers(answers: dict[str, dict[str, Any]], name: str) -> None:
    differing, _ = DIFFERENCES.get(name, ("", ""))
    found = {part: answers[name][part] == value for part, value in RECORDED[name].items()}
    assert found == {part: part not in differing.split() for part in found}, (answers[name], RECORDED[name])
