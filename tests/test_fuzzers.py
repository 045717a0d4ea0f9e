"""The fuzzers of ``tools/`` still work: they take their seeds and any bytes, without atheris."""

from __future__ import annotations

import importlib
import random
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import fuzz
import pytest
from fuzzing import Picks, bounded_memory, refusals

from facestream.errors import SourceError
from tests.conftest import ROOT

NUM_RANDOM = 150
"""Inputs of each fuzzer beside its seeds."""


@pytest.fixture(autouse=True)
def _tracing_ends() -> Iterator[None]:
    yield
    tracemalloc.stop()


def fuzzer(name: str) -> ModuleType:
    return importlib.import_module(f"fuzz_{name}")


def test_the_driver_knows_every_fuzzer() -> None:
    files = {path.stem for path in (ROOT / "tools").glob("*fuzz*.py")} - {"fuzz", "fuzzing"}
    assert files == {f"fuzz_{name}" for name in fuzz.NAMES}
    assert set(fuzz.NAMES) >= {"archives", "data_lists", "manifests", "streams", "trainers"}


@pytest.mark.parametrize("name", fuzz.NAMES)
def test_seeds_and_what_is_near_them(name: str) -> None:
    seeds, chance = fuzzer(name).SEEDS, random.Random(name)  # noqa: S311 - the same inputs each time
    for seed in seeds:
        fuzzer(name).one_input(seed)
    for _ in range(NUM_RANDOM):
        changed = bytearray(chance.choice(seeds) + chance.randbytes(chance.randrange(40)))
        for _ in range(chance.randrange(1, 8)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        fuzzer(name).one_input(bytes(changed))


def test_picks_are_the_first_ones_where_the_bytes_end() -> None:
    picks = Picks(b"\x05\x03ab")
    assert (picks.number(4), picks.raw(), picks.number(9), picks.one_of("xy"), picks.rest()) == (1, b"ab", 0, "x", b"")
    assert Picks(b"").json(["first"]) == '"first"'
    assert Picks(b"\1\3a\xffb").text(["known"]) == "a\udcffb"


def test_what_a_fuzzer_finds_wrong() -> None:
    with pytest.raises(AssertionError, match="bytes, but only 1000 are allowed"), bounded_memory(1000):
        bytearray(100_000)
    with pytest.raises(AssertionError, match="a message of 2 lines"), refusals():
        raise SourceError("a\nb")
    with pytest.raises(ZeroDivisionError), refusals():
        print(1 / 0)
    with refusals():
        raise SourceError("one line")


def driver(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "fuzz.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_an_input_is_shown_again(tmp_path: Path) -> None:
    (tmp_path / "seed").write_bytes(fuzzer("trainers").SEEDS[0])
    run = driver("trainers", "--input", str(tmp_path / "seed"))
    assert (run.returncode, "accepted, or rejected as it should be" in run.stdout) == (0, True), run.stderr
    assert "there is no fuzzer 'x'; there are archives, data_lists" in driver("x").stderr
    assert "--input is for a single fuzzer; name it" in driver("--input", "seed").stderr


def test_without_atheris(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["fuzz.py"])
    monkeypatch.setenv("CI", "")
    fuzz.main()
    assert capsys.readouterr().out.startswith("fuzz: skipped, atheris is not installed; it has wheels for Linux")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(SystemExit, match=r"^fuzz: atheris is not installed; it has wheels for Linux"):
        fuzz.main()


LOG = """\
#8\tINITED cov: 88 ft: 90 corp: 8/56b exec/s: 0 rss: 60Mb
#9\tNEW    cov: 90 ft: 95 corp: 9/60b lim: 4 exec/s: 512 rss: 60Mb L: 4/4 MS: 1 EraseBytes-
 === Uncaught Python exception: ===
ValueError: x
artifact_prefix='/a/.fuzz/trainers-'; Test unit written to /a/.fuzz/trainers-crash-1
"""


def test_a_run_is_told_in_words() -> None:
    assert fuzz.progress(LOG) == "9 inputs, 512/s, coverage 88 -> 90 (95 features), 9 kept"
    assert fuzz.progress("Traceback") == "did not start"
    report = fuzz.report("trainers", LOG, 77).splitlines()
    assert report[0].strip() == "=== Uncaught Python exception: ==="
    assert report[-1] == (
        "trainers: FAILED (77); to reproduce: python tools/fuzz.py trainers --input /a/.fuzz/trainers-crash-1"
    )
