"""A real ``facestream serve`` for tests, ended by its own handle."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import requests

__all__ = ["RunningServer"]


class RunningServer:
    """A server process on a free port, with one data folder and a state folder of its own."""

    def __init__(self, data_folder: Path, state_folder: Path, *options: str) -> None:
        self.data_folder, self.state_folder = data_folder, state_folder
        self._options = options
        self.output: list[str] = []
        self.process: subprocess.Popen[str]
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        command = [sys.executable, "-m", "facestream", "serve", "--port", "0", "--data-dir", str(self.data_folder)]
        command += ["--state-dir", str(self.state_folder), *self._options]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DISCOVER_")}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
        assert self.process.stdout is not None
        self.output = []
        found = None
        while found is None:
            # Before it listens it may have something to say of what it found.
            line = self.process.stdout.readline()
            if not line:
                self.process.stdout.close()
                raise AssertionError("".join(self.output))
            self.output.append(line)
            found = re.search(r"serves (https?://\S+?)/ ", line)
        self.url = found[1]
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self._reader.start()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        finally:
            self.kill()

    def kill(self) -> None:
        """End the process at once, and read what it had to say."""
        self.process.kill()
        self.process.wait()
        self._reader.join(30)

    def _read(self, output: IO[str]) -> None:
        with output:
            self.output.extend(output)

    def post(self, path: str, **values: Any) -> requests.Response:
        return requests.post(f"{self.url}{path}", timeout=60, **values)

    def get(self, path: str, **values: Any) -> requests.Response:
        return requests.get(f"{self.url}{path}", timeout=60, **values)

    def status(self, key: str) -> int:
        answer = self.post("/job_status", data={"jobID": key})
        assert answer.status_code == 200
        return int(answer.json()["status"])

    def log(self, key: str) -> str:
        message = self.post("/log", data={"jobID": key}).json()["message"]
        assert isinstance(message, str)
        return message

    def wait(self, key: str, *, seconds: float = 90) -> int:
        """The status in which a job ends."""
        deadline = time.monotonic() + seconds
        while (status := self.status(key)) in (0, 1):
            assert time.monotonic() < deadline, self.log(key)
            time.sleep(0.05)
        return status
