"""Every bar of the accuracy benchmark, where the folder of truth is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def results(truth: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    target = tmp_path_factory.mktemp("accuracy") / "accuracy.json"
    script = str(ROOT / "benchmarks" / "accuracy.py")
    subprocess.run([sys.executable, script, str(truth), "--json", str(target)], check=True, timeout=3000)
    return {result["name"]: result for result in json.loads(target.read_text())["results"]}


@pytest.mark.parametrize(
    "name",
    [
        "portrait",
        "photos",
        "photos-mediapipe",
        "clips",
        "tracking",
        "boxes",
        "constant-rate",
        "memory",
        "affine",
        "rotation",
        "roll",
        "padding",
        "aspect",
        "batch-size",
    ],
)
def test_a_bar_holds(results: dict[str, dict[str, object]], name: str) -> None:
    result = results[name]
    if result.get("skipped"):
        pytest.skip(f"{name}: {result['skipped']}")
    assert result["holds"] is True, result["measured"]
