#!/usr/bin/env python3
"""Draw the chart of the README, speed and accuracy next to MediaPipe, from the results of the benchmarks.

    python tools/make_chart.py [--check]

It writes ``docs/chart-light.svg`` and ``docs/chart-dark.svg``. With ``--check``, nothing is written, and the exit
status is 1 if a chart is out of date.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path
from statistics import fmean, median

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"

CLIPS = {"360p": "640 x 360", "720p": "1280 x 720", "1080p": "1920 x 1080"}

WIDTH, ROW, BAR = 760, 44, 14
LABEL, FIGURE = 130, 70
"""Widths in pixels to the left of the bars, and to their right for the longest bar's figure."""


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours of one version."""

    text: str
    quiet: str
    ours: str
    theirs: str


VERSIONS = {
    "light": Colours(text="#1f2328", quiet="#59636e", ours="#0b6bcb", theirs="#9aa5b1"),
    "dark": Colours(text="#e6edf3", quiet="#9198a1", ours="#4aa3ff", theirs="#5c6773"),
}


@dataclass(frozen=True, slots=True)
class Bars:
    """One panel: a title, and for each row its label, our figure, MediaPipe's figure, and how a figure is written."""

    title: str
    rows: list[tuple[str, float, float]]
    form: str


def speed() -> Bars:
    """Return the frames per second of whole processes: the median of the paired runs."""
    report = json.loads((RESULTS / "speed.json").read_text("utf-8"))
    results = {result["name"]: result for result in report["results"]}
    rows = []
    for name, label in CLIPS.items():
        runs = results[name]["rows"]
        ours = median(run["frames"] / run["seconds"] for run in runs)
        theirs = median(run["frames"] / run["peer_seconds"] for run in runs)
        rows.append((label, ours, theirs))
    num_cpus = report["machine"]["num_cpus"]
    return Bars(f"Speed on {num_cpus} CPU cores, in frames per second (more is better)", rows, "{:.0f}")


def accuracy() -> Bars:
    """Return the share of faces found in photographs with 68 marked points, and the mean error on those both find."""
    report = json.loads((RESULTS / "accuracy.json").read_text("utf-8"))
    results = {result["name"]: result for result in report["results"]}
    faces = results["photos-mediapipe"]["rows"]
    both = [face for face in faces if face["ours_pct"] is not None and face["mediapipe_pct"] is not None]
    found = [sum(face[name] is not None for face in faces) for name in ("ours_pct", "mediapipe_pct")]
    errors = [fmean(face[name] for face in both) for name in ("ours_pct", "mediapipe_pct")]
    title = f"Accuracy on {len(faces)} photographed faces with marked points"
    # Both rows are drawn as shares of 100 %.
    rows = [
        ("faces found", *(100 * count / len(faces) for count in found)),
        ("mean error *", errors[0], errors[1]),
    ]
    return Bars(title, rows, "{:.1f} %")  # type: ignore[arg-type]


def peer() -> str:
    """Return the name of the other program, with the version that the benchmarks install."""
    script = (ROOT / "benchmarks" / "peers" / "install.sh").read_text("utf-8")
    (version,) = re.findall(r'"mediapipe==([\d.]+)"', script)
    return f"MediaPipe FaceMesh {version}"


def draw(panels: list[Bars], notes: tuple[str, ...], colours: Colours) -> str:
    """Return the SVG: panels one below the other."""
    parts = []
    y = 24
    parts.append(f'<rect x="{LABEL}" y="{y - 11}" width="14" height="12" fill="{colours.ours}"/>')
    parts.append(_text(LABEL + 20, y, "facestream", colours.text))
    parts.append(f'<rect x="{LABEL + 120}" y="{y - 11}" width="14" height="12" fill="{colours.theirs}"/>')
    parts.append(_text(LABEL + 140, y, peer(), colours.text))
    for panel in panels:
        y += 34
        parts.append(_text(0, y, panel.title, colours.text, weight="600"))
        longest = max(max(ours, theirs) for _, ours, theirs in panel.rows)
        y += 12
        for label, *figures in panel.rows:
            parts.append(_text(LABEL - 10, y + BAR + 4, label, colours.text, anchor="end"))
            for line, (figure, colour) in enumerate(zip(figures, (colours.ours, colours.theirs), strict=True)):
                top = y + line * (BAR + 3)
                length = figure / longest * (WIDTH - LABEL - FIGURE)
                parts.append(f'<rect x="{LABEL}" y="{top}" width="{length:.1f}" height="{BAR}" fill="{colour}"/>')
                parts.append(_text(LABEL + length + 6, top + BAR - 3, panel.form.format(figure), colours.text, size=12))
            y += ROW
    y += 8
    for line, note in enumerate(notes):
        y += 18 if line else 0
        parts.append(_text(0, y, note, colours.quiet, size=12))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 12}" viewBox="0 0 {WIDTH} {y + 12}" '
        f'font-family="system-ui, sans-serif">\n{body}\n</svg>\n'
    )


def _text(
    x: float, y: float, text: str, colour: str, *, size: int = 14, anchor: str = "start", weight: str = "400"
) -> str:
    style = f'font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" fill="{colour}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'


def main() -> None:
    notes = (
        "* of the inner 41 points, on the faces that both find, in % of the distance between the outer corners",
        "of the eyes (less is better)",
    )
    panels = [speed(), accuracy()]
    for name, colours in VERSIONS.items():
        path = ROOT / "docs" / f"chart-{name}.svg"
        chart = draw(panels, notes, colours)
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_text("utf-8") != chart:
                sys.exit(f"docs/{path.name} is out of date; run python tools/make_chart.py")
        else:
            path.write_text(chart, "utf-8")


if __name__ == "__main__":
    main()
