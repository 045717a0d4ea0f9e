"""The use case: one source in, its meshes out. Every door calls it."""

from __future__ import annotations

import dataclasses
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from facestream.config import MeshOptions
from facestream.errors import JobStopped, OptionError, OutputError
from facestream.io.clock import FrameClock
from facestream.io.mesh_writers import MeshStreamWriter, MeshWriter
from facestream.io.source import Source, check_source, open_source
from facestream.outputs import OutputPlan, check_outputs, plan_outputs
from facestream.structures import Frame, FrameMeshes, Progress, Summary, VideoInfo
from facestream.version import __version__

if TYPE_CHECKING:
    from facestream.pipeline.face_mesh import FaceMeshPipeline

__all__ = ["extract", "iter_meshes", "open_pipeline"]

_log = logging.getLogger(__name__)


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
        target: a file where it ends in .stream, .npz or .csv, else a folder; beside the source when left out.
        options: what to find and how to write it; where left out, what the pipeline was made for.
        pipeline: networks that are loaded already, or what loads them, by ``open_pipeline`` with the same options.
        on_progress: called at the start and after each group of frames.
        should_stop: asked between groups of frames; after a true answer nothing is written.

    Raises:
        OptionError: options that make no sense together.
        OutputError: outputs that cannot be written; found before any work.
        SourceError: the source cannot be read, or breaks off before its first frame.
        JobStopped: ``should_stop`` answered true.
    """
    started = time.perf_counter()
    options = options or _default_options(pipeline)
    plan = target if isinstance(target, OutputPlan) else plan_outputs(Path(source), target, options)
    check_source(plan.source)
    check_outputs(plan)
    networks = _take_pipeline(pipeline, options)
    opened = time.perf_counter()
    with closing(open_source(plan.source)) as frames, ExitStack() as cleanup:
        job = _Job(plan, frames, options, networks, cleanup)

        def tell() -> None:
            if on_progress is not None:
                seconds = time.perf_counter() - opened
                on_progress(Progress(job.num_frames, frames.info.num_frames_header, seconds))

        tell()
        for group in _groups(frames, options):
            if should_stop is not None and should_stop():
                raise JobStopped(f"{plan.source}: stopped after {job.num_frames} frames; nothing was written")
            job.process(group)
            tell()
        warnings = job.finish()
    return job.summarize(warnings, started, opened)


def iter_meshes(
    source: str | os.PathLike[str],
    options: MeshOptions | None = None,
    *,
    pipeline: FaceMeshPipeline | None = None,
) -> Iterator[FrameMeshes]:
    """The meshes of each frame of a picture or video, in order, without writing anything.

    Raises:
        SourceError: the source cannot be read. Where it breaks off later, that is logged.
    """
    options = options or _default_options(pipeline)
    check_source(Path(source))
    pipeline = _take_pipeline(pipeline, options)
    with closing(open_source(source)) as frames:
        for group in _groups(frames, options):
            for frame, meshes in zip(group, pipeline.process_frames(group), strict=True):
                yield FrameMeshes(frame.index, frame.timestamp_s, meshes)
        if frames.shortfall is not None:
            _log.warning("%s: incomplete: %s", source, frames.shortfall)


def open_pipeline(options: MeshOptions) -> FaceMeshPipeline:
    """Load the networks that a job with these options needs."""
    from facestream.pipeline.face_mesh import FaceMeshPipeline

    return FaceMeshPipeline(
        detector=options.detector,
        num_faces=options.num_faces,
        min_score_thresh=options.min_score_thresh,
        device=options.device,
        weights=options.weights,
        detector_weights=options.detector_weights,
    )


def _default_options(pipeline: FaceMeshPipeline | Callable[[], FaceMeshPipeline] | None) -> MeshOptions:
    """The defaults, but for what a given pipeline has settled already."""
    from facestream.pipeline.face_mesh import FaceMeshPipeline

    if not isinstance(pipeline, FaceMeshPipeline):
        return MeshOptions()
    return MeshOptions(
        detector=pipeline.detector_name,
        num_faces=pipeline.num_faces,
        min_score_thresh=pipeline.min_score_thresh,
    )


def _take_pipeline(
    pipeline: FaceMeshPipeline | Callable[[], FaceMeshPipeline] | None, options: MeshOptions
) -> FaceMeshPipeline:
    """The networks for a job, loaded where they are not yet; never others than its options ask for."""
    from facestream.pipeline.face_mesh import FaceMeshPipeline

    if pipeline is None:
        return open_pipeline(options)
    networks = pipeline if isinstance(pipeline, FaceMeshPipeline) else pipeline()
    has = (networks.detector_name, networks.num_faces, networks.min_score_thresh)
    wanted = (options.detector, options.num_faces, options.min_score_thresh)
    if has != wanted:
        raise OptionError(
            f"the pipeline was made with detector, faces and threshold {has}, the options ask for {wanted}"
        )
    return networks


class _Job:
    """The writers of one run, and what is counted on the way."""

    def __init__(
        self, plan: OutputPlan, source: Source, options: MeshOptions, pipeline: FaceMeshPipeline, cleanup: ExitStack
    ) -> None:
        self.num_frames = 0
        self._num_frames_by_face = np.zeros(options.num_faces, dtype=int)
        self._plan = plan
        self._source = source
        self._options = options
        self._pipeline = pipeline
        self._clock = FrameClock(source.info.rate_hz, source.info.tick_s)
        self._num_resized = 0
        self._writers: list[MeshWriter] = []
        for create in _writer_factories(plan, source.info, options):
            writer = create()
            cleanup.callback(writer.discard)
            self._writers.append(writer)
        self.output_paths = tuple(path for writer in self._writers for path in writer.paths)

    def process(self, group: Sequence[Frame]) -> None:
        for frame, meshes in zip(group, self._pipeline.process_frames(group), strict=True):
            self._clock.add(frame.timestamp_s)
            self._num_resized += frame.size != (self._source.info.width, self._source.info.height)
            self.num_frames += 1
            self._num_frames_by_face[: len(meshes)] += 1
            for writer in self._writers:
                try:
                    writer.write(frame, meshes)
                except OSError as error:
                    raise OutputError(f"{writer.paths[0]}: cannot be written ({error.strerror or error})") from error

    def summarize(self, warnings: tuple[str, ...], started: float, opened: float) -> Summary:
        """How the job ended, ``started`` and ``opened`` being moments of ``time.perf_counter``."""
        finished = time.perf_counter()
        return Summary(
            input=self._plan.source,
            outputs=self.output_paths,
            num_frames=self.num_frames,
            num_frames_by_face=tuple(self._num_frames_by_face.tolist()),
            complete=self._source.shortfall is None,
            reason=self._source.shortfall,
            seconds=finished - opened,
            total_seconds=finished - started,
            device=self._pipeline.device,
            engine=self._pipeline.engine,
            precision=self._pipeline.precision,
            warnings=warnings,
        )

    def finish(self) -> tuple[str, ...]:
        """Complete all outputs, then bring them into sight; the answer is what the user should be warned of."""
        meta = self._meta()
        for writer in self._writers:
            try:
                writer.finish(self._clock, meta)
            except OSError as error:
                raise OutputError(f"{writer.paths[0]}: cannot be written ({error.strerror or error})") from error
        for writer in self._writers:
            writer.commit()
        warnings = tuple(self._warnings())
        for warning in warnings:
            _log.warning("%s: %s", self._source.info.path, warning)
        return warnings

    def _warnings(self) -> Iterator[str]:
        yield from self._source.notes
        if self._source.shortfall is not None:
            yield f"incomplete: {self._source.shortfall}; the outputs hold the {self.num_frames} decoded frames"
        if self._num_resized:
            yield (
                f"{self._num_resized} frames have another size than the first; pixels in npz and csv are each "
                "frame's own, fractions in streams are not affected"
            )
        if not self._num_frames_by_face[0]:
            yield "no face was found in any frame; every row is missing"
        if self._plan.streams and self._clock.drift_s * float(self._clock.rate_hz) > 0.5:
            yield (
                f"variable frame rate: by the stream's rate a row is up to {self._clock.drift_s * 1000:.0f} ms off its "
                "frame; npz and csv hold the exact time stamps"
            )

    def _meta(self) -> dict[str, Any]:
        """What an archive says of how it was made."""
        info, pipeline = self._source.info, self._pipeline
        return {
            "version": __version__,
            "source": info.path.name,
            "weights_sha256": {
                "facemesh": pipeline.landmarker.engine.weights_sha256,
                f"blazeface-{self._options.detector}": pipeline.detector.engine.weights_sha256,
            },
            "options": {
                name: str(value) if isinstance(value, Path) else value
                for name, value in dataclasses.asdict(self._options).items()
            },
            "device": pipeline.device,
            "engine": pipeline.engine,
            "precision": pipeline.precision,
            "rotation_deg": info.rotation_deg,
            "mirrored": info.mirrored,
            "pixel_aspect": info.pixel_aspect,
            "rate_hz": float(self._clock.rate_hz),
            "complete": self._source.shortfall is None,
            "reason": self._source.shortfall,
        }


def _writer_factories(plan: OutputPlan, info: VideoInfo, options: MeshOptions) -> Iterator[Callable[[], MeshWriter]]:
    """How to begin each output of the plan."""
    if plan.streams:
        yield lambda: MeshStreamWriter(plan.streams, options.missing)
    if npz := plan.npz:
        from facestream.io.mesh_npz import MeshNpzWriter

        yield lambda: MeshNpzWriter(npz, options.num_faces)
    if csv := plan.csv:
        from facestream.io.mesh_csv import MeshCsvWriter

        yield lambda: MeshCsvWriter(csv, options.num_faces)
    if overlay := plan.overlay_path(info):
        from facestream.drawing.overlay import PictureOverlayWriter, VideoOverlayWriter

        check_outputs(plan, overlay)
        kind = PictureOverlayWriter if info.kind == "picture" else VideoOverlayWriter
        yield lambda: kind(overlay, info)


def _groups(frames: Source, options: MeshOptions) -> Iterator[list[Frame]]:
    """Frames that travel together: at most a batch, at most the frame memory, but two frames of any size.

    A group is emptied when the next one is asked for, so that no more frames are held than are counted.
    """
    max_bytes = options.frame_memory_mb * 1_000_000
    group: list[Frame] = []
    for frame in frames:
        group.append(frame)
        frame_bytes = frame.image.nbytes
        del frame
        is_full = len(group) >= 2 and (len(group) + 1) * frame_bytes > max_bytes
        if is_full or len(group) >= options.batch_size:
            yield group
            group.clear()
    if group:
        yield group
