"""One source of a batch, and where its results go."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from facestream.config import MeshOptions
from facestream.errors import OptionError
from facestream.formats.catalog import find_format
from facestream.use_cases.outputs.plan import OutputPlan, plan_outputs

__all__ = ["Item", "apply_options", "check_output_name", "item_endings", "options_to_text", "plan_item"]

DRIVE = re.compile(r"[A-Za-z]:[\\/]")

RUN_NAMES = ("batch_size", "device", "frame_memory_mb", "num_threads", "profile")
"""Options that change how fast results come, and not what they are."""


@dataclass(frozen=True, slots=True)
class Item:
    """A picture or video that is to be looked at."""

    source: str
    """An absolute path, or an address that fsspec knows."""
    output: str
    """The name of the results below the output folder: ``day 1/clip``, or of a file such as ``clip.stream``."""
    boxes: str | None = None
    """A box stream."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What differs from the options of the batch, by the names of ``MeshOptions``."""
    place: str = ""
    """Where it was asked for, as in ``videos.csv, line 3``."""


def check_output_name(name: str) -> str:
    """The name of results below the output folder, in one spelling.

    Raises:
        OptionError: it leads out of the folder, or is none.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not path.name or DRIVE.match(name):
        raise OptionError(f"the output name {name!r} is no name below the output folder, such as 'day 1/clip'")
    return str(path)


def apply_options(options: MeshOptions, changes: Mapping[str, Any], boxes: str | None) -> MeshOptions:
    """The options of one item.

    Raises:
        OptionError: they do not go together.
    """
    given: dict[str, Any] = {name: _typed(name, value) for name, value in changes.items()}
    if boxes:
        given["boxes"] = Path(boxes)
    return replace(options, **given)


def _typed(name: str, value: Any) -> Any:
    """As ``MeshOptions`` holds it; JSON has neither tuples nor paths."""
    if name == "formats" and isinstance(value, list):
        return tuple(value)
    return Path(value) if name in ("boxes", "weights", "detector_weights") and isinstance(value, str) else value


def options_to_text(options: MeshOptions) -> str:
    """What decides over the results, as JSON, but for defaults and the boxes."""
    values = {}
    for option in fields(MeshOptions):
        value = getattr(options, option.name)
        if option.name not in (*RUN_NAMES, "boxes") and value != option.default:
            values[option.name] = str(value) if isinstance(value, Path) else value
    return json.dumps(values, sort_keys=True)


def plan_item(folder: Path, source: Path, output: str, options: MeshOptions) -> OutputPlan:
    """The outputs of an item below a folder.

    Raises:
        OptionError: the name and the formats contradict each other.
    """
    target = folder / output
    if find_format(target):
        return replace(plan_outputs(source, target, options), source=source)
    # The results are named for the output, not for the source.
    named = target.with_name(f"{target.name}.source")
    plan = plan_outputs(named, target.parent, replace(options, sequence_hz=None), target_is_folder=True)
    return replace(plan, source=source, is_sequence=options.sequence_hz is not None)


@lru_cache(maxsize=1000)
def item_endings(options: MeshOptions) -> tuple[str, ...]:
    """What the names of the outputs add to an item's output that has no known ending."""
    plan = plan_item(Path(), Path("source"), "NAME", options)
    overlay = [plan.overlay] if plan.overlay else []
    return tuple(str(path).removeprefix("NAME") for path in (*plan.paths, *overlay))
