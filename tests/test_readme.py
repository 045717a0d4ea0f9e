"""What the README says is so: it is short, and its commands and snippets run."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from facestream.batch.settings import BatchOptions
from facestream.cli import facestream
from facestream.config import DetectOptions, MeshOptions, options_of
from facestream.server.settings import ServerOptions
from tests.conftest import ROOT
from tests.documents import read_blocks
from tests.media.clips import remux

README = ROOT / "README.md"
MAX_LINES = 120


def commands(program: str) -> list[list[str]]:
    lines = [line for block in read_blocks(README) if block.language == "sh" for line in block.code.splitlines()]
    return [words for line in lines if (words := shlex.split(line, comments=True)) and words[0] == program]


@pytest.fixture
def folder(tmp_path: Path, sample: Path) -> Path:
    """A folder with the clip that the README names, of one second."""
    remux(sample, tmp_path / "clip.mp4", num_packets=30)
    return tmp_path


def test_the_readme_is_one_screen_and_names_its_commands() -> None:
    text = README.read_text("utf-8")
    assert len(text.splitlines()) <= MAX_LINES
    assert [words[1] for words in commands("make")] == ["demo", "test"]
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make ([a-z-]+)", text):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_command_of_the_readme_runs(folder: Path) -> None:
    (command,) = commands("facestream")
    run = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "warning" not in run.stderr
    names = sorted(path.name for path in folder.iterdir())
    outputs = ["csv", "overlay.mp4", "stream", "stream~"]
    assert names == [*(f"clip.facemesh.{suffix}" for suffix in outputs), "clip.mp4"]


def test_the_snippet_of_the_readme_runs(folder: Path) -> None:
    (snippet,) = [block for block in read_blocks(README) if block.language == "python"]
    run = subprocess.run(
        [sys.executable, "-c", snippet.code], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.splitlines()) == 30


def test_every_option_is_documented() -> None:
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    sections = dict(re.findall(r"^## facestream ([\w-]+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    for command, options in (
        ("mesh", MeshOptions),
        ("detect", DetectOptions),
        ("serve", ServerOptions),
        ("batch", BatchOptions),
    ):
        for name, option in options_of(options).items():
            assert f"`{option.flag or '--' + name.replace('_', '-')}" in sections[command]
    assert set(re.findall(r"^## facestream ([\w-]+)", page, re.MULTILINE)) == set(facestream.commands)


def test_the_sample_is_small_and_the_package_holds_no_large_file() -> None:
    assert (ROOT / "samples" / "astronaut.mp4").stat().st_size < 500_000
    sizes = {path: path.stat().st_size for path in (ROOT / "src").rglob("*") if path.is_file()}
    assert max(sizes.values()) < 3_000_000


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize("script", ["tools/setup_venv.sh", ".ci/run", "benchmarks/peers/install.sh"])
def test_scripts_are_strict(script: str) -> None:
    text = (ROOT / script).read_text()
    assert "set -euo pipefail" in text
    subprocess.run(["bash", "-n", str(ROOT / script)], check=True)
