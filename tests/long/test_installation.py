"""What a newcomer gets: the wheel in a clean environment, and the demo in a fresh clone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.long


def run(*command: str | Path, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


TESTS_OF_THE_WHEEL = ("engines", "models", "ops", "ssi", "tables", "test_config.py", "test_structures.py")
"""Folders and files below tests that need no other program; they take half a minute."""


def test_the_wheel_of_the_sdist_in_a_clean_environment(tmp_path: Path, sample: Path) -> None:
    # First the sdist, then the wheel from it.
    run(sys.executable, "-m", "build", "--outdir", tmp_path, ROOT, cwd=tmp_path)
    (wheel,) = tmp_path.glob("facestream-*.whl")
    (sdist,) = tmp_path.glob("facestream-*.tar.gz")
    assert wheel.stat().st_size < 5_000_000
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel, cwd=tmp_path)
    command = tmp_path / "venv" / "bin" / "facestream"
    line = json.loads(run(command, "mesh", sample, "-o", tmp_path, "--json", "--overlay", cwd=tmp_path))
    assert (line["frames"], line["frames_with_face"], line["complete"]) == (150, 150, True)
    where = run(python, "-c", "import facestream; print(facestream.__file__)", cwd=tmp_path)
    assert str(tmp_path) in where, "not the checkout"
    licences = run(python, "-m", "pip", "show", "-f", "facestream", cwd=tmp_path)
    assert "LICENSE" in licences
    assert "NOTICE" in licences
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    source = tmp_path / sdist.name.removesuffix(".tar.gz")
    (source / "src").rename(tmp_path / "not-used")
    needed = ("pytest", "hypothesis", "fsspec", "pyarrow", "requests", "scikit-image", "scikit-video", "ai-edge-litert")
    run(python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", *needed, cwd=tmp_path)
    run(python, "-m", "pytest", "-q", *(f"tests/{name}" for name in TESTS_OF_THE_WHEEL), cwd=source)


def test_the_demo_in_a_fresh_clone(tmp_path: Path) -> None:
    run("git", "clone", "-q", ROOT, tmp_path / "clone", cwd=tmp_path)
    output = run("make", "demo", f"PYTHON={sys.executable}", cwd=tmp_path / "clone")
    assert "150 frames, 150 with a face" in output
    for name in ("astronaut.facemesh.stream", "astronaut.facemesh.overlay.mp4"):
        assert f"demo-output/{name}" in output
        assert (tmp_path / "clone" / "demo-output" / name).stat().st_size > 0
    assert run("git", "status", "--porcelain", cwd=tmp_path / "clone") == ""
