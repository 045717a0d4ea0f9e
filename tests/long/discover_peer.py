"""DISCOVER itself, from its package: the server and the runner ``du-process``, with our modules installed for them.

It stands in an environment of its own (``benchmarks/peers/install.sh discover``) and is only ever called as a program.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
import requests

from facestream.cli import main
from tests.conftest import ROOT

__all__ = ["DiscoverServer", "find_peer", "install_modules"]

BIN = ROOT / ".peers" / "discover" / "bin"
SECONDS_TO_START = 60.0


def find_peer() -> Path:
    """The folder of DISCOVER's programs; without it the test is skipped, and fails where ``CI=true``."""
    missing = None
    if not (BIN / "du-process").is_file():
        missing = "DISCOVER is not installed (benchmarks/peers/install.sh discover)"
    elif shutil.which("ffprobe") is None:
        missing = "DISCOVER needs ffmpeg and ffprobe"
    if missing:
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return BIN


def install_modules(folder: Path) -> Path:
    """The module folders with a wheel of this checkout, whose requirements are installed."""
    programs = find_peer()
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT)
    (wheel,) = folder.glob("facestream-*.whl")
    modules = folder / "modules"
    assert main(["discover-modules", str(modules), "--wheel", str(wheel)]) == 0
    pip = (programs / "python", "-m", "pip")
    run(*pip, "uninstall", "-q", "-y", "facestream")
    run(*pip, "install", "-q", "-c", ROOT / "constraints.txt", "-r", modules / "facemesh" / "requirements.txt")
    return modules


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """The output of a program that must succeed."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def clean_environment() -> dict[str, str]:
    left_out = ("PYTHONPATH", "VIRTUAL_ENV")
    kept = {
        name: text for name, text in os.environ.items() if name not in left_out and not name.startswith("DISCOVER_")
    }
    return {**kept, "PIP_CONSTRAINT": str(ROOT / "constraints.txt")}


class DiscoverServer:
    """The real server on a free port of loopback, ended by its own handle."""

    def __init__(self, folder: Path, modules: Path, *, backend: str) -> None:
        self.data_folder = folder / "data"
        self._folder, self._modules, self._backend = folder, modules, backend
        self.url = ""

    def __enter__(self) -> Self:
        for name in ("data", "cache", "tmp", "log"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        port = _free_port()
        command = [str(find_peer() / "discover"), "--host", "127.0.0.1", "--port", str(port)]
        command += ["--cml_dir", str(self._modules), "--backend", self._backend]
        for name in ("data", "cache", "tmp", "log"):
            command += [f"--{name}_dir", str(self._folder / name)]
        self._output = (self._folder / "output.txt").open("w")
        self.process = subprocess.Popen(
            command, cwd=self._folder, env=clean_environment(), stdout=self._output, stderr=subprocess.STDOUT
        )
        self.url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + SECONDS_TO_START
        while True:
            try:
                requests.get(f"{self.url}/job_status_all", timeout=10)
            except requests.ConnectionError:
                assert self.process.poll() is None, (self._folder / "output.txt").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.1)
            else:
                return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._output.close()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
