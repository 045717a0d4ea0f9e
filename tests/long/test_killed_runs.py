"""Runs that are killed at any moment: under a final name lies nothing, or what is whole."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import facestream
from facestream.ssi.pair import settle_folder
from tests.media.clips import remux

pytestmark = pytest.mark.long

SEED = 468
NUM_KILLS = {"start": 6, "parts": 29, "sight": 15}
"""By the event that a delay is counted from: the start of the process, its first hidden file that holds bytes, its
first change under a final name. Runs differ by tenths of a second, so a delay from the start alone would seldom hit
what takes a millisecond."""

NUM_FRAMES, NUM_OLDER_FRAMES = 48, 20
STEM = "clip.facemesh"
FINAL_NAMES = (f"{STEM}.stream", f"{STEM}.stream~", f"{STEM}.npz", f"{STEM}.csv")
HIDDEN = ".facestream-*"

RUN = "from facestream.cli import main; raise SystemExit(main())"
KILL_BEFORE_RENAME = """
import os, signal, sys

folder, step = sys.argv.pop(1), int(sys.argv.pop(1))
renames = []

def watch(event, arguments):
    if event in ("os.rename", "os.link") and os.fsdecode(arguments[1]).startswith(folder):
        renames.append(arguments)
        if len(renames) == step:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
"""


@dataclass(frozen=True, slots=True)
class Result:
    """What lies under the final names of a folder; ``None`` is no file."""

    header: bytes | None = None
    samples: bytes | None = None
    arrays: dict[str, bytes] | None = None
    """Of the archive, each read whole and against its checksum."""
    table: bytes | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """When a run is killed."""

    event: str
    delay_s: float


@dataclass(frozen=True, slots=True)
class Case:
    """A short clip, its result, an older result under the same names, and how long a run takes."""

    clip: Path
    older_folder: Path
    older: Result
    result: Result
    spans_s: dict[str, float]
    """From each event of ``NUM_KILLS`` to the next one, the end of the process at last."""

    def start(self, folder: Path, *, program: tuple[str, ...] = ("-m", "facestream")) -> subprocess.Popen[str]:
        formats = ("--format", "stream", "--format", "npz", "--format", "csv")
        # Small batches, so that files grow all along.
        command = [*program, "mesh", str(self.clip), "-o", str(folder), *formats, "--batch-size", "8", "--quiet"]
        # Beside other work, two threads that wait for each other make some runs ten times as long as others.
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        return subprocess.Popen([sys.executable, *command], env=environment, stderr=subprocess.PIPE, text=True)

    def prepare(self, folder: Path, *, over_older: bool) -> Result:
        """Leave the older result or nothing under the final names, and what is hidden as it is."""
        for name in FINAL_NAMES:
            if over_older:
                shutil.copyfile(self.older_folder / name, folder / name)
            else:
                (folder / name).unlink(missing_ok=True)
        return self.older if over_older else Result()

    def run_undisturbed(self, folder: Path) -> list[str]:
        """What is wrong after one more run, which nobody kills."""
        process = self.start(folder)
        _, errors = process.communicate(timeout=120)
        if process.returncode:
            return [f"the next run ended with status {process.returncode}: {errors.strip()}"]
        faults = [] if read_result(folder) == self.result else ["the next run gave another result"]
        hidden = sorted(path.name for path in folder.glob(HIDDEN))
        return faults + ([f"the next run left {', '.join(hidden)}"] if hidden else [])


class Watch:
    """What a run does in a folder, from now on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places = [folder / name for name in FINAL_NAMES]
        self._older_hidden = set(folder.glob(HIDDEN))
        self._older_files = self._files()

    def has_parts(self) -> bool:
        """There is a new hidden file that holds bytes."""
        new = set(self._folder.glob(HIDDEN)) - self._older_hidden
        return any(status is not None and status.st_size for status in map(_status, new))

    def is_in_sight(self) -> bool:
        """Something has changed under a final name."""
        return self._files() != self._older_files

    def _files(self) -> list[tuple[int, int] | None]:
        statuses = map(_status, self._places)
        return [status and (status.st_ino, status.st_mtime_ns) for status in statuses]


@pytest.fixture(scope="module")
def case(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("undisturbed")
    results = {}
    # The shorter clip comes first: the second run finds all libraries in memory, as the killed ones will.
    for name, num_frames in (("older", NUM_OLDER_FRAMES), ("newer", NUM_FRAMES)):
        (folder / name).mkdir()
        clip = remux(sample, folder / name / "clip.mp4", num_frames)
        outputs = folder / name / "outputs"
        outputs.mkdir()
        case = Case(clip, folder / "older" / "outputs", Result(), Result(), {})
        spans_s = _time_events(case.start(outputs), Watch(outputs))
        results[name] = read_result(outputs)
        assert None not in (results[name].header, results[name].samples, results[name].arrays, results[name].table)
    assert results["older"].header != results["newer"].header, "or a mixture of the two would not be seen"
    return Case(clip, case.older_folder, results["older"], results["newer"], spans_s)


@pytest.fixture(scope="module")
def moments(case: Case) -> list[Moment]:
    """The moments of all kills, in random order."""
    generator = random.Random(SEED)  # noqa: S311 - moments are no secrets
    moments = []
    for event, count in NUM_KILLS.items():
        span_s = case.spans_s[event]
        for _ in range(count):
            # All files come into sight within a millisecond; the rest of the span is Python's and torch's farewell.
            share = 10 ** generator.uniform(-4, 0) if event == "sight" else generator.random()
            moments.append(Moment(event, share * span_s))
    generator.shuffle(moments)
    return moments


def test_at_any_moment(case: Case, moments: list[Moment], tmp_path: Path) -> None:
    folders = [tmp_path / "empty", tmp_path / "older"]
    for folder in folders:
        folder.mkdir()
    faults, hits = [], Counter[str]()
    for number, moment in enumerate(moments):
        folder = folders[number % 2]
        before = case.prepare(folder, over_older=bool(number % 2))
        watch = Watch(folder)
        was_killed = _kill(case.start(folder), watch, moment)
        hits.update(
            killed=was_killed,
            parts=watch.has_parts(),
            sight=watch.is_in_sight(),
            neither=not watch.has_parts() and not watch.is_in_sight(),
        )
        found = find_faults(folder, before, case.result)
        if _has_lone_samples(folder):
            hits["lone"] += 1
            found += _settle(folder, before, case.result)
        faults += [f"kill {number} over {folder.name}, {moment}: {fault}" for fault in found]
    faults += [f"after all kills over {f.name}: {fault}" for f in folders for fault in case.run_undisturbed(f)]
    told = "\n".join([*faults, f"seed {SEED}, hits {dict(hits)}, spans {case.spans_s}", *map(str, moments)])
    assert not faults, told
    assert hits["killed"] >= 40, f"too many runs had ended before they were killed\n{told}"
    assert hits["parts"] >= 20, f"too few kills while hidden files existed\n{told}"
    assert hits["sight"] >= 10, f"too few kills after something came into sight\n{told}"
    assert hits["neither"] >= 2, f"too few kills before anything was written\n{told}"


@pytest.mark.parametrize("over_older", [False, True], ids=["empty", "older"])
def test_before_each_rename(case: Case, tmp_path: Path, over_older: bool) -> None:
    # Renames follow each other too fast for a kill from outside; here the process kills itself in between.
    faults, step, ended = [], 0, False
    while not ended:
        step += 1
        folder = tmp_path / str(step)
        folder.mkdir()
        before = case.prepare(folder, over_older=over_older)
        process = case.start(folder, program=("-c", KILL_BEFORE_RENAME + RUN, str(folder), str(step)))
        _, errors = process.communicate(timeout=120)
        ended = process.returncode == 0
        assert ended or process.returncode == -signal.SIGKILL, errors
        found = find_faults(folder, before, case.result)
        if not ended:
            found += _settle(folder, before, case.result)
            found += case.run_undisturbed(folder)
        faults += [f"killed before rename {step}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)
    assert step > len(FINAL_NAMES), "each final name takes at least one rename"


def read_result(folder: Path) -> Result:
    """All that lies under the final names.

    Raises:
        Exception: an archive is not whole.
    """
    header, samples, archive, table = (folder / name for name in FINAL_NAMES)
    arrays = None
    if archive.exists():
        with np.load(archive) as members:
            arrays = {name: members[name].tobytes() for name in members.files}
    return Result(_read(header), _read(samples), arrays, _read(table))


def find_faults(folder: Path, before: Result, after: Result) -> list[str]:
    """What is wrong in a folder where a run was killed: each output is that of before, or that of after the run."""
    try:
        now = read_result(folder)
    except Exception as error:  # whatever NumPy and zipfile make of half an archive
        return [f"the npz cannot be read: {error!r}"]
    faults = []
    if now.arrays not in (before.arrays, after.arrays):
        faults.append("the npz is neither the old nor the new one")
    if now.table not in (before.table, after.table):
        faults.append("the csv is neither the old nor the new one")
    if now.samples not in (before.samples, after.samples):
        faults.append("the samples are neither the old nor the new ones")
    # No file system renames two files at once, so for some microseconds there are samples without a header, which is no
    # stream yet: _settle() then demands the whole old or the whole new pair.
    if now.header is not None:
        if (now.header, now.samples) not in ((before.header, before.samples), (after.header, after.samples)):
            faults.append("header and samples of the stream do not belong together, or one of them is not whole")
        faults += _find_stream_faults(folder / f"{STEM}.stream", now)
    return faults


def _find_stream_faults(path: Path, now: Result) -> list[str]:
    """A header alone must be enough to trust its samples."""
    try:
        stream = facestream.read_stream(path)
    except facestream.FacestreamError as error:
        return [f"the stream cannot be read: {error}"]
    return [] if stream.data.tobytes() == now.samples else ["the stream has other rows than its samples"]


def _time_events(process: subprocess.Popen[str], watch: Watch) -> dict[str, float]:
    """How long an undisturbed run takes from each event to the next one."""
    moments_s = [time.monotonic()]
    for has_happened in (watch.has_parts, watch.is_in_sight):
        assert _wait(process, has_happened), process.communicate()
        moments_s.append(time.monotonic())
    _, errors = process.communicate(timeout=120)
    moments_s.append(time.monotonic())
    assert process.returncode == 0, errors
    return dict(zip(NUM_KILLS, np.diff(moments_s).tolist(), strict=True))


def _kill(process: subprocess.Popen[str], watch: Watch, moment: Moment) -> bool:
    """Whether the run was still there to be killed; one that had ended must have ended well."""
    events = {"start": lambda: True, "parts": watch.has_parts, "sight": watch.is_in_sight}
    try:
        if _wait(process, events[moment.event]):
            time.sleep(moment.delay_s)
    finally:
        process.kill()
        _, errors = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), errors
    return process.returncode != 0


def _wait(process: subprocess.Popen[str], has_happened: Callable[[], bool]) -> bool:
    """Whether it happened before the process ended."""
    deadline = time.monotonic() + 120
    while not has_happened():
        if process.poll() is not None:
            return has_happened()
        assert time.monotonic() < deadline, "the run hangs"
        time.sleep(0.0001)
    return True


def _settle(folder: Path, before: Result, after: Result) -> list[str]:
    """What is still wrong when the next run has looked at the folder, before it does any work of its own."""
    settle_folder(folder)
    now = read_result(folder)
    if (now.header, now.samples) in ((before.header, before.samples), (after.header, after.samples)):
        return []
    return ["after it was settled, the stream is neither the old nor the new pair, nor nothing"]


def _has_lone_samples(folder: Path) -> bool:
    return (folder / f"{STEM}.stream~").exists() and not (folder / f"{STEM}.stream").exists()


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None
