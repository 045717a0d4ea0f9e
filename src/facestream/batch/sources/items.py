"""The items of a batch: a source, its options and the names of its results."""

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
"""Options that affect speed but not results."""


@dataclass(frozen=True, slots=True)
class Item:
    """A picture or video to process."""

    source: str
    """An absolute path, or a URL that fsspec supports."""
    output: str
    """The name of the results, relative to the output folder: ``day 1/clip``, or a file such as ``clip.stream``."""
    boxes: str | None = None
    """The path of a box stream."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Differences from the options of the batch, under the names of ``MeshOptions``."""
    place: str = ""
    """Where the item is listed, such as ``videos.csv, line 3``."""


def check_output_name(name: str) -> str:
    """Normalise a result name, which is relative to the output folder.

    Raises:
        OptionError: The name leads out of the folder, or is empty.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not path.name or DRIVE.match(name):
        raise OptionError(f"the output name {name!r} is not a name inside the output folder, such as 'day 1/clip'")
    return str(path)


def apply_options(options: MeshOptions, changes: Mapping[str, Any], boxes: str | None) -> MeshOptions:
    """Return the options of one item.

    Raises:
        OptionError: The options contradict each other.
    """
    given: dict[str, Any] = {name: _typed(name, value) for name, value in changes.items()}
    if boxes:
        given["boxes"] = Path(boxes)
    return replace(options, **given)


def _typed(name: str, value: Any) -> Any:
    """Convert a value to its type in ``MeshOptions``, because JSON has neither tuples nor paths."""
    if name == "formats" and isinstance(value, list):
        return tuple(value)
    return Path(value) if name in ("boxes", "weights", "detector_weights") and isinstance(value, str) else value


def options_to_text(options: MeshOptions) -> str:
    """Return the options that affect results as JSON, without defaults and boxes."""
    values = {}
    for option in fields(MeshOptions):
        value = getattr(options, option.name)
        if option.name not in (*RUN_NAMES, "boxes") and value != option.default:
            values[option.name] = str(value) if isinstance(value, Path) else value
    return json.dumps(values, sort_keys=True)


def plan_item(folder: Path, source: Path, output: str, options: MeshOptions) -> OutputPlan:
    """Plan the outputs of an item inside a folder.

    Raises:
        OptionError: The name and the formats contradict each other.
    """
    target = folder / output
    if find_format(target):
        return replace(plan_outputs(source, target, options), source=source)
    # The results are named after the output, not after the source.
    named = target.with_name(f"{target.name}.source")
    plan = plan_outputs(named, target.parent, replace(options, sequence_hz=None), target_is_folder=True)
    return replace(plan, source=source, is_sequence=options.sequence_hz is not None)


@lru_cache(maxsize=1000)
def item_endings(options: MeshOptions) -> tuple[str, ...]:
    """Return what output file names append to an output name without a known extension."""
    plan = plan_item(Path(), Path("source"), "NAME", options)
    overlay = [plan.overlay] if plan.overlay else []
    return tuple(str(path).removeprefix("NAME") for path in (*plan.paths, *overlay))
