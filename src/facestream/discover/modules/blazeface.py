"""DISCOVER's blazeface module: a video in, the box and keypoints of its most prominent face out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from facestream.config import DetectOptions
from facestream.discover.modules.options import flag_of, formats_of, number_of, own_options
from facestream.discover.modules.stream_plans import plan_beside_streams
from facestream.discover.processors import SessionWork
from facestream.errors import RequestError
from facestream.structures import Summary
from facestream.use_cases.extraction import detect, open_detection_pipeline

if TYPE_CHECKING:
    from facestream.pipeline.face_detection import FaceDetectionPipeline

__all__ = ["BlazeFaceProcessor"]


class BlazeFaceProcessor:
    """Runs the detection job with the names of the module. Networks stay loaded."""

    aliases: Mapping[str, tuple[str, ...]] = {
        "video": ("input_video", "input_data", "data"),
        "bounding_box": ("output_stream", "face_bb"),
    }
    needed_ids = ("video",)

    def __init__(self) -> None:
        self._last: tuple[DetectOptions, FaceDetectionPipeline] | None = None

    def process(self, work: SessionWork) -> Summary:
        if not work.outputs:
            raise RequestError("the request has neither of the outputs 'bounding_box' and 'landmarks'")
        defaults = DetectOptions()
        options = DetectOptions(
            min_score_thresh=number_of(work.options, "min_score_thresh", defaults.min_score_thresh),
            min_suppression_thresh=number_of(work.options, "min_suppression_thresh", defaults.min_suppression_thresh),
            batch_size=round(number_of(work.options, "batch_size", defaults.batch_size)),
            num_threads=work.num_threads,
            force_square=flag_of(work.options, "force_square_ar", default=defaults.force_square),
            repeat_last=flag_of(work.options, "repeat_last", default=defaults.repeat_last),
            formats=formats_of(work.options),
            **{"detector": work.options.get("model") or defaults.detector, **own_options(work.options, DetectOptions)},
        )
        boxes, keypoints = (
            work.outputs.get(name, work.scratch_folder / f"{name}.stream") for name in ("bounding_box", "landmarks")
        )
        plan = plan_beside_streams(work.inputs["video"], (boxes, keypoints), options)
        return detect(
            plan.source,
            plan,
            options,
            pipeline=lambda: self._pipeline_for(options),
            on_progress=work.on_progress,
            should_stop=work.should_stop,
        )

    def _pipeline_for(self, options: DetectOptions) -> FaceDetectionPipeline:
        """Return the networks of the last job if its options were the same, or load new ones."""
        needed = replace(options, batch_size=1, formats=(), overlay=False, rate_hz=None)
        if self._last is None or self._last[0] != needed:
            self._last = needed, open_detection_pipeline(options)
        return self._last[1]
