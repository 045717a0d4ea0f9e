"""The option table as click options."""

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
    """Give a command every option of the table but some.

    The environment's ``FACESTREAM_NAME`` stands below the command line.
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
        # Of several values the help says what stands for none.
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
        # Optional value: --overlay alone is the flag, --overlay FILE names the file.
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
    """Our own name of an option, and others that count where ours is not set."""
    own = ENVIRONMENT_PREFIX + flag.removeprefix("--").replace("-", "_").upper()
    return [own, *option.environment] if option.environment else own


def _path() -> click.Path:
    return click.Path(path_type=Path, readable=False)


class _SeveralPaths(click.Path):
    """In the environment they stand in one value, with semicolons between, as DISCOVER has it."""

    envvar_list_splitter = ";"

    def __init__(self) -> None:
        super().__init__(path_type=Path, readable=False)


class _NumberOrWord(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions
    """A whole number, or the one word that may stand in its place."""

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
            self.fail(f"{error.message.removesuffix('.')}; or it is the word {self._word!r}.", param, ctx)


def _whole(limit: float | None) -> int | None:
    return None if limit is None else int(limit)
