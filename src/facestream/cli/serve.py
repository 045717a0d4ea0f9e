"""``facestream serve``."""

from __future__ import annotations

import logging
from typing import Any

import click

from facestream.cli.options import add_options
from facestream.cli.report import print_result
from facestream.server.settings import ServerOptions

__all__ = ["serve"]


@click.command(short_help="A job server that speaks DISCOVER's protocol.")
@add_options(ServerOptions)
def serve(**values: Any) -> int:
    """Answer DISCOVER's clients, such as NOVA and scripts that post to http://127.0.0.1:8080/process.

    Jobs read and write below the data folders only. The queue outlives the server: jobs that wait or run when it ends
    are run when it starts again.
    """
    options = ServerOptions(**values)
    from facestream.server.running import run_server

    logging.basicConfig(format="facestream: %(message)s", level=logging.WARNING)
    run_server(options, print_result)
    return 0
