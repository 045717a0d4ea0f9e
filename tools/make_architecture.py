#!/usr/bin/env python3
"""Draw the packages of facestream and their imports as ``docs/architecture.svg``.

    python tools/make_architecture.py [--check]

A package stands above everything that it imports. Imports that a longer way implies are left out. With ``--check``
nothing is written: it ends with status 1 where the picture is not that of the code.
"""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "facestream"
TARGET = ROOT / "docs" / "architecture.svg"

LEFT_OUT = {"__init__", "__main__", "version", "errors", "config", "clip_times", "structures", "images", "topology"}
"""The modules at the bottom, which most packages import: options, data structures and errors."""

COLUMNS = {
    "cli": 2.0,
    "inspection": 1.0,
    "server": 3.0,
    "batch": 1.0,
    "discover": 2.0,
    "use_cases": 1.5,
    "ipc": 3.0,
    "pipeline": 0.5,
    "drawing": 1.5,
    "formats": 2.5,
    "engines": 0.0,
    "ops": 1.0,
    "tables": 2.5,
    "models": 0.0,
    "ssi": 2.5,
    "media": 2.0,
    "storage": 2.0,
}
"""Where each package stands from left to right. Its height comes from the imports."""

BOX_WIDTH, BOX_HEIGHT, COLUMN, LAYER = 118, 40, 150, 84
MARGIN = 20


def find_imports() -> dict[str, set[str]]:
    """Return the top-level packages and modules, and which of the others each one imports."""
    graph: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        package = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        found = graph.setdefault(package, set())
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("facestream."):
                found.add((node.module or "").split(".")[1])
    return {name: found - LEFT_OUT - {name} for name, found in graph.items() if name not in LEFT_OUT}


def find_depths(graph: dict[str, set[str]]) -> dict[str, int]:
    """Return the layer of each package, counted from the top: one below the lowest one that imports it."""

    @cache
    def depth(name: str) -> int:
        return 1 + max((depth(other) for other, found in graph.items() if name in found), default=-1)

    return {name: depth(name) for name in graph}


def reduce(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Leave out imports that a longer way already implies, which keeps the picture readable."""

    @cache
    def below(name: str) -> frozenset[str]:
        return frozenset(graph[name]).union(*(below(other) for other in graph[name]))

    return {
        name: {other for other in found if not any(other in below(between) for between in found)}
        for name, found in graph.items()
    }


def draw(graph: dict[str, set[str]]) -> str:
    """Return the SVG."""
    if unplaced := sorted(set(graph) ^ set(COLUMNS)):
        sys.exit(f"tools/make_architecture.py: COLUMNS must name each package once; look at {', '.join(unplaced)}")
    depths = find_depths(graph)
    width = max(COLUMNS.values()) * COLUMN + BOX_WIDTH + 2 * MARGIN
    height = max(depths.values()) * LAYER + BOX_HEIGHT + 2 * MARGIN
    places = {name: (MARGIN + COLUMNS[name] * COLUMN, MARGIN + depths[name] * LAYER) for name in graph}
    lines = []
    for name, found in sorted(reduce(graph).items()):
        for other in sorted(found):
            (x0, y0), (x1, y1) = places[name], places[other]
            x0, y0, x1 = x0 + BOX_WIDTH / 2, y0 + BOX_HEIGHT, x1 + BOX_WIDTH / 2
            bend = (y1 - y0) / 2
            lines.append(
                f'<path class="line" d="M{x0:.0f},{y0:.0f} C{x0:.0f},{y0 + bend:.0f} {x1:.0f},{y1 - bend:.0f} '
                f'{x1:.0f},{y1 - 4:.0f}" marker-end="url(#arrow)"/>'
            )
    boxes = []
    for name, (x, y) in places.items():
        boxes.append(f'<rect class="box" x="{x:.0f}" y="{y:.0f}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>')
        boxes.append(f'<text class="name" x="{x + BOX_WIDTH / 2:.0f}" y="{y + BOX_HEIGHT / 2 + 5:.0f}">{name}</text>')
    body = "\n".join([*lines, *boxes])
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}"
  height="{height:.0f}" font-family="system-ui, sans-serif" font-size="14">
<style>
.line {{ fill: none; stroke: #7d8590; stroke-width: 1.3; }}
.head {{ fill: #7d8590; }}
.box {{ fill: #eef4fb; stroke: #0b6bcb; stroke-width: 1.3; }}
.name {{ fill: #1f2328; text-anchor: middle; }}
@media (prefers-color-scheme: dark) {{
  .box {{ fill: #16283d; stroke: #4aa3ff; }}
  .name {{ fill: #e6edf3; }}
}}
</style>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="7" markerHeight="7" orient="auto">
<path class="head" d="M0,0 L8,4 L0,8 z"/></marker></defs>
{body}
</svg>
"""


def main() -> None:
    picture = draw(find_imports())
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(picture, "utf-8")
    elif not TARGET.exists() or TARGET.read_text("utf-8") != picture:
        sys.exit("docs/architecture.svg is not that of the code; run python tools/make_architecture.py")


if __name__ == "__main__":
    main()
