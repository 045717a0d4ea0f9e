"""The mesh job: one source in, its face meshes out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from facestream.config import MeshOptions
from facestream.media.source import check_source
from facestream.structures import FrameMeshes, Progress, Summary
from facestream.use_cases.extraction.frame_loop import iter_rows, run_job
from facestream.use_cases.extraction.mesh_work import MeshWork
from facestream.use_cases.extraction.pipelines import default_options, take_pipeline
from facestream.use_cases.extraction.threads import engine_threads
from facestream.use_cases.outputs.plan import OutputPlan, plan_outputs

if TYPE_CHECKING:
    from facestream.pipeline.face_mesh import FaceMeshPipeline

__all__ = ["extract", "iter_meshes", "open_pipeline"]


def extract(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str] | OutputPlan | None = None,
    options: MeshOptions | None = None,
    *,
    pipeline: FaceMeshPipeline | Callable[[], FaceMeshPipeline] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Summary:
    """Find the meshes of a picture or video and write them.

    Args:
        source: any picture or video.
        target: a file where it ends in .stream, .npz or .csv, else a folder; next to the source by default.
        options: what to find and how to write it; where left out, what the pipeline was made for.
        pipeline: networks that are loaded already, or what loads them, by ``open_pipeline`` with the same options.
        on_progress: called at the start and after each group of frames.
        should_stop: asked between groups of frames; after a true answer nothing is written.

    Raises:
        OptionError: options that make no sense together.
        OutputError: outputs that cannot be written; found before any work.
        SourceError: the source or the boxes cannot be read, or the source breaks off before its first frame.
        JobStopped: ``should_stop`` answered true.
    """
    settled = options or default_options(MeshOptions, pipeline)
    plan = target if isinstance(target, OutputPlan) else plan_outputs(Path(source), target, settled)
    check_source(plan.source, is_sequence=settled.sequence_hz is not None)

    def open_work() -> MeshWork:
        return MeshWork(settled, take_pipeline(pipeline, open_pipeline, settled))

    return run_job(plan, open_work, settled, on_progress, should_stop)


def iter_meshes(
    source: str | os.PathLike[str],
    options: MeshOptions | None = None,
    *,
    pipeline: FaceMeshPipeline | None = None,
) -> Iterator[FrameMeshes]:
    """The meshes of each row of a picture or video, in order, without writing anything; a row is a frame.

    With ``rate_hz`` in the options rows lie on a constant clock, and a frame may come several times or not at all.

    Raises:
        SourceError: the source or the boxes cannot be read. Where the source breaks off later, that is logged.
    """
    options = options or default_options(MeshOptions, pipeline)
    check_source(Path(source), is_sequence=options.sequence_hz is not None)
    yield from iter_rows(Path(source), MeshWork(options, take_pipeline(pipeline, open_pipeline, options)))


def open_pipeline(options: MeshOptions) -> FaceMeshPipeline:
    """Load the networks that a job with these options needs."""
    from facestream.pipeline.face_mesh import FaceMeshPipeline

    pipeline = FaceMeshPipeline(
        detector=options.detector,
        num_faces=options.num_faces,
        min_score_thresh=options.min_score_thresh,
        device=options.device,
        engine=options.engine,
        precision=options.precision,
        num_threads=engine_threads(options.num_threads),
        weights=options.weights,
        detector_weights=options.detector_weights,
    )
    if options.boxes is None:
        pipeline.load_detector()
    return pipeline
