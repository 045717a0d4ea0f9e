"""All processors by the name that a trainer gives as ``create``: facestream's own and those of other packages."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points

from facestream.discover.modules.blazeface import BlazeFaceProcessor
from facestream.discover.modules.facemesh import FaceMeshProcessor
from facestream.discover.processors import Processor
from facestream.errors import RequestError

__all__ = ["find_processor", "processor_names"]

GROUP = "facestream.processors"
"""The group of entry points by which packages add processors."""

OWN: dict[str, Callable[[], Processor]] = {"FaceMesh": FaceMeshProcessor, "BlazeFace": BlazeFaceProcessor}


def find_processor(name: str) -> Processor:
    """Return a new processor for ``create`` of a trainer. The trainer's script is never run.

    Raises:
        RequestError: it does not exist.
    """
    if name in OWN:
        return OWN[name]()
    for entry in entry_points(group=GROUP, name=name):
        processor: Processor = entry.load()()
        return processor
    raise RequestError(
        f"no processor of facestream does the work of {name!r}, and scripts are not run; there are: "
        f"{', '.join(processor_names())}"
    )


def processor_names() -> list[str]:
    return sorted({*OWN, *(entry.name for entry in entry_points(group=GROUP))})
