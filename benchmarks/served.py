"""Run ``facestream serve`` on a free port for measurements, including the memory of its processes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

__all__ = ["Served"]

MODULE = "facemesh/facemesh.trainer"


class Served:
    """A server over a data folder, which is terminated on exit."""

    def __init__(self, data_folder: Path, state_folder: Path) -> None:
        self._command = [sys.executable, "-m", "facestream", "serve", "--port", "0"]
        self._command += ["--data-dir", str(data_folder), "--state-dir", str(state_folder)]
        self._state_folder = state_folder
        self._session = requests.Session()
        self.port = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", first)
        if found is None:
            raise RuntimeError(f"the server did not start: {first}")
        self.port = int(found[1])
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._session.close()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def submit(self, key: str, source: str, output: str) -> None:
        entries = [
            {"src": "file:stream:video", "type": "input", "id": "data", "uri": source},
            {"src": "file:stream:ssistream", "type": "output", "id": "landmarks", "uri": output},
        ]
        self._post("/process", jobID=key, trainerFilePath=MODULE, data=json.dumps(entries))

    def status(self, key: str) -> int:
        return int(self._post("/job_status", jobID=key)["status"])

    def cancel(self, key: str) -> None:
        self._post("/cancel", jobID=key)

    def wait(self, key: str) -> None:
        """Wait until a job has succeeded."""
        while (status := self.status(key)) < 2:
            time.sleep(0.2)
        if status != 2:
            raise RuntimeError(self._post("/log", jobID=key)["message"])

    def get(self, path: str, **query: Any) -> requests.Response:
        answer = self._session.get(f"http://127.0.0.1:{self.port}{path}", params=query, timeout=60)
        answer.raise_for_status()
        return answer

    def resident_mb(self) -> dict[str, float]:
        """Return the resident memory of the server and its worker; this requires ``/proc``."""
        (worker,) = json.loads((self._state_folder / "workers.json").read_text())
        return {"server": _resident_mb(self._process.pid), "worker": _resident_mb(int(worker))}

    def _post(self, path: str, **form: str) -> Any:
        answer = self._session.post(f"http://127.0.0.1:{self.port}{path}", data=form, timeout=60)
        answer.raise_for_status()
        return answer.json()


def _resident_mb(process: int) -> float:
    status = (Path("/proc") / str(process) / "status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024 / 1e6
