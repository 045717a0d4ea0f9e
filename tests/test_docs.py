"""Every command and snippet of the documentation runs, page by page and in order, as a reader would run it.

A block of ``sh`` or ``python`` that cannot be run here has a comment right above it, ``<!-- not run: REASON -->``.
"""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

import facestream
from facestream import errors, read_stream, write_stream
from tests.conftest import ROOT, Image
from tests.documents import Block, read_blocks
from tests.media.clips import remux
from tests.server.running import RunningServer

PAGES = sorted((ROOT / "docs").rglob("*.md"))
LANGUAGES = {"sh", "python", "text", "csv", "json", "toml", "xml"}
PROGRAMS = ("facestream ", "pip ", "make ", "curl ", "ray ", "python ")
ADDRESS = "http://127.0.0.1:8080"
SECONDS = 300


def name_of(page: Path) -> str:
    return page.relative_to(ROOT / "docs").as_posix()


def runnable(page: Path) -> list[Block]:
    return [block for block in read_blocks(page) if block.language in ("sh", "python") and block.reason is None]


@pytest.fixture
def folder_with_a_clip(sample: Path, tmp_path: Path) -> Path:
    """A folder with two seconds of the sample as clip.mp4, and nothing else."""
    remux(sample, tmp_path / "clip.mp4", num_packets=60)
    return tmp_path


@pytest.fixture
def folder(tmp_path: Path, sample: Path, astronaut: Image) -> Path:
    """A folder with the file names that the pages use: clips of a second, streams, pictures and a list."""
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


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_names_its_language_and_why_it_is_not_run(page: Path) -> None:
    blocks = read_blocks(page)
    assert len(re.findall(r"^[ >]*(?:```|~~~)", page.read_text("utf-8"), re.MULTILINE)) == 2 * len(blocks)
    for block in blocks:
        assert block.language in LANGUAGES, block.code
        assert block.reason is None or len(block.reason.split()) >= 3, "a reason, in words"
        # The usage of a command is no command to run.
        lines = [line for line in block.code.splitlines() if block.language == "text" and "[OPTIONS]" not in line]
        assert not any(line.startswith(PROGRAMS) for line in lines), "commands are in blocks of sh"


@pytest.mark.parametrize("page", [page for page in PAGES if runnable(page)], ids=name_of)
def test_the_code_of_a_page_runs(
    page: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # Tutorials and how-tos make everything else themselves; the other pages show commands out of context.
    folder: Path = request.getfixturevalue("folder" if page.parent.name == "docs" else "folder_with_a_clip")
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    url = ADDRESS
    with ExitStack() as cleanup:
        for block in runnable(page):
            code = block.code.replace(ADDRESS, url)
            if code.startswith("facestream serve"):
                options = code.split()[2:]
                assert options[:2] == ["--data-dir", "."], "the test starts this server"
                state = tmp_path_factory.mktemp("state")
                server = cleanup.enter_context(RunningServer(folder, state, *options[2:]))
                url = server.url
                continue
            command = ["bash", "-ec", code] if block.language == "sh" else [sys.executable, "-c", code]
            run = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
            )
            assert run.returncode == 0, f"{code}\n{run.stdout}\n{run.stderr}"
            # The clips of the tutorials may give rise to one, such as that of boxes that end early.
            assert page.parent.name != "docs" or "warning" not in run.stderr, run.stderr


def test_enough_is_run() -> None:
    blocks = [block for page in PAGES for block in read_blocks(page) if block.language in ("sh", "python")]
    run = [block for page in PAGES for block in runnable(page)]
    assert len(run) >= 10
    assert len(run) > 2 * (len(blocks) - len(run)), "most of the code can be run"


def test_the_servers_page_shows_two_clients_with_equal_results(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    start, curl, snippet = runnable(ROOT / "docs" / "server.md")[:3]
    assert start.code == "facestream serve --data-dir .\n"
    with RunningServer(folder, tmp_path_factory.mktemp("state")) as server:
        ask, call = (block.code.replace(ADDRESS, server.url) for block in (curl, snippet))
        answer = subprocess.run(["sh", "-c", ask], capture_output=True, text=True, check=True).stdout
        assert answer == '{"success":"True"}\n'
        assert server.wait("mesh1") == 2, server.log("mesh1")
        run = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, timeout=120, check=False)
        assert run.stdout.splitlines() == ["finished", f"['{folder.resolve() / 'mesh2.stream'}']"], run.stderr
        meshes = [read_stream(folder / name).data for name in ("mesh.stream", "mesh2.stream")]
        assert meshes[0].shape == (30, 937)
        np.testing.assert_array_equal(meshes[0], meshes[1])


def test_the_snippet_about_streams_writes_the_boxes_of_the_sample(tmp_path: Path) -> None:
    (snippet,) = runnable(ROOT / "docs" / "ssi-stream.md")
    subprocess.run([sys.executable, "-c", snippet.code], cwd=tmp_path, capture_output=True, check=True)
    stream = read_stream(tmp_path / "boxes.stream")
    assert (stream.data.shape, stream.size, stream.rate_hz) == ((150, 5), (480, 360), 30)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation as a site. Any warning would end the build."""
    target = tmp_path_factory.mktemp("docs") / "site"
    # Among others, --strict finds links to missing headings and to files outside of docs, which a site does not have.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(target)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return target


def test_make_docs_is_strict() -> None:
    # With --quiet, mkdocs does not count the warnings that --strict is about.
    (recipe,) = re.findall(r"^\t.*mkdocs build.*$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert "--strict" in recipe
    assert "--quiet" not in recipe


def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) >= len(PAGES)
    for page in pages:
        for tag in re.findall(r"<(?:script|img|link|iframe)\b[^>]*>", page.read_text("utf-8")):
            assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", tag), f"{page.name}: {tag}"


def test_the_page_of_the_python_api_shows_every_field(site: Path) -> None:
    page = (site / "python.html").read_text("utf-8")
    for name in facestream.__all__:
        value = getattr(facestream, name)
        if not dataclasses.is_dataclass(value):
            continue
        properties = {key for key, item in vars(value).items() if isinstance(item, property)}
        for field in {field.name for field in dataclasses.fields(value)} | properties:
            if name in ("MeshOptions", "DetectOptions"):
                assert f"<td><code>{field}</code></td>" in page, f"{name}.{field}"
            else:
                assert f'id="facestream.{name}.{field}"' in page, f"{name}.{field} has no docstring"


def test_the_page_of_the_python_api_has_every_public_name() -> None:
    text = (ROOT / "docs" / "python.md").read_text("utf-8")
    documented = set(re.findall(r"^::: facestream\.(\w+)$", text, re.MULTILINE))
    assert "errors" in documented, "all exceptions, public or not"
    assert documented - {"errors"} == set(facestream.__all__) - set(errors.__all__) - {"__version__"}


def test_links_lead_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *PAGES]:
        for target in re.findall(r"\]\(([^)#h][^)#]*)[^)]*\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize(
    "script",
    [
        "tools/make_architecture.py",
        "tools/make_chart.py",
        "tools/make_cli_docs.py",
        "tools/make_http_docs.py",
        "benchmarks/readme_table.py",
    ],
)
def test_generated_pages_and_pictures_are_up_to_date(script: str) -> None:
    run = subprocess.run([sys.executable, script, "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
