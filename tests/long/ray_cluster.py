"""A Ray cluster of two nodes on one machine, in a network with nothing but loopback, ended by its own handles."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

__all__ = ["RayCluster", "descendants", "loopback_only"]

NEW_NETWORK = 0x40000000
"""CLONE_NEWNET of Linux."""

RAY = Path(sys.executable).with_name("ray")
SECONDS_TO_START = 60.0


@contextmanager
def loopback_only() -> Iterator[None]:
    """This thread, and what it starts, have a network of their own in which Ray takes 127.0.0.1 for its address.

    Where that may not be made, the test is skipped.
    """
    if sys.platform != "linux" or shutil.which("ip") is None:
        pytest.skip("a network of its own needs Linux and the command ip")
    library = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if library.unshare(NEW_NETWORK):
            pytest.skip(f"a network of its own may not be made here ({os.strerror(ctypes.get_errno())})")
        try:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            yield
        finally:
            assert library.setns(before, NEW_NETWORK) == 0
    finally:
        os.close(before)


class RayCluster:
    """A head and, as long as it lives, a second node, with a CPU each."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.address = "127.0.0.1:6399"
        self._environment = {
            **os.environ,
            "RAY_USAGE_STATS_ENABLED": "0",
            # Whatever tokens this user has for other clusters.
            "RAY_AUTH_MODE": "disabled",
            **(environment or {}),
        }
        self._folder = tempfile.mkdtemp(prefix="ray-")
        self._log = Path(self._folder) / "start.log"
        self._head: subprocess.Popen[bytes] | None = None
        self._node: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            port = self.address.rpartition(":")[2]
            self._head = self._start("--head", "--port", port, "--include-dashboard=false", "--temp-dir", self._folder)
            self._wait_for(1)
            self.start_node()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill_node()
        if self._head is not None:
            _kill_tree(self._head)
        shutil.rmtree(self._folder, ignore_errors=True)

    def start_node(self) -> None:
        """The second node."""
        self._node = self._start("--address", self.address)
        self._wait_for(2)

    def kill_node(self) -> None:
        """SIGKILL to the second node and all that runs on it."""
        if self._node is not None:
            _kill_tree(self._node)
            self._node = None

    def workers(self) -> list[int]:
        """The processes of actors of ours, on both nodes."""
        found = []
        for node in (self._head, self._node):
            for process in descendants(node.pid) if node is not None else ():
                with suppress(OSError):
                    if b"ray::BatchActor" in (Path("/proc") / str(process) / "cmdline").read_bytes():
                        found.append(process)
        return found

    def _start(self, *options: str) -> subprocess.Popen[bytes]:
        command = [str(RAY), "start", *options, "--num-cpus", "1", "--num-gpus", "0", "--block"]
        command += ["--object-store-memory", "100000000", "--disable-usage-stats"]
        with self._log.open("ab") as log:
            return subprocess.Popen(
                command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def _wait_for(self, num_nodes: int) -> None:
        """Until so many nodes are alive."""
        code = (
            f"import ray; ray.init(address={self.address!r}, log_to_driver=False, logging_level='ERROR'); "
            "print('nodes', sum(node['Alive'] for node in ray.nodes()))"
        )
        deadline = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < deadline:
            run = subprocess.run(
                [sys.executable, "-c", code], env=self._environment, capture_output=True, text=True, check=False
            )
            found = re.search(r"^nodes (\d+)$", run.stdout, re.MULTILINE)
            if found and int(found[1]) >= num_nodes:
                return
            time.sleep(0.5)
        raise AssertionError(f"the cluster has not come up with {num_nodes} nodes: {self._log.read_text()}")


def descendants(process: int) -> list[int]:
    """All processes that it started, whichever thread it was, and those that they did."""
    children: list[str] = []
    with suppress(OSError):
        for thread in (Path("/proc") / str(process) / "task").iterdir():
            children += (thread / "children").read_text().split()
    return [number for child in map(int, children) for number in (child, *descendants(child))]


def _kill_tree(process: subprocess.Popen[bytes]) -> None:
    numbers = descendants(process.pid)
    for number in (process.pid, *numbers):
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    process.wait()
    # What was started in between has lost its parents and ends by itself, or is found here.
    deadline = time.monotonic() + 10
    while any((Path("/proc") / str(number)).exists() and not _is_dead(number) for number in numbers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_dead(number: int) -> bool:
    try:
        return (Path("/proc") / str(number) / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True
