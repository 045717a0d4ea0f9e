#!/usr/bin/env python3
"""Draw the packages of facestream and their imports as ``docs/architecture.svg``.

    python tools/make_architecture.py [--check]

A package stands above everything that it imports. With ``--check`` nothing is written: it ends with status 1 where the
picture is not that of the code.
"""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "facestream"
TARGET = ROOT / "docs" / "architecture.svg"

LEFT_OUT = {"__init__", "__main__", "version", "errors"}
"""Almost everything imports the last two."""

BOX_WIDTH, BOX_HEIGHT, GAP, LAYER = 118, 40, 26, 104
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


def assign_layers(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the layers from the top: each package is one above the highest one that it imports."""

    @cache
    def height(name: str) -> int:
        return 1 + max((height(other) for other in graph[name]), default=-1)

    layers: list[list[str]] = [[] for _ in range(1 + max(map(height, graph)))]
    for name in sorted(graph):
        layers[-1 - height(name)].append(name)
    return layers


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
    layers = assign_layers(graph)
    width = max(map(len, layers)) * (BOX_WIDTH + GAP) - GAP + 2 * MARGIN
    height = len(layers) * LAYER - (LAYER - BOX_HEIGHT) + 2 * MARGIN
    places = {}
    for row, layer in enumerate(layers):
        left = (width - len(layer) * (BOX_WIDTH + GAP) + GAP) / 2
        # Every second layer is shifted, so that long lines pass beside its boxes rather than through them.
        left += (row % 2) * (BOX_WIDTH + GAP) / 4 if len(layer) < max(map(len, layers)) else 0
        for column, name in enumerate(layer):
            places[name] = (left + column * (BOX_WIDTH + GAP), MARGIN + row * LAYER)
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
