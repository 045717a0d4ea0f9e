"""The main program of a batch worker process on this machine.

``facestream.batch.workers.local`` starts it as ``python -m facestream.batch.workers.local_process``.
"""

from __future__ import annotations

import logging
import time

from facestream.batch.workers.runner import TaskRunner
from facestream.batch.workers.tasks import Task, WorkerSettings
from facestream.errors import FacestreamError
from facestream.ipc.child import Orders
from facestream.structures import Progress

__all__ = ["main"]

PROGRESS_EVERY_S = 0.5


def main() -> None:
    orders = Orders.from_standard_streams()
    settings = orders.read_settings()
    if settings is None:
        return
    # Warnings are part of the outcomes; only bugs in facestream are logged here.
    logging.basicConfig(format="facestream: %(message)s", level=logging.ERROR)
    runner = TaskRunner(WorkerSettings.from_dict(settings))
    try:
        runner.warm_up()
    except FacestreamError as error:
        orders.say("refused", error=str(error))
        return
    for order in orders:
        reported_s = 0.0

        def report(progress: Progress) -> None:
            nonlocal reported_s
            now = time.monotonic()
            if now - reported_s >= PROGRESS_EVERY_S:
                reported_s = now
                orders.say("progress", frames=progress.num_frames, expected=progress.num_frames_expected)

        outcome = runner.run(Task.from_dict(order["task"]), report, orders.should_stop.is_set)
        orders.say("outcome", outcome=outcome.as_dict())


if __name__ == "__main__":
    main()
