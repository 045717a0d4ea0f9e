"""Imports point down only, without a circle at any level, and a light import stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Container
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import facestream

PACKAGE = Path(facestream.__file__).parent

FILES = {"formats", "media", "ssi", "tables", "storage"}
"""The rooms that read and write files."""

MAY_IMPORT = {
    "__init__": {"config", "errors", "version", "use_cases", "ssi", "media", "pipeline", "structures"},
    "__main__": {"cli"},
    "cli": {"config", "errors", "version", "__init__", "structures", "use_cases", "inspection", "discover", "server"}
    | {"batch", "formats", "storage"},
    "server": {"config", "errors", "structures", "topology", "version", "discover", "ipc"} | FILES,
    "inspection": {"batch", "clip_times", "config", "discover", "errors", "models", "structures"} | FILES,
    "batch": {"config", "errors", "structures", "version", "use_cases", "pipeline", "ipc"} | FILES,
    "discover": {"config", "errors", "structures", "version", "use_cases", "pipeline", "formats", "media", "ssi"},
    "use_cases": {"clip_times", "config", "errors", "version", "structures", "pipeline", "engines", "drawing"} | FILES,
    "ipc": {"errors"},
    "drawing": {"errors", "structures", "topology", "media", "storage"},
    "pipeline": {"config", "errors", "images", "structures", "topology", "ops", "engines"},
    "engines": {"errors", "models"},
    "models": {"errors", "topology"},
    "ops": {"images", "structures", "topology"},
    "formats": {"errors", "structures", "media", "ssi", "tables"},
    "tables": {"errors", "structures", "topology", "version", "ssi", "media", "storage"},
    "ssi": {"errors", "structures", "topology", "media", "storage"},
    "media": {"errors", "images", "structures", "storage"},
    "storage": {"errors"},
    "config": {"clip_times", "errors", "formats"},
    "clip_times": {"errors"},
    "structures": {"images", "topology"},
    "images": set[str](),
    "topology": set[str](),
    "errors": set[str](),
    "version": set[str](),
}
"""Each room of the package, and the rooms that it may import."""

MAX_MODULES = 15
"""The most modules that a folder may hold, its ``__init__`` included."""

FORBIDDEN_NAMES = ("utils", "helpers", "common", "manager", "handler", "base")


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def folders() -> list[Path]:
    """The packages, relative to facestream, itself first."""
    return sorted({path.parent.relative_to(PACKAGE) for path in modules() if path.name == "__init__.py"})


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def name_of(path: Path) -> str:
    """The dotted name of a module; that of a package ends in ``__init__``."""
    return ".".join(("facestream", *path.relative_to(PACKAGE).with_suffix("").parts))


@cache
def imports() -> dict[str, set[str]]:
    """The modules that each module imports, anywhere in its text."""
    names = {name_of(path): path for path in modules()}
    found: dict[str, set[str]] = {}
    for name, path in names.items():
        found[name] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                wanted = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: relative import"
                wanted = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            for module in wanted:
                if module.split(".")[0] == "facestream":
                    found[name].add(module_that_holds(module, names))
    return found


def module_that_holds(name: str, names: Container[str]) -> str:
    """``facestream.ssi.stream.read_stream`` is in ``facestream.ssi.stream``, ``facestream.convert`` in ``__init__``."""
    while True:
        for module in (name, f"{name}.__init__"):
            if module in names:
                return module
        name = name.rpartition(".")[0]


def imported_rooms(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports()[name_of(path)]}


def children_that_import_each_other(package: str) -> dict[str, set[str]]:
    """Of the modules and sub-packages right below a package: which imports which, with all that is in them."""
    depth = package.count(".") + 1
    graph: dict[str, set[str]] = {}
    for name, imported in imports().items():
        if name.startswith(f"{package}."):
            child = name.split(".")[depth]
            others = {other.split(".")[depth] for other in imported if other.startswith(f"{package}.")}
            graph.setdefault(child, set()).update(others - {child})
    return graph


def test_modules_import_in_no_circle() -> None:
    graph = {name: imported - {name} for name, imported in imports().items()}
    assert len(graph) > 200
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("folder", folders(), ids=str)
def test_no_level_has_a_circle(folder: Path) -> None:
    """Neither the modules of a folder nor its sub-folders, each taken as one, import each other in a circle."""
    package = ".".join(("facestream", *folder.parts))
    TopologicalSorter(children_that_import_each_other(package)).prepare()


def test_a_circle_would_be_found() -> None:
    with pytest.raises(CycleError):
        TopologicalSorter({"reader": {"clock"}, "clock": {"reader"}}).prepare()


@pytest.mark.parametrize("folder", folders(), ids=str)
def test_no_folder_is_crowded(folder: Path) -> None:
    assert len(list((PACKAGE / folder).glob("*.py"))) <= MAX_MODULES


@pytest.mark.parametrize("folder", folders(), ids=str)
def test_every_folder_says_what_is_in_it(folder: Path) -> None:
    assert ast.get_docstring(ast.parse((PACKAGE / folder / "__init__.py").read_text()))


def test_every_room_is_known() -> None:
    assert {room_of(path) for path in modules()} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    room = room_of(path)
    assert imported_rooms(path) - {room} <= MAY_IMPORT[room]


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
        "ray": {"ipc/ray_cluster.py"},
        "fsspec": {"storage/remote.py"},
        "pyarrow": {"batch/sources/manifest.py"},
    }
    assert not modules_after("import facestream.batch.running, facestream.batch.ray.workers") & {"ray", "torch", "av"}


def test_networks_and_geometry_do_not_know_each_other() -> None:
    assert "models" not in MAY_IMPORT["ops"]
    assert "ops" not in MAY_IMPORT["models"]
    assert not modules_after("import facestream.ops.warp, facestream.ops.anchors") & {"torch", "av"}
    assert not modules_after(
        "import facestream.media.source, facestream.media.video.reader, facestream.media.pictures.picture"
    ) & {"torch"}
