#!/usr/bin/env python3
"""Fuzz the parsers of files and requests from outside, guided by coverage.

    python tools/fuzz.py                            every fuzzer, for a minute each
    python tools/fuzz.py streams trainers --seconds 600
    python tools/fuzz.py streams --input FILE       a single call, to reproduce a finding

Every input must give a correct result or one of facestream's own errors, quickly and with little memory. Inputs that
reached new code are kept in ``.fuzz/NAME``, and the next run starts from them; findings are written next to that
folder. The fuzzers are ``tools/fuzz_NAME.py``. Runs need atheris (``pip install atheris``); ``--input`` does not.
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
"""Extra time for startup, and for hangs that libFuzzer's own limits cannot stop."""

NO_ATHERIS = "atheris is not installed; it has wheels for Linux on x86-64: pip install atheris"
REPORT_BEGINNINGS = ("=== Uncaught Python exception", "==ERROR", "ALARM:", "Fatal Python error")
MAX_REPORT_LINES = 60
RAM_FOLDER = Path("/dev/shm")  # noqa: S108 - files in it get unique names


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)} (default: all)")
    parser.add_argument("--seconds", type=int, default=60, help="time for each fuzzer (default: %(default)s)")
    parser.add_argument("--input", type=Path, metavar="FILE", help="run one fuzzer on this input only")
    parser.add_argument("--guided", action="store_true", help=argparse.SUPPRESS)
    given, options = parser.parse_known_args()
    unknown = [name for name in given.names if name not in NAMES]
    if unknown:
        parser.error(f"there is no fuzzer {unknown[0]!r}; there are {', '.join(NAMES)}")
    names = given.names or NAMES
    if given.input and len(names) > 1:
        parser.error("--input is for a single fuzzer; name it")
    if given.input:
        set_up_this_process()
        importlib.import_module(f"fuzz_{names[0]}").one_input(given.input.read_bytes())
        print(f"{names[0]}: {given.input} was accepted, or rejected as it should be")
    elif given.guided:
        fuzz_in_this_process(names[0], options)
    elif importlib.util.find_spec("atheris") is None:
        if os.environ.get("CI") == "true":
            sys.exit(f"fuzz: {NO_ATHERIS}")
        print(f"fuzz: skipped, {NO_ATHERIS}")
    else:
        found = [name for name in names if not fuzz(name, given.seconds, options)]
        sys.exit(f"fuzz: findings by {', '.join(found)}" if found else 0)


def set_up_this_process() -> None:
    """Hide facestream's warnings, and turn NumPy's runtime warnings into errors."""
    logging.getLogger("facestream").setLevel(logging.ERROR)
    warnings.simplefilter("error", RuntimeWarning)


def fuzz_in_this_process(name: str, options: list[str]) -> None:
    """Run a fuzzer. This does not return, because libFuzzer ends the process."""
    import atheris

    set_up_this_process()
    with atheris.instrument_imports(include=INSTRUMENTED):
        fuzzer = importlib.import_module(f"fuzz_{name}")
    atheris.Setup([sys.argv[0], *options], fuzzer.one_input)
    atheris.Fuzz()


def fuzz(name: str, seconds: int, options: list[str]) -> bool:
    """Run one fuzzer and print its progress; return whether it found nothing."""
    corpus, log = FOUND_FOLDER / name, FOUND_FOLDER / f"{name}.log"
    corpus.mkdir(parents=True, exist_ok=True)
    # Inputs are written to files, preferably in RAM.
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
        return f"still running after {limit_s:.0f} s"


def write_seeds(name: str, folder: Path) -> None:
    """Write seeds in a separate process, because modules imported here could not be instrumented later."""
    code = (
        "import importlib, pathlib, sys\n"
        "for number, seed in enumerate(importlib.import_module(sys.argv[1]).SEEDS):\n"
        "    (pathlib.Path(sys.argv[2]) / str(number)).write_bytes(seed)\n"
    )
    subprocess.run([sys.executable, "-c", code, f"fuzz_{name}", str(folder)], cwd=TOOLS, check=True)


def progress(log: str) -> str:
    """Summarise a log: how many inputs were tried, how fast, and how much code they reached."""
    steps = re.findall(r"^#(\d+)\s.*cov: (\d+) ft: (\d+) corp: (\d+)/.*exec/s: (\d+)", log, re.MULTILINE)
    if not steps:
        return "did not start"
    (_, start, *_), (inputs, cov, features, kept, rate) = steps[0], steps[-1]
    return f"{inputs} inputs, {rate}/s, coverage {start} -> {cov} ({features} features), {kept} kept"


def report(name: str, log: str, code: int | str) -> str:
    """Describe a finding and how to reproduce it."""
    lines = log.splitlines()
    start = next(
        (k for k, line in enumerate(lines) if any(mark in line for mark in REPORT_BEGINNINGS)), len(lines) - 30
    )
    shown = lines[max(start, 0) :][:MAX_REPORT_LINES]
    found = re.search(r"Test unit written to (.+)", log)
    again = f"python tools/fuzz.py {name} --input {found[1]}" if found else f"see {FOUND_FOLDER / name}.log"
    return "\n".join([*(f"    {line}" for line in shown), f"{name}: FAILED ({code}); to reproduce: {again}"])


if __name__ == "__main__":
    main()
