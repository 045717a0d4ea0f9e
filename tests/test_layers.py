"""Imports point down only, and a light import stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import facestream

PACKAGE = Path(facestream.__file__).parent

MAY_IMPORT = {
    "__init__": {"config", "errors", "version", "conversion", "extraction", "io", "pipeline", "structures"},
    "__main__": {"cli"},
    "cli": {
        "config",
        "errors",
        "version",
        "__init__",
        "conversion",
        "extraction",
        "inputs",
        "inspection",
        "outputs",
        "io",
        "discover",
        "server",
        "batch",
    }
    | {"structures"},
    "server": {"config", "errors", "structures", "topology", "version", "discover", "io", "workers"},
    "batch": {"config", "errors", "structures", "version", "inputs", "outputs", "extraction", "pipeline", "io"}
    | {"workers"},
    "workers": {"errors"},
    "discover": {"config", "errors", "structures", "version", "naming", "outputs", "extraction", "pipeline", "io"},
    "extraction": {
        "clip_times",
        "config",
        "errors",
        "version",
        "structures",
        "outputs",
        "pipeline",
        "engines",
        "io",
        "drawing",
    },
    "conversion": {"config", "errors", "structures", "naming", "replacing", "io"},
    "inspection": {"batch", "clip_times", "config", "discover", "errors", "io", "models", "structures"},
    "outputs": {"config", "errors", "structures", "naming", "replacing", "io"},
    "replacing": {"errors", "io", "drawing"},
    "naming": {"errors"},
    "inputs": {"io"},
    "drawing": {"errors", "structures", "topology", "io"},
    "pipeline": {"config", "errors", "images", "structures", "topology", "ops", "engines"},
    "io": {"errors", "images", "structures", "topology", "version"},
    "engines": {"errors", "models"},
    "models": {"errors", "topology"},
    "ops": {"images", "structures", "topology"},
    "clip_times": {"errors"},
    "config": {"clip_times", "errors"},
    "structures": {"images", "topology"},
    "images": set[str](),
    "topology": set[str](),
    "errors": set[str](),
    "version": set[str](),
}
"""Each room and the rooms that it may use beside itself."""

FORBIDDEN_NAMES = ("utils", "helpers", "common", "manager", "handler", "base")


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module or ""]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "facestream":
                yield name.split(".")[1] if "." in name else "__init__"


def test_every_room_is_known() -> None:
    assert {room_of(path) for path in modules()} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    room = room_of(path)
    assert set(imported_rooms(path)) - {room} <= MAY_IMPORT[room]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_are_small_and_named_for_what_they_hold(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400
    assert path.stem not in FORBIDDEN_NAMES


def modules_after(statement: str) -> set[str]:
    """The top-level packages in ``sys.modules`` after a statement in a fresh interpreter."""
    code = f"import sys; {statement}; print(' '.join({{name.split('.')[0] for name in sys.modules}}))"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


HEAVY = {"torch", "cv2", "av", "PIL", "fastapi", "starlette", "uvicorn", "ray", "openvino"}


@pytest.mark.parametrize(
    "statement", ["import facestream", "import facestream.cli", "import facestream.models.registry"]
)
def test_light_imports(statement: str) -> None:
    assert not modules_after(statement) & HEAVY


def test_optional_packages_are_imported_where_they_are_used() -> None:
    """Ray at one place, and none of them at the top of a file."""
    places: dict[str, set[str]] = {"ray": set(), "fsspec": set(), "pyarrow": set()}
    for path in modules():
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for package in {name.split(".")[0] for name in names} & places.keys():
                assert node not in tree.body, f"{path}: {package} is imported at once"
                places[package].add(str(path.relative_to(PACKAGE)))
    assert places == {
        "ray": {"workers/ray_cluster.py"},
        "fsspec": {"io/remote.py"},
        "pyarrow": {"batch/manifest.py"},
    }
    assert not modules_after("import facestream.batch.running, facestream.batch.ray_workers") & {"ray", "torch", "av"}


def test_networks_and_geometry_do_not_know_each_other() -> None:
    assert "models" not in MAY_IMPORT["ops"]
    assert "ops" not in MAY_IMPORT["models"]
    assert not modules_after("import facestream.ops.warp, facestream.ops.anchors") & {"torch", "av"}
    assert not modules_after("import facestream.io.source, facestream.io.video, facestream.io.pictures") & {"torch"}
