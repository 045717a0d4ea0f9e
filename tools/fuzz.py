#!/usr/bin/env python3
"""Fuzz what reads files and requests of others, guided by coverage.

    python tools/fuzz.py                            every fuzzer, a minute each
    python tools/fuzz.py streams trainers --seconds 600
    python tools/fuzz.py streams --input FILE       once, as a plain call: for what a run has found

Every input must give a right result or an error of facestream's own, at once and in little memory. Inputs that reached
something new are kept in ``.fuzz/NAME``, from which the next run goes on; what is found lies beside that folder. The
fuzzers are ``tools/fuzz_NAME.py``. Runs need atheris (``pip install atheris``); ``--input`` does not.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import logging
import os
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
FOUND_FOLDER = TOOLS.parent / ".fuzz"
NAMES = sorted(path.stem.removeprefix("fuzz_") for path in TOOLS.glob("fuzz_*.py"))

INSTRUMENTED = ["facestream", "defusedxml"]
LIMITS = ("-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1")
GRACE_SECONDS = 120
"""For starting, and for what libFuzzer's own limits cannot end."""

NO_ATHERIS = "atheris is not installed; it has wheels for Linux on x86-64: pip install atheris"
REPORT_BEGINNINGS = ("=== Uncaught Python exception", "==ERROR", "ALARM:", "Fatal Python error")
MAX_REPORT_LINES = 60
RAM_FOLDER = Path("/dev/shm")  # noqa: S108 - what is made in it has a name of its own


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all when left out")
    parser.add_argument("--seconds", type=int, default=60, help="for each fuzzer (default: %(default)s)")
    parser.add_argument("--input", type=Path, metavar="FILE", help="only give one fuzzer this input")
    parser.add_argument("--guided", action="store_true", help=argparse.SUPPRESS)
    given, options = parser.parse_known_args()
    unknown = [name for name in given.names if name not in NAMES]
    if unknown:
        parser.error(f"there is no fuzzer {unknown[0]!r}; there are {', '.join(NAMES)}")
    names = given.names or NAMES
    if given.input and len(names) > 1:
        parser.error("--input is for one fuzzer; name it")
    if given.input:
        set_up_this_process()
        importlib.import_module(f"fuzz_{names[0]}").one_input(given.input.read_bytes())
        print(f"{names[0]}: {given.input} is understood, or refused as it should be")
    elif given.guided:
        fuzz_in_this_process(names[0], options)
    elif importlib.util.find_spec("atheris") is None:
        if os.environ.get("CI") == "true":
            sys.exit(f"fuzz: {NO_ATHERIS}")
        print(f"fuzz: skipped, {NO_ATHERIS}")
    else:
        found = [name for name in names if not fuzz(name, given.seconds, options)]
        sys.exit(f"fuzz: something was found by {', '.join(found)}" if found else 0)


def set_up_this_process() -> None:
    """What facestream tells its users is not shown, and what NumPy would tell them, nobody asked for."""
    logging.getLogger("facestream").setLevel(logging.ERROR)
    warnings.simplefilter("error", RuntimeWarning)


def fuzz_in_this_process(name: str, options: list[str]) -> None:
    """Does not return: libFuzzer ends the process."""
    import atheris

    set_up_this_process()
    with atheris.instrument_imports(include=INSTRUMENTED):
        fuzzer = importlib.import_module(f"fuzz_{name}")
    atheris.Setup([sys.argv[0], *options], fuzzer.one_input)
    atheris.Fuzz()


def fuzz(name: str, seconds: int, options: list[str]) -> bool:
    """Run one fuzzer and tell how far it came; the answer is whether it found nothing."""
    corpus, log = FOUND_FOLDER / name, FOUND_FOLDER / f"{name}.log"
    corpus.mkdir(parents=True, exist_ok=True)
    # Inputs become files, which need not reach a disk.
    with tempfile.TemporaryDirectory(dir=RAM_FOLDER if os.access(RAM_FOLDER, os.W_OK) else None) as scratch:
        seeds = Path(scratch) / "seeds"
        seeds.mkdir()
        write_seeds(name, seeds)
        command = [
            *(sys.executable, str(TOOLS / "fuzz.py"), name, "--guided", str(corpus), str(seeds)),
            *(f"-max_total_time={seconds}", f"-artifact_prefix={FOUND_FOLDER}/{name}-", *LIMITS, *options),
        ]
        with log.open("w") as output:
            code = run(command, {**os.environ, "TMPDIR": scratch}, output.fileno(), seconds + GRACE_SECONDS)
    text = log.read_text("utf-8", "replace")
    print(f"{name}: {progress(text)}", flush=True)
    if code:
        print(report(name, text, code), flush=True)
    return code == 0


def run(command: list[str], environment: dict[str, str], output: int, limit_s: float) -> int | str:
    try:
        return subprocess.run(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, timeout=limit_s, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        return f"no end after {limit_s:.0f} s"


def write_seeds(name: str, folder: Path) -> None:
    """In a process of its own: what is imported here could not be instrumented later."""
    code = (
        "import importlib, pathlib, sys\n"
        "for number, seed in enumerate(importlib.import_module(sys.argv[1]).SEEDS):\n"
        "    (pathlib.Path(sys.argv[2]) / str(number)).write_bytes(seed)\n"
    )
    subprocess.run([sys.executable, "-c", code, f"fuzz_{name}", str(folder)], cwd=TOOLS, check=True)


def progress(log: str) -> str:
    """In words: how many inputs were tried, how fast, and how much of the code they reached."""
    steps = re.findall(r"^#(\d+)\s.*cov: (\d+) ft: (\d+) corp: (\d+)/.*exec/s: (\d+)", log, re.MULTILINE)
    if not steps:
        return "it did not begin"
    (_, start, *_), (inputs, cov, features, kept, rate) = steps[0], steps[-1]
    return f"{inputs} inputs, {rate}/s, coverage {start} -> {cov} ({features} features), {kept} kept"


def report(name: str, log: str, code: int | str) -> str:
    """What was found, and how to see it again."""
    lines = log.splitlines()
    start = next(
        (k for k, line in enumerate(lines) if any(mark in line for mark in REPORT_BEGINNINGS)), len(lines) - 30
    )
    shown = lines[max(start, 0) :][:MAX_REPORT_LINES]
    found = re.search(r"Test unit written to (.+)", log)
    again = f"python tools/fuzz.py {name} --input {found[1]}" if found else f"see {FOUND_FOLDER / name}.log"
    return "\n".join([*(f"    {line}" for line in shown), f"{name}: FAILED ({code}); again: {again}"])


if __name__ == "__main__":
    main()
