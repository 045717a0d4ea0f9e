#!/usr/bin/env python3
"""Put the measured accuracy into the README, as a table between two markers.

    python benchmarks/readme_table.py [RESULTS] [--check]

With ``--check`` nothing is written: it ends with status 1 where the table is not that of the results.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "accuracy.json"
README = ROOT / "README.md"
VERSIONS = ("facestream", "torch", "opencv-python-headless")
BEGIN, END = "<!-- accuracy:begin -->", "<!-- accuracy:end -->"


def main() -> None:
    parser = argparse.ArgumentParser(description="Put the measured accuracy into the README.")
    parser.add_argument("results", type=Path, nargs="?", default=RESULTS, help="what accuracy.py wrote")
    parser.add_argument("--check", action="store_true", help="only compare; status 1 where they differ")
    arguments = parser.parse_args()
    old = README.read_text("utf-8")
    new = _replace_table(old, _table(json.loads(arguments.results.read_text("utf-8"))))
    if new == old:
        return
    if arguments.check:
        sys.exit("README.md: the accuracy table is not that of the results; run python benchmarks/readme_table.py")
    README.write_text(new, "utf-8")


def _replace_table(text: str, table: str) -> str:
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"README.md: there are no markers {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def _table(report: dict[str, Any]) -> str:
    lines = ["| question | asked | measured | holds |", "|---|---|---|---|"]
    for result in report["results"]:
        holds = {True: "yes", False: "**no**", None: "-"}[result["holds"]]
        cells = (result["question"], result["asked"] or "-", result["measured"], holds)
        lines.append("| " + " | ".join(cell.replace("; ", "<br>") for cell in cells) + " |")
    versions = ", ".join(f"{name} {report['versions'][name]}" for name in VERSIONS)
    machine = f"{report['machine']['cpu']}, {report['machine']['num_cpus']} CPUs"
    lines += ["", "Distances in % are percent of the distance between the outer corners of the eyes."]
    lines += [f"Measured with {versions} on {machine}."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
