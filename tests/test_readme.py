"""What the README and the docs say is so: commands run, snippets run, options and figures are those of the code."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from facestream import read_stream, write_stream
from facestream.batch.settings import BatchOptions
from facestream.cli import facestream
from facestream.config import DetectOptions, MeshOptions, options_of
from facestream.server.settings import ServerOptions
from tests.conftest import ROOT, Image
from tests.media.clips import remux
from tests.server.running import RunningServer

README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands(program: str) -> list[list[str]]:
    lines = [line for block in blocks("sh") if not block.startswith("curl") for line in block.splitlines()]
    return [words for line in lines if (words := shlex.split(line, comments=True)) and words[0] == program]


@pytest.fixture
def folder(tmp_path: Path, sample: Path, astronaut: Image) -> Path:
    """A place where the README's file names exist: a clip of a second, streams for it, and a portrait."""
    from PIL import Image as Pillow

    remux(sample, tmp_path / "clip.mp4", num_packets=30)
    Pillow.fromarray(astronaut).save(tmp_path / "portrait.png")
    (tmp_path / "results").mkdir()
    (tmp_path / "frames").mkdir()
    for number in range(1, 4):
        Pillow.fromarray(astronaut).save(tmp_path / "frames" / f"{number}.png")
    (tmp_path / "clips").mkdir()
    remux(sample, tmp_path / "clips" / "one.mp4", num_packets=5)
    (tmp_path / "videos.csv").write_text("path,output,options\nclips/one.mp4,s/1,rate=25\n")
    for name, dim, media_type in (("facemesh", 937, "landmarks;facemesh"), ("boundingbox", 5, "boundingbox;blazeface")):
        rows = np.resize(np.array([0.1, 0.2, 0.6, 0.7, 0.9], np.float32), (30, dim))
        write_stream(tmp_path / f"clip.{name}.stream", rows, 30, media_type=f"feature;face;{media_type}")
    return tmp_path


def test_the_readme_names_its_commands() -> None:
    assert len(commands("facestream")) >= 4
    assert [words[1] for words in commands("make")] == ["demo", "test"]
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"make ([a-z-]+)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("command", [words for words in commands("facestream") if words[1] != "serve"], ids=" ".join)
def test_a_command_of_the_readme_runs(command: list[str], folder: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "warning" not in run.stderr


SNIPPETS = [block for block in blocks("python") if "127.0.0.1" not in block]


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_a_snippet_of_the_readme_runs(number: int, folder: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", SNIPPETS[number]],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.splitlines()) >= 2


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_the_server_and_its_two_clients(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (command,) = [words for words in commands("facestream") if words[1] == "serve"]
    assert command[2:] == ["--data-dir", "."]
    with RunningServer(folder, tmp_path_factory.mktemp("state")) as server:
        (curl,) = [block for block in blocks("sh") if block.startswith("curl")]
        (snippet,) = [block for block in blocks("python") if "127.0.0.1" in block]
        curl, snippet = (text.replace("http://127.0.0.1:8080", server.url) for text in (curl, snippet))
        answer = subprocess.run(["sh", "-c", curl], capture_output=True, text=True, check=True).stdout
        assert answer == '{"success":"True"}\n'
        assert server.wait("mesh1") == 2, server.log("mesh1")
        run = subprocess.run([sys.executable, "-c", snippet], capture_output=True, text=True, timeout=120, check=False)
        assert run.stdout.splitlines() == ["finished", f"['{folder.resolve() / 'mesh2.stream'}']"], run.stderr
        meshes = [read_stream(folder / name).data for name in ("mesh.stream", "mesh2.stream")]
        assert meshes[0].shape == (30, 937)
        np.testing.assert_array_equal(meshes[0], meshes[1])


def test_the_snippet_about_streams_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "ssi-stream.md").read_text("utf-8")
    (snippet,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    run = subprocess.run([sys.executable, "-c", snippet], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    stream = read_stream(tmp_path / "boxes.stream")
    assert (stream.data.shape, stream.size, stream.rate_hz) == ((150, 5), (480, 360), 30)


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


@pytest.mark.parametrize("script", ["tools/make_cli_docs.py", "benchmarks/readme_table.py"])
def test_generated_pages_are_up_to_date(script: str) -> None:
    run = subprocess.run([sys.executable, script, "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)h][^)]*)\)", README):
        assert (ROOT / target).exists(), target


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
