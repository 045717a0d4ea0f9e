"""DISCOVER's facemesh module: a video and perhaps face boxes in, landmarks out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from facestream.config import MeshOptions
from facestream.discover.module_options import number_of
from facestream.discover.processors import SessionWork
from facestream.extraction import extract, open_pipeline
from facestream.outputs import OutputPlan
from facestream.structures import Summary

if TYPE_CHECKING:
    from facestream.pipeline.face_mesh import FaceMeshPipeline

__all__ = ["FaceMeshProcessor"]


class FaceMeshProcessor:
    """The mesh job under the module's names; networks stay loaded."""

    aliases: Mapping[str, tuple[str, ...]] = {
        "data": ("input_data", "video", "image"),
        "bounding_box": ("face_bb", "bounding_boxes", "bb"),
        "landmarks": ("output_stream", "face_mesh"),
    }
    needed_ids = ("data", "landmarks")

    def __init__(self) -> None:
        self._pipelines: dict[float, FaceMeshPipeline] = {}

    def process(self, work: SessionWork) -> Summary:
        defaults = MeshOptions()
        boxes = work.inputs.get("bounding_box")
        if boxes is None:
            work.log(f"no face boxes are given, so facestream's own detector ({defaults.detector}) finds the faces")
        options = MeshOptions(
            boxes=boxes,
            min_score_thresh=number_of(work.options, "min_score_thresh", defaults.min_score_thresh),
            batch_size=round(number_of(work.options, "batch_size", defaults.batch_size)),
            num_threads=work.num_threads,
        )
        plan = OutputPlan(
            source=work.inputs["data"],
            streams=(work.outputs.get("landmarks", work.scratch_folder / "landmarks.stream"),),
            is_of_meshes=True,
            boxes=boxes,
            replaces_any_stream=True,
        )
        return extract(
            plan.source,
            plan,
            options,
            pipeline=lambda: self._pipeline_for(options),
            on_progress=work.on_progress,
            should_stop=work.should_stop,
        )

    def _pipeline_for(self, options: MeshOptions) -> FaceMeshPipeline:
        """The networks that were loaded for the last job, if they are those that this one needs."""
        pipeline = self._pipelines.get(options.min_score_thresh) or open_pipeline(options)
        if options.boxes is None:
            pipeline.load_detector()
        self._pipelines = {options.min_score_thresh: pipeline}
        return pipeline
