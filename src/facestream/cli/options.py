"""Click options made from the option table."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, TypeVar

import click

from facestream.config import Option

__all__ = ["add_options"]

Command = TypeVar("Command", bound=Callable[..., Any])

ENVIRONMENT_PREFIX = "FACESTREAM_"


def add_options(options_class: type, without: Collection[str] = ()) -> Callable[[Command], Command]:
    """Add all options of a table to a command, except those in ``without``.

    An option can also be set by the environment variable ``FACESTREAM_NAME``; the command line takes precedence.
    """

    def decorate(command: Command) -> Command:
        for item in reversed(fields(options_class)):
            if item.name not in without:
                command = _click_option(item)(command)
        return command

    return decorate


def _click_option(item: Field[Any]) -> Callable[[Command], Command]:
    option: Option = item.metadata["option"]
    flag = option.flag or "--" + item.name.replace("_", "-")
    default = None if item.default is MISSING or item.default == () or item.default is False else item.default
    settings: dict[str, Any] = {
        "default": default,
        # For repeatable options, the help text itself names the default.
        "show_default": default is not None and not option.is_repeatable,
        "envvar": _environment(flag, option),
        "help": option.help,
        "metavar": option.metavar,
    }
    if option.choices:
        settings |= {"type": click.Choice(option.choices), "multiple": option.is_repeatable}
    elif option.is_path:
        settings |= {"type": _SeveralPaths() if option.is_repeatable else _path(), "multiple": option.is_repeatable}
        settings["metavar"] = option.metavar or "FILE"
    elif option.is_repeatable:
        settings |= {"type": str, "multiple": True}
    elif isinstance(item.default, bool) and option.metavar is None:
        flag = f"{flag}/--no-{flag.removeprefix('--')}"
        settings |= {"default": item.default, "show_default": True}
    elif isinstance(item.default, bool):
        # Optional value: --overlay alone is a flag; --overlay FILE also names the file.
        settings |= {"is_flag": False, "flag_value": "", "type": str, "envvar": None}
    elif option.word:
        settings["type"] = _NumberOrWord(option.word, click.IntRange(_whole(option.minimum), _whole(option.maximum)))
    elif option.minimum is None or option.is_time:
        settings["type"] = str
    elif option.kind is int:
        settings["type"] = click.IntRange(min=_whole(option.minimum), max=_whole(option.maximum))
    else:
        settings["type"] = click.FloatRange(min=option.minimum, max=option.maximum)
    return click.option(flag, item.name, **settings)


def _environment(flag: str, option: Option) -> str | list[str]:
    """Return facestream's variable for an option, followed by others that apply if it is not set."""
    own = ENVIRONMENT_PREFIX + flag.removeprefix("--").replace("-", "_").upper()
    return [own, *option.environment] if option.environment else own


def _path() -> click.Path:
    return click.Path(path_type=Path, readable=False)


class _SeveralPaths(click.Path):
    """Paths that an environment variable separates with semicolons, as in DISCOVER."""

    envvar_list_splitter = ";"

    def __init__(self) -> None:
        super().__init__(path_type=Path, readable=False)


class _NumberOrWord(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions
    """A whole number, or the one word that is accepted instead."""

    name = "number"

    def __init__(self, word: str, numbers: click.IntRange) -> None:
        self._word = word
        self._numbers = numbers

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        if value == self._word:
            return self._word
        try:
            return self._numbers.convert(value, param, ctx)
        except click.BadParameter as error:
            self.fail(f"{error.message.removesuffix('.')}; or use the word {self._word!r}.", param, ctx)


def _whole(limit: float | None) -> int | None:
    return None if limit is None else int(limit)
