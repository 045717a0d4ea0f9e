"""DISCOVER's own server still answers as it was recorded, with our modules behind it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import GOLDEN
from tests.long.discover_peer import DiscoverServer
from tests.media.clips import remux
from tests.server.exchanges import play

pytestmark = pytest.mark.long


def test_the_recorded_answers(modules_for_discover: Path, sample: Path, tmp_path: Path) -> None:
    with DiscoverServer(tmp_path, modules_for_discover, backend="debug") as server:
        remux(sample, server.data_folder / "clip.mp4", num_packets=30)
        answers = play(server.url, server.data_folder)
    assert answers == json.loads((GOLDEN / "discover_answers.json").read_text())
