from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from facestream.ipc.parent import WorkerProcess, describe_end

ECHO = (
    "from facestream.ipc.child import Orders\n"
    "orders = Orders.from_standard_streams()\n"
    "print('noise that is no message')\n"
    "settings = orders.read_settings()\n"
    "for order in orders:\n"
    "    if order['text'] == 'wait':\n"
    "        orders.should_stop.wait(30)\n"
    "    orders.say('echo', text=settings['name'] + order['text'], stopped=orders.should_stop.is_set())\n"
)


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    process = WorkerProcess((sys.executable, "-c", ECHO))
    process.send("settings", name="hello ")
    assert process.receive() == {"kind": "ready"}
    yield process
    process.kill()
    process.wait()


def test_orders_go_and_answers_come(worker: WorkerProcess) -> None:
    worker.send("run", text="world")
    assert worker.receive() == {"kind": "echo", "text": "hello world", "stopped": False}
    worker.send("run", text="wait")
    worker.send("stop")
    assert worker.receive() == {"kind": "echo", "text": "hello wait", "stopped": True}
    worker.send("run", text="again")
    assert worker.receive() == {"kind": "echo", "text": "hello again", "stopped": False}
    assert worker.is_alive
    assert worker.number > 0
    # Its standard input closes: it ends, in the middle of an order too.
    worker.send("run", text="wait")
    assert worker.wait() == 0


def test_a_killed_worker_says_nothing_more(worker: WorkerProcess) -> None:
    worker.kill()
    assert worker.receive() is None
    assert worker.wait() == -signal.SIGKILL
    assert not worker.is_alive


def test_ctrl_c_is_for_whoever_started_it(worker: WorkerProcess) -> None:
    os.kill(worker.number, signal.SIGINT)
    worker.send("run", text="still here")
    answer = worker.receive()
    assert answer is not None
    assert answer["text"] == "hello still here"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (3, "the worker process ended with status 3 in it"),
        (-9, "the worker process ended by SIGKILL in it; perhaps the machine has not enough memory"),
        (-11, "the worker process ended by SIGSEGV in it"),
        (-250, "the worker process ended by signal 250 in it"),
    ],
)
def test_ends_are_described(code: int, expected: str) -> None:
    assert describe_end(code, "in it") == expected
