"""Networks that are given to a job, and options: neither may contradict the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from facestream.config import JobOptions
from facestream.errors import OptionError

__all__ = ["default_options", "take_pipeline"]


class _Pipeline(Protocol):
    @property
    def settled(self) -> Mapping[str, Any]:
        """The options that it was made with, by name."""
        ...


Options = TypeVar("Options", bound=JobOptions)
Pipeline = TypeVar("Pipeline", bound=_Pipeline)


def default_options(options_class: type[Options], pipeline: _Pipeline | Callable[[], _Pipeline] | None) -> Options:
    """The defaults, but for what a given pipeline has settled already."""
    return options_class() if pipeline is None or callable(pipeline) else options_class(**pipeline.settled)


def take_pipeline(
    pipeline: Pipeline | Callable[[], Pipeline] | None, load: Callable[[Options], Pipeline], options: Options
) -> Pipeline:
    """The networks for a job, loaded where they are not yet; never others than its options ask for.

    Raises:
        OptionError: the pipeline was made with other options.
    """
    if pipeline is None:
        return load(options)
    networks = pipeline() if callable(pipeline) else pipeline
    others = {name: value for name, value in networks.settled.items() if value != getattr(options, name)}
    if others:
        made = ", ".join(f"{name} {value!r}" for name, value in others.items())
        wanted = ", ".join(f"{name} {getattr(options, name)!r}" for name in others)
        raise OptionError(f"the pipeline was made with {made}, the options ask for {wanted}")
    return networks
