#!/usr/bin/env python3
"""Measure how well a batch uses the cores of a machine, and the overhead of its driver.

    python benchmarks/batching.py [--json FILE] [--pairs N] [--only NAME ...]

The machine should be otherwise idle. Caches are warm: each program runs once before it is timed.
"""

from __future__ import annotations

import argparse
import filecmp
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench import ROOT, show_progress
from looping import loop_clip, scale_clip
from report import Answer, Bar, Figure, Result, print_table, write_json

RESULTS = ROOT / "benchmarks" / "results" / "batching.json"
SAMPLE = ROOT / "samples" / "astronaut.mp4"
STUB = ROOT / "benchmarks" / "stub_batch.py"

NUM_PAIRS = 5
NUM_CLIPS, CLIP_FRAMES = 50, 300
LONG_FRAMES, NUM_SEGMENTS = 30 * 60 * 30, 8
CORE_FRAMES = 3000
SIZES = {"360p": (480, 360, 0), "720p": (1280, 720, 4), "1080p": (1920, 1080, 8)}
"""Width, height and Mbit/s; 0 means the original sample."""

NUM_DISPATCHED = 3000
NUM_PLANNED, FEW_PLANNED = 100_000, 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how well a batch uses a machine.")
    parser.add_argument("--json", type=Path, help="output file (default: benchmarks/results/batching.json)")
    parser.add_argument("--pairs", type=int, default=NUM_PAIRS, help="number of times the programs take turns")
    parser.add_argument(
        "--only", nargs="+", choices=QUESTIONS, help="only these questions; writes JSON only with --json"
    )
    arguments = parser.parse_args()
    results = []
    for name in arguments.only or QUESTIONS:
        question, measure = QUESTIONS[name]
        show_progress(f"{name} ...")
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            answer = measure(Path(folder), arguments.pairs)
        results.append(Result(name=name, question=question, seconds=time.perf_counter() - started, answer=answer))
    print_table(results)
    target = arguments.json or (None if arguments.only else RESULTS)
    if target:
        write_json(target, results)


def measure_workers(folder: Path, num_pairs: int) -> Answer:
    """Many clips: two workers, one worker, one single-threaded worker and the plain command, in turns."""
    clips = folder / "clips"
    clips.mkdir()
    first = loop_clip(SAMPLE, clips / "clip00.mp4", CLIP_FRAMES)
    for number in range(1, NUM_CLIPS):
        (clips / f"clip{number:02d}.mp4").hardlink_to(first)
    mesh = ["mesh", str(clips), "--json", "--quiet", "-o"]
    batch = ["batch", str(clips), "--json", "--quiet", "--out"]
    _run([*mesh, str(_new(folder, "warm"))])
    rows = []
    for number in range(num_pairs):
        plain = _run([*mesh, str(_new(folder, f"plain{number}"))])
        one = _run([*batch, str(folder / f"one{number}"), "--workers", "1"])
        two = _run([*batch, str(folder / f"two{number}"), "--workers", "2"])
        single = _run([*batch, str(folder / f"single{number}"), "--workers", "1", "--threads", "1"])
        frames = NUM_CLIPS * CLIP_FRAMES
        rows.append(
            {
                "plain_s": plain.seconds,
                "plain_fps": frames / sum(line["seconds"] for line in plain.lines),
                "one_s": one.seconds,
                "two_s": two.seconds,
                "two_fps": frames / two.lines[-1]["seconds"],
                "single_fps": frames / single.lines[-1]["seconds"],
            }
        )
        show_progress(f"  {rows[-1]}")
    return Answer(
        [
            Figure(
                label="two workers, times a single-threaded one",
                value=median(row["two_fps"] / row["single_fps"] for row in rows),
                bar=Bar("≥", 1.7),
            ),
            Figure(
                label="one worker with all threads, times the plain command's time",
                value=median(row["one_s"] / row["plain_s"] for row in rows),
                bar=Bar("≤", 1.05),
            ),
            Figure(
                label="two workers, times the plain command's frames/s",
                value=median(row["two_fps"] / row["plain_fps"] for row in rows),
                bar=Bar("≥", 0.95),
            ),
            Figure(
                label="two workers, times the plain command's time",
                value=median(row["two_s"] / row["plain_s"] for row in rows),
            ),
            Figure(label="two workers", value=median(row["two_fps"] for row in rows), unit="frames/s", digits=0),
            Figure(label="a single thread", value=median(row["single_fps"] for row in rows), unit="frames/s", digits=0),
        ],
        rows,
        [f"{NUM_CLIPS} clips of {CLIP_FRAMES} frames, 480 x 360; frames/s by each program's own seconds"],
    )


def measure_split(folder: Path, num_pairs: int) -> Answer:
    """A long clip in segments and as a whole."""
    clip = loop_clip(SAMPLE, folder / "long.mp4", LONG_FRAMES)
    rows = []
    for number in range(num_pairs):
        plain_folder, split_folder = _new(folder, f"plain{number}"), folder / f"split{number}"
        plain = _run(["mesh", str(clip), "-o", str(plain_folder), "--json", "--quiet"])
        split = _run(
            ["batch", str(clip), "--out", str(split_folder), "--split", str(NUM_SEGMENTS), "--json", "--quiet"]
        )
        are_equal = all(
            filecmp.cmp(plain_folder / name, split_folder / name, shallow=False)
            for name in ("long.facemesh.stream", "long.facemesh.stream~")
        )
        rows.append({"plain_s": plain.seconds, "split_s": split.seconds, "equal": are_equal})
        show_progress(f"  {rows[-1]}")
    return Answer(
        [
            Figure(
                label="equal files",
                value=100 * sum(row["equal"] for row in rows) / len(rows),
                unit="%",
                digits=0,
                bar=Bar("=", 100),
            ),
            Figure(
                label="times the plain command's time",
                value=median(row["split_s"] / row["plain_s"] for row in rows),
                bar=Bar("≤", 1.1),
            ),
        ],
        rows,
        [f"{LONG_FRAMES} frames, 480 x 360, in {NUM_SEGMENTS} segments; whole processes"],
    )


def measure_plan(folder: Path, num_pairs: int) -> Answer:
    """A table of very many files, in a dry run and then in a run with workers that do nothing."""
    rows = []
    for count in (FEW_PLANNED, NUM_PLANNED):
        table = _write_table(folder, count)
        runs = [
            _run(["batch", str(table), "--out", str(folder / "none"), "--dry-run", "--json", "--quiet"])
            for _ in range(num_pairs)
        ]
        planned = _stub(table, folder / "none", "--dry-run")
        done = _stub(table, folder / f"done{count}")
        if done["done"] != count:
            raise RuntimeError(f"{done['done']} of {count} items were done")
        rows.append(
            {
                "items": count,
                "seconds": median(run.seconds for run in runs),
                "peak_mb": planned["peak_mb"],
                "stub_seconds": done["seconds"],
                "stub_peak_mb": done["peak_mb"],
            }
        )
        show_progress(f"  {rows[-1]}")
    few, many = rows
    per_second = (many["items"] - few["items"]) / (many["stub_seconds"] - few["stub_seconds"])
    return Answer(
        [
            Figure(label=f"{NUM_PLANNED} items", value=many["seconds"], unit="s", digits=1, bar=Bar("<", 10)),
            Figure(
                label=f"memory, times that of {FEW_PLANNED} items",
                value=many["peak_mb"] / few["peak_mb"],
                bar=Bar("≤", 1.1),
            ),
            Figure(
                label="of a run with a stub, times",
                value=many["stub_peak_mb"] / few["stub_peak_mb"],
                bar=Bar("≤", 1.1),
            ),
            Figure(label="planning", value=many["peak_mb"], unit="MB", digits=0),
            Figure(label="running", value=many["stub_peak_mb"], unit="MB", digits=0),
            Figure(label="planned and driven", value=per_second, unit="items/s", digits=0),
        ],
        rows,
        [f"median of {num_pairs} dry runs, whole processes; the files are there and empty"],
    )


def _stub(table: Path, out: Path, *options: str) -> dict[str, Any]:
    command = [sys.executable, str(STUB), str(table), str(out), *options]
    result: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return result


def measure_core(folder: Path, num_pairs: int) -> Answer:
    """The throughput of one core by frame size, and the bytes that it reads and writes."""
    rows = []
    for name, (width, height, megabits) in SIZES.items():
        clip = SAMPLE if not megabits else scale_clip(SAMPLE, folder / f"{name}.mp4", width, height, megabits)
        long_clip = loop_clip(clip, folder / f"long-{name}.mp4", CORE_FRAMES)
        fps, written = [], 0
        for number in range(num_pairs):
            out = folder / f"{name}-{number}"
            result = _run(
                f"batch {long_clip} --out {out} --workers 1 --threads 1 --split 1 --json --quiet".split()
            ).lines[-1]
            fps.append(result["frames"] / result["seconds"])
            written = sum(path.stat().st_size for path in out.glob("*.stream*"))
        rows.append(
            {
                "size": f"{width} x {height}",
                "fps": median(fps),
                "read_bytes_a_frame": long_clip.stat().st_size / CORE_FRAMES,
                "written_bytes_a_frame": written / CORE_FRAMES,
            }
        )
        show_progress(f"  {rows[-1]}")
    return Answer(
        [Figure(label=row["size"], value=row["fps"], unit="frames/s", digits=0) for row in rows],
        rows,
        ["one worker of one thread over the sample, scaled (720p at 4, 1080p at 8 Mbit/s), a face in each frame"],
    )


def measure_dispatch(folder: Path, num_pairs: int) -> Answer:
    """Items that fail at once: the overhead of an item, without its frames."""
    table = folder / "missing.csv"
    table.write_text("path\n" + "".join(f"none{number:05d}.mp4\n" for number in range(NUM_DISPATCHED)))
    rows = []
    ways = {"here": [], "on Ray": ["--ray=local"]} if importlib.util.find_spec("ray") else {"here": []}
    for way, options in ways.items():
        rates = []
        for number in range(num_pairs):
            run = _run(
                f"batch {table} --out {folder}/{number}-{len(options)} --workers 2 --json --quiet".split() + options,
                status=1,
            )
            rates.append(NUM_DISPATCHED / run.lines[-1]["seconds"])
        rows.append({"way": way, "per_second": median(rates)})
        show_progress(f"  {rows[-1]}")
    return Answer(
        [Figure(label=row["way"], value=row["per_second"], unit="items/s", digits=0) for row in rows],
        rows,
        [f"{NUM_DISPATCHED} files that are not there, two workers; the start of the workers is counted"],
    )


class _Run(NamedTuple):
    """A run of ``facestream``: its wall-clock time, and the lines of JSON that it printed."""

    seconds: float
    lines: list[dict[str, Any]]


def _run(words: list[str], status: int = 0) -> _Run:
    started = time.perf_counter()
    run = subprocess.run([sys.executable, "-m", "facestream", *words], check=False, capture_output=True, text=True)
    if run.returncode != status:
        raise RuntimeError(f"facestream {' '.join(words)} ended with status {run.returncode}: {run.stderr}")
    return _Run(time.perf_counter() - started, [json.loads(line) for line in run.stdout.splitlines()])


def _new(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def _write_table(folder: Path, count: int) -> Path:
    """Create this many empty files and write a table of them."""
    lines = ["path,output"]
    for number in range(count):
        path = folder / "many" / f"day{number // 1000}" / f"clip{number:06d}.mp4"
        if number % 1000 == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        lines.append(f"{path},day{number // 1000}/clip{number:06d}")
    table = folder / f"table{count}.csv"
    table.write_text("\n".join(lines) + "\n")
    return table


QUESTIONS: dict[str, tuple[str, Callable[[Path, int], Answer]]] = {
    "workers": ("`facestream batch` over 50 clips of 10 s, on two cores", measure_workers),
    "split": ("a clip of 30 minutes in 8 segments, on two cores, beside `facestream mesh`", measure_split),
    "core": ("one core, by the size of the frames", measure_core),
    "dispatch": ("items that fail at once, two workers", measure_dispatch),
    "plan": ("100,000 items in a table: `--dry-run`, and a run with workers that do nothing", measure_plan),
}


if __name__ == "__main__":
    main()
