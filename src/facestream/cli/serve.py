"""``facestream serve``."""

from __future__ import annotations

import logging
from typing import Any

import click

from facestream.cli.options import add_options
from facestream.cli.report import print_result
from facestream.server.settings import ServerOptions

__all__ = ["serve"]


@click.command(short_help="Run a job server that speaks DISCOVER's protocol.")
@add_options(ServerOptions)
def serve(**values: Any) -> int:
    """Serve DISCOVER's clients, such as NOVA and scripts that post to http://127.0.0.1:8080/process.

    Jobs read and write only below the data folders. The queue survives restarts: jobs that were waiting or running when
    the server stopped are run when it starts again.
    """
    options = ServerOptions(**values)
    from facestream.server.running import run_server

    logging.basicConfig(format="facestream: %(message)s", level=logging.WARNING)
    run_server(options, print_result)
    return 0
