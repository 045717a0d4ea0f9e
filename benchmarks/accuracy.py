#!/usr/bin/env python3
"""Measure the accuracy of facestream on a folder of ground truth.

    python benchmarks/accuracy.py TRUTH_FOLDER [--json FILE] [--peer-python PATH] [--only NAME ...]

Prints a table of targets and measurements, and writes all figures as JSON. ``benchmarks/README.md`` describes the
folder; questions whose files are missing are skipped and listed. Everything runs on the CPU.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from bench import ROOT, Bench, show_progress
from questions import (
    affine,
    aspect,
    batch_size,
    boxes,
    clips,
    constant_rate,
    memory,
    no_face_pictures,
    other_schemes,
    padding,
    photos,
    photos_mediapipe,
    portrait,
    precision,
    roll,
    rotation,
    tracking,
    wider,
)
from report import Answer, Result, print_table, write_json
from truth import NotThere, Truth

RESULTS = ROOT / "benchmarks" / "results" / "accuracy.json"
PEER_PYTHON = ROOT / ".peers" / "mediapipe" / "bin" / "python"

QUESTIONS: dict[str, tuple[str, Callable[[Bench], Answer]]] = {
    "portrait": (portrait.TEXT, portrait.measure),
    "photos": (photos.TEXT, photos.measure),
    "photos-mediapipe": (photos_mediapipe.TEXT, photos_mediapipe.measure),
    "other-schemes": (other_schemes.TEXT, other_schemes.measure),
    "wider": (wider.TEXT, wider.measure),
    "no-face-pictures": (no_face_pictures.TEXT, no_face_pictures.measure),
    "clips": (clips.TEXT, clips.measure),
    "tracking": (tracking.TEXT, tracking.measure),
    "boxes": (boxes.TEXT, boxes.measure),
    "constant-rate": (constant_rate.TEXT, constant_rate.measure),
    "affine": (affine.TEXT, affine.measure),
    "rotation": (rotation.TEXT, rotation.measure),
    "roll": (roll.TEXT, roll.measure),
    "padding": (padding.TEXT, padding.measure),
    "aspect": (aspect.TEXT, aspect.measure),
    "batch-size": (batch_size.TEXT, batch_size.measure),
    "precision": (precision.TEXT, precision.measure),
    "memory": (memory.TEXT, memory.measure),
}


def main() -> None:
    arguments = _parser().parse_args()
    bench = Bench(Truth(arguments.truth), arguments.peer_python)
    results = [_ask(name, bench) for name in arguments.only or QUESTIONS]
    print_table(results)
    target = arguments.json or (None if arguments.only else RESULTS)
    if target:
        write_json(target, results)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure the accuracy of facestream.")
    parser.add_argument("truth", type=_folder, metavar="TRUTH_FOLDER")
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="output file for all figures (default: benchmarks/results/accuracy.json; none with --only)",
    )
    parser.add_argument(
        "--peer-python",
        type=Path,
        metavar="PATH",
        default=PEER_PYTHON,
        help="a Python with MediaPipe (default: the one set up by benchmarks/peers/install.sh)",
    )
    parser.add_argument(
        "--only", nargs="+", choices=QUESTIONS, metavar="NAME", help=f"one or more of {', '.join(QUESTIONS)}"
    )
    return parser


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a folder")
    return path


def _ask(name: str, bench: Bench) -> Result:
    """Return the answer to one question, or the reason why it was skipped."""
    text, measure = QUESTIONS[name]
    show_progress(f"{name} ...")
    started = time.perf_counter()
    answer, skipped = Answer(()), None
    try:
        answer = measure(bench)
    except NotThere as reason:
        skipped = str(reason)
    return Result(name=name, question=text, seconds=time.perf_counter() - started, answer=answer, skipped=skipped)


if __name__ == "__main__":
    main()
