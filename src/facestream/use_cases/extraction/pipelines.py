"""Make sure that the networks given to a job and its options agree."""

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
    """Return the default options, except for those that a given pipeline has fixed."""
    return options_class() if pipeline is None or callable(pipeline) else options_class(**pipeline.settled)


def take_pipeline(
    pipeline: Pipeline | Callable[[], Pipeline] | None, load: Callable[[Options], Pipeline], options: Options
) -> Pipeline:
    """Return the networks for a job, and load them if necessary; they always match its options.

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
