#!/usr/bin/env python3
"""Write the benchmark results into the README and ``docs``, as tables between markers.

    python benchmarks/readme_table.py [--check]

With ``--check``, nothing is written, and the exit status is 1 if a table is out of date.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import scale

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
VERSIONS = ("facestream", "torch", "openvino", "opencv-python-headless")


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the benchmark results into the README and docs.")
    parser.add_argument("--check", action="store_true", help="only compare; exit status 1 if a table is out of date")
    arguments = parser.parse_args()
    names = ("accuracy", "speed", "serving", "batching")
    accuracy, speed, serving, batching = (json.loads((RESULTS / f"{name}.json").read_text("utf-8")) for name in names)
    percent = "Distances in % are percent of the distance between the outer corners of the eyes."
    tables = [
        ("docs/accuracy.md", "accuracy", _table(accuracy, percent)),
        (
            "docs/performance.md",
            "speed",
            _table(speed, "Peers and facestream took turns on an otherwise idle machine."),
        ),
        ("docs/server.md", "serving", _table(serving, "Clients, server and worker share the machine.")),
        (
            "docs/scale.md",
            "batching",
            _table(batching, "Batch and plain command took turns on an otherwise idle machine."),
        ),
        ("docs/scale.md", "measured", _measured(batching)),
        ("docs/scale.md", "model", _model(batching)),
        ("docs/accuracy.md", "clips", _clips(accuracy)),
        ("docs/accuracy.md", "tracking", _tracking(accuracy)),
        ("docs/accuracy.md", "precision", _precisions(accuracy, speed)),
    ]
    for page, name, table in tables:
        path = ROOT / page
        old = path.read_text("utf-8")
        new = _replace_table(page, old, name, table)
        if new != old and arguments.check:
            sys.exit(f"{page}: a table is out of date; run python benchmarks/readme_table.py")
        if new != old:
            path.write_text(new, "utf-8")


def _replace_table(page: str, text: str, name: str, table: str) -> str:
    first, last = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    before, begin, rest = text.partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end:
        sys.exit(f"{page}: the markers {first} and {last} are missing")
    return f"{before}{first}\n{table}\n{last}{after}"


def _clips(report: dict[str, Any]) -> str:
    """Return the results of several questions for each clip, in one table."""
    rows: dict[str, dict[str, Any]] = {}
    for result in report["results"]:
        if result["name"] in ("clips", "boxes"):
            for row in result["rows"]:
                rows.setdefault(row["clip"], {}).update(row)
    lines = [
        "| clip | face frames found | false meshes | a third pass moves the mesh by (median; 99 %) | "
        "boxes there and back (median; 99 %) | allowed |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in sorted(rows.items()):
        third = (
            f"{row['third_pass_median_pct']:.2f} %; {row['third_pass_p99_pct']:.2f} %" if "median_pct" in row else ""
        )
        boxes = f"{row['median_pct']:.2f} %; {row['p99_pct']:.2f} %" if "median_pct" in row else ""
        allowed = f"{row['allowed_pct']:.2f} %" if "median_pct" in row else ""
        found = f"{row['face_frames_found']} of {row['face_frames']}"
        false = f"{row['no_face_frames_found']} of {row['no_face_frames']}"
        lines.append(f"| {name} | {found} | {false} | {third} | {boxes} | {allowed} |")
    return "\n".join(lines)


def _tracking(report: dict[str, Any]) -> str:
    """Return the accuracy cost of tracking in each clip."""
    lines = [
        "| clip | median (allowed) | 99 % (allowed) | jitter | face or no face equal |",
        "|---|---|---|---|---|",
    ]
    for row in sorted(_rows(report, "tracking"), key=lambda row: row["clip"]):
        figures = ["", "", ""]
        if "median_pct" in row:
            figures = [f"{row[f'{name}_pct']:.2f} % ({row[f'allowed_{name}_pct']:.2f} %)" for name in ("median", "p99")]
            figures.append(f"{row['jitter_times']:.2f}")
        lines.append(f"| {' | '.join([row['clip'], *figures])} | {row['same_pct']:.1f} % |")
    return "\n".join(lines)


def _precisions(accuracy: dict[str, Any], speed: dict[str, Any]) -> str:
    """Return the cost in accuracy and the gain in speed of each precision."""
    lines = [
        "| clip | precision | median | 99 % | frames that differ in face or no face |",
        "|---|---|---|---|---|",
    ]
    for row in _rows(accuracy, "precision"):
        distances = f"{row['median_pct']:.2f} % | {row['p99_pct']:.2f} %"
        lines.append(f"| {row['clip']} | {row['precision']} | {distances} | {row['frames_that_differ']} |")
    measured = next(result["measured"] for result in speed["results"] if result["name"] == "precision")
    return "\n".join([*lines, "", f"{measured}."])


def _measured(report: dict[str, Any]) -> str:
    """Return the measurements behind the model of many machines."""
    lines = ["| frames | frames/s of one core | read, kB/frame | written, kB/frame |", "|---|---|---|---|"]
    for row in _rows(report, "core"):
        read, written = row["read_bytes_a_frame"] / 1000, row["written_bytes_a_frame"] / 1000
        lines.append(f"| {row['size']} | {row['fps']:.0f} | {read:.1f} | {written:.2f} |")
    facts = scale.measure_facts(report)
    lines += [
        "",
        f"Two cores are {facts.two_cores:.2f} times as fast as one. One driver plans and drives {facts.driven:.0f} "
        f"items per second. Two local workers process {facts.dispatched_here:.0f} items per second, and two workers on "
        f"Ray {facts.dispatched_on_ray:.0f}, including the time to start them.",
        "",
        f"Measured on {report['machine']['cpu']}, {report['machine']['num_cpus']} CPUs.",
    ]
    return "\n".join(lines)


def _model(report: dict[str, Any]) -> str:
    """Return the predictions of the model for many machines."""
    head = "machines | frames | frames/s | hours of video per hour | read | written | items/s | dollars per 1,000 hours"
    rows = (
        f"| {row.num_machines:,} | {row.size} | {row.fps:,.0f} | {row.times_real:,.0f} | "
        f"{_rate(row.read_bytes_s)} | {_rate(row.written_bytes_s)} | {row.items_s:,.2f} | {row.dollars:,.2f} |"
        for row in scale.predict(report)
    )
    return "\n".join([f"| {head} |", "|---|---|---|---|---|---|---|---|", *rows])


def _rate(bytes_s: float) -> str:
    return f"{bytes_s / 1e9:,.1f} GB/s" if bytes_s >= 1e9 else f"{bytes_s / 1e6:,.0f} MB/s"


def _rows(report: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the rows of one question."""
    rows: list[dict[str, Any]] = next(result["rows"] for result in report["results"] if result["name"] == name)
    return rows


def _table(report: dict[str, Any], remark: str) -> str:
    lines = ["| question | asked | measured | holds |", "|---|---|---|---|"]
    for result in report["results"]:
        holds = {True: "yes", False: "**no**", None: "-"}[result["holds"]]
        cells = (result["question"], result["asked"] or "-", result["measured"], holds)
        lines.append("| " + " | ".join(cell.replace("; ", "<br>") for cell in cells) + " |")
    versions = ", ".join(f"{name} {report['versions'][name]}" for name in VERSIONS if name in report["versions"])
    machine = f"{report['machine']['cpu']}, {report['machine']['num_cpus']} CPUs"
    lines += ["", remark]
    lines += [f"Measured with {versions} on {machine}."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
