"""DISCOVER's facemesh module: a video and perhaps face boxes in, landmarks out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from facestream.config import MeshOptions
from facestream.discover.modules.options import formats_of, number_of, own_options
from facestream.discover.modules.stream_plans import plan_beside_streams
from facestream.discover.processors import SessionWork
from facestream.formats.stream import mesh_streams
from facestream.structures import Summary
from facestream.use_cases.extraction import extract, open_pipeline

if TYPE_CHECKING:
    from facestream.pipeline.face_mesh import FaceMeshPipeline

__all__ = ["FaceMeshProcessor"]


class FaceMeshProcessor:
    """Runs the mesh job with the names of the module. Networks stay loaded."""

    aliases: Mapping[str, tuple[str, ...]] = {
        "data": ("input_data", "video", "image"),
        "bounding_box": ("face_bb", "bounding_boxes", "bb"),
        "landmarks": ("output_stream", "face_mesh"),
    }
    needed_ids = ("data", "landmarks")

    def __init__(self) -> None:
        self._last: tuple[MeshOptions, FaceMeshPipeline] | None = None

    def process(self, work: SessionWork) -> Summary:
        defaults = MeshOptions()
        boxes = work.inputs.get("bounding_box")
        options = MeshOptions(
            boxes=boxes,
            min_score_thresh=number_of(work.options, "min_score_thresh", defaults.min_score_thresh),
            batch_size=round(number_of(work.options, "batch_size", defaults.batch_size)),
            num_threads=work.num_threads,
            formats=formats_of(work.options),
            **own_options(work.options, MeshOptions),
        )
        if boxes is None:
            work.log(f"no face boxes are given, so facestream's own detector ({options.detector}) finds the faces")
        stream = work.outputs.get("landmarks", work.scratch_folder / "landmarks.stream")
        plan = plan_beside_streams(work.inputs["data"], mesh_streams(stream, options.num_faces), options)
        return extract(
            plan.source,
            plan,
            options,
            pipeline=lambda: self._pipeline_for(options),
            on_progress=work.on_progress,
            should_stop=work.should_stop,
        )

    def _pipeline_for(self, options: MeshOptions) -> FaceMeshPipeline:
        """Return the networks of the last job if they fit this one, or load new ones."""
        needed = MeshOptions(
            detector=options.detector,
            num_faces=options.num_faces,
            min_score_thresh=options.min_score_thresh,
            num_threads=options.num_threads,
        )
        pipeline = self._last[1] if self._last is not None and self._last[0] == needed else open_pipeline(options)
        if options.boxes is None:
            pipeline.load_detector()
        self._last = needed, pipeline
        return pipeline
