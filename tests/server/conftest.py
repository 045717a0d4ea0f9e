from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from facestream import DetectOptions, detect
from tests.media.clips import remux
from tests.server.running import RunningServer


@pytest.fixture(scope="package")
def data_folder(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """A data folder with a clip of a second, and the boxes of its face."""
    folder = tmp_path_factory.mktemp("data")
    clip = remux(sample, folder / "clip.mp4", num_packets=30)
    detect(clip, folder / "boxes.stream", DetectOptions(device="cpu"))
    return folder


@pytest.fixture(scope="package")
def server(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(data_folder, tmp_path_factory.mktemp("state")) as running:
        yield running
