"""The command line: parse arguments, run the job, print the result."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType

import click

from facestream.cli.batch import batch
from facestream.cli.convert import convert
from facestream.cli.detect import detect
from facestream.cli.discover_modules import discover_modules
from facestream.cli.info import info
from facestream.cli.mesh import mesh
from facestream.cli.report import print_error
from facestream.cli.serve import serve
from facestream.errors import FacestreamError, JobStopped, OptionError
from facestream.version import __version__

__all__ = ["main"]

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="facestream")
def facestream() -> None:
    """Turn pictures and videos of faces into streams of 468-point face meshes."""


for _command in (mesh, detect, batch, info, convert, serve, discover_modules):
    facestream.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    # NumPy multiplies no large matrices here, and the threads that it would start for that busy-wait for a while.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _handle_signals()
    try:
        return int(facestream.main(arguments, prog_name="facestream", standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return EXIT_USAGE
    except click.ClickException as error:
        command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "facestream"
        message = error.format_message()
        if isinstance(error, click.NoSuchOption):
            message = _name_file(error, sys.argv[1:] if arguments is None else arguments) or _name_command(error)
        print_error(f"error: {message} (see {command} --help)")
        return EXIT_USAGE
    except OptionError as error:
        print_error(f"error: {error}")
        return EXIT_USAGE
    except (click.Abort, KeyboardInterrupt, JobStopped) as error:
        print_error(str(error) if isinstance(error, JobStopped) else "interrupted; no partial outputs were left behind")
        return EXIT_INTERRUPTED
    except FacestreamError as error:
        print_error(f"error: {error}")
        return EXIT_FAILED


def _name_file(error: click.NoSuchOption, arguments: Sequence[str]) -> str | None:
    """Return advice if the unknown option is a file whose name begins with a dash."""
    for argument in arguments:
        if argument.startswith(error.option_name) and os.path.lexists(argument):
            return f"{argument} is read as an option; to name the file, write ./{argument}"
    return None


def _name_command(error: click.NoSuchOption) -> str:
    """Name the other commands that have this option, or else suggest similar options."""
    others = [
        name
        for name, command in facestream.commands.items()
        if any(error.option_name in (*option.opts, *option.secondary_opts) for option in command.params)
    ]
    return f"{error.option_name} is an option of {' and '.join(others)} only" if others else error.format_message()


def _handle_signals() -> None:
    """Make termination signals clean up as Ctrl-C does."""

    def stop(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, stop)
