#!/usr/bin/env python3
"""Measure the job server under load: many clients, long queues and many jobs, on one machine over loopback.

    python benchmarks/serving.py [--json FILE] [--pairs N] [--only NAME ...]

The machine should be otherwise idle.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import av
from PIL import Image

from bench import ROOT, show_progress
from looping import loop_clip
from report import Answer, Bar, Figure, Result, print_table, write_json
from served import Served

RESULTS = ROOT / "benchmarks" / "results" / "serving.json"
SAMPLE = ROOT / "samples" / "astronaut.mp4"
LOAD = ROOT / "benchmarks" / "load.py"

NUM_PAIRS = 5
NUM_FRAMES = 12_000
NUM_QUEUED = 5_000
PAGE = 1_000
NUM_JOBS, NUM_FIRST_JOBS = 2_000, 200


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the job server under load.")
    parser.add_argument("--json", type=Path, help="output file (default: benchmarks/results/serving.json)")
    parser.add_argument(
        "--pairs", type=int, default=NUM_PAIRS, help="number of times a job runs with and without clients"
    )
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
            data_folder = Path(folder) / "data"
            data_folder.mkdir()
            with Served(data_folder, Path(folder) / "state") as served:
                answer = measure(served, data_folder, arguments.pairs)
        results.append(Result(name=name, question=question, seconds=time.perf_counter() - started, answer=answer))
    print_table(results)
    target = arguments.json or (None if arguments.only else RESULTS)
    if target:
        write_json(target, results)


def measure_polling(served: Served, data_folder: Path, num_pairs: int) -> Answer:
    """Clients that poll a running job, and how much that slows down the job."""
    loop_clip(SAMPLE, data_folder / "clip.mp4", NUM_FRAMES)
    served.submit("warm", "clip.mp4", "warm.stream")
    served.wait("warm")
    rows = []
    for number in range(num_pairs):
        alone_s = _run_job(served, f"alone-{number}")
        key = f"watched-{number}"
        # The clients poll from before the start of the job until after its end.
        load = _start_load(served, key, "--clients", "50", "--every", "1", "--seconds", str(alone_s * 1.25 + 1))
        watched_s = _run_job(served, key)
        rows.append({"alone_s": alone_s, "watched_s": watched_s, **_finish_load(load)})
        show_progress(f"  {alone_s:.1f} s alone, {watched_s:.1f} s with clients, p99 {rows[-1]['p99_ms']:.0f} ms")
    return Answer(
        [
            Figure(label="p99", value=max(row["p99_ms"] for row in rows), unit="ms", digits=0, bar=Bar("<", 200)),
            Figure(
                label="times the job takes alone",
                value=median(row["watched_s"] / row["alone_s"] for row in rows),
                bar=Bar("≤", 1.1),
            ),
            Figure(label="median", value=median(row["median_ms"] for row in rows), unit="ms", digits=1),
            Figure(
                label="the job alone", value=NUM_FRAMES / median(r["alone_s"] for r in rows), unit="frames/s", digits=0
            ),
        ],
        rows,
        [f"the sample clip looped to {NUM_FRAMES} frames; {num_pairs} pairs, of p99 the worst"],
    )


def measure_status(served: Served, data_folder: Path, num_pairs: int) -> Answer:
    """Clients that send requests as fast as responses arrive, while no job runs."""
    (data_folder / "clip.mp4").write_bytes(SAMPLE.read_bytes())
    served.submit("ended", "clip.mp4", "ended.stream")
    served.wait("ended")
    rows = [_finish_load(_start_load(served, "ended", "--clients", "8", "--seconds", "8")) for _ in range(num_pairs)]
    return Answer(
        [
            Figure(
                label="requests a second",
                value=median(row["per_second"] for row in rows),
                digits=0,
                bar=Bar("≥", 800),
            ),
            Figure(label="median", value=median(row["median_ms"] for row in rows), unit="ms", digits=1),
        ],
        rows,
    )


def measure_queue(served: Served, data_folder: Path, num_pairs: int) -> Answer:
    """A long queue behind a running job, listed page by page."""
    loop_clip(SAMPLE, data_folder / "clip.mp4", 10 * NUM_FRAMES)
    served.submit("first", "clip.mp4", "first.stream")
    started = time.perf_counter()
    for number in range(NUM_QUEUED):
        served.submit(f"queued-{number}", "clip.mp4", f"queued/{number}.stream")
    queuing_s = time.perf_counter() - started
    while served.status("first") == 0:
        time.sleep(0.05)
    rows = []
    for _ in range(num_pairs):
        started = time.perf_counter()
        keys, before = list[str](), None
        while True:
            page = served.get(
                "/api/v1/jobs", limit=PAGE, status="waiting", **({"before": before} if before else {})
            ).json()
            keys += [job["key"] for job in page["jobs"]]
            before = page["before"]
            if before is None:
                break
        pages_s = time.perf_counter() - started
        if len(set(keys)) != NUM_QUEUED:
            raise RuntimeError(f"{len(set(keys))} of {NUM_QUEUED} jobs were listed")
        started = time.perf_counter()
        num_all = len(served.get("/job_status_all").json())
        rows.append({"pages_s": pages_s, "all": num_all, "all_s": time.perf_counter() - started})
    served.cancel("first")
    return Answer(
        [
            Figure(
                label=f"{NUM_QUEUED} by pages of {PAGE}",
                value=median(row["pages_s"] for row in rows),
                unit="s",
                bar=Bar("<", 1),
            ),
            Figure(label="the same by /job_status_all", value=median(row["all_s"] for row in rows), unit="s"),
            Figure(label="queued", value=NUM_QUEUED / queuing_s, unit="jobs/s", digits=0),
        ],
        rows,
        ["a job runs meanwhile"],
    )


def measure_memory(served: Served, data_folder: Path, _: int) -> Answer:
    """The memory over many small jobs, one after the other."""
    with av.open(str(SAMPLE)) as clip:
        picture = next(clip.decode(video=0)).to_ndarray(format="rgb24")
    Image.fromarray(picture).save(data_folder / "face.png")
    rows = []
    started = time.perf_counter()
    for number in range(1, NUM_JOBS + 1):
        served.submit(f"job-{number}", "face.png", f"{number % 10}.stream")
        if number % NUM_FIRST_JOBS == 0:
            served.wait(f"job-{number}")
            rows.append({"jobs": number, **served.resident_mb()})
            show_progress(f"  {rows[-1]}")
    seconds = time.perf_counter() - started
    first, last = rows[0], rows[-1]
    return Answer(
        [
            *(
                Figure(
                    label=f"{who} after {NUM_JOBS} jobs, times that after {NUM_FIRST_JOBS}",
                    value=last[who] / first[who],
                    bar=Bar("≤", 1.1),
                )
                for who in ("server", "worker")
            ),
            Figure(label="server", value=last["server"], unit="MB", digits=0),
            Figure(label="worker", value=last["worker"], unit="MB", digits=0),
            Figure(label="jobs a second", value=NUM_JOBS / seconds, digits=0),
        ],
        rows,
        ["each job a picture of 480 x 360"],
    )


def measure_live(served: Served, data_folder: Path, num_pairs: int) -> Answer:
    """A camera in the browser that sends its pictures to the server."""
    from live_page import measure_live_page

    url = f"http://127.0.0.1:{served.port}"
    rows = [measure_live_page(url, SAMPLE, data_folder, 10.0) for _ in range(num_pairs)]
    return Answer(
        [
            Figure(label="frames a second", value=median(row["fps"] for row in rows), digits=1, bar=Bar("≥", 20)),
            Figure(
                label="median latency",
                value=median(row["latency_ms"] for row in rows),
                unit="ms",
                digits=0,
                bar=Bar("<", 100),
            ),
            Figure(
                label="Chromium's own share of all cores",
                value=100 * median(row["chromium_share"] for row in rows),
                unit="%",
                digits=0,
            ),
        ],
        rows,
        ["the sample clip as the camera's film, 640 x 480; the browser runs on the same machine"],
    )


QUESTIONS: dict[str, tuple[str, Callable[[Served, Path, int], Answer]]] = {
    "polling": ("50 clients ask for status and log once a second while a job runs", measure_polling),
    "status": ("status requests while no job runs", measure_status),
    "queue": ("a long queue, listed while a job runs", measure_queue),
    "memory": ("memory over many small jobs", measure_memory),
    "live": ("the live camera of the web page, in Chromium on the same machine", measure_live),
}


def _run_job(served: Served, key: str) -> float:
    """Run a job and return its duration in seconds, as recorded by the server."""
    served.submit(key, "clip.mp4", "out.stream")
    served.wait(key)
    (job,) = [job for job in served.get("/api/v1/jobs", limit=5).json()["jobs"] if job["key"] == key]
    return float(job["ended_s"] - job["started_s"])


def _start_load(served: Served, key: str, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(LOAD), str(served.port), key, *options], stdout=subprocess.PIPE, text=True
    )


def _finish_load(load: subprocess.Popen[str]) -> dict[str, float]:
    output, _ = load.communicate()
    if load.returncode:
        raise RuntimeError(f"the clients ended with status {load.returncode}")
    times: dict[str, float] = json.loads(output)
    return times


if __name__ == "__main__":
    main()
