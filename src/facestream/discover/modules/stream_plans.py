"""Where the outputs of a job go that is asked for streams by their names."""

from __future__ import annotations

from pathlib import Path

from facestream.config import JobOptions, MeshOptions
from facestream.use_cases.outputs.plan import OutputPlan

__all__ = ["plan_beside_streams"]


def plan_beside_streams(source: Path, streams: tuple[Path, ...], options: JobOptions) -> OutputPlan:
    """The streams, and what else the options ask for beside the first of them and named after it."""
    first = streams[0]
    stem = first.name.removesuffix(first.suffix)
    return OutputPlan(
        source=source,
        streams=streams,
        npz=first.with_name(f"{stem}.npz") if "npz" in options.formats else None,
        csv=first.with_name(f"{stem}.csv") if "csv" in options.formats else None,
        overlay=first.with_name(f"{stem}.overlay") if options.overlay else None,
        is_of_meshes=isinstance(options, MeshOptions),
        boxes=options.boxes if isinstance(options, MeshOptions) else None,
        replaces_any_stream=True,
    )
