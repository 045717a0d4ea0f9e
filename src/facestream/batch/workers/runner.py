"""The task runner of a worker, which runs one task after the other with networks that stay loaded."""

from __future__ import annotations

import dataclasses
import errno
import logging
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from facestream.batch.sources.items import apply_options, plan_item
from facestream.batch.workers.tasks import Kind, Outcome, Result, Task, WorkerSettings
from facestream.config import MeshOptions
from facestream.errors import FacestreamError, JobStopped, OutputError
from facestream.media.video.span import SpanError
from facestream.media.video.survey import NotDivisible
from facestream.storage.mounts import fetched, readable
from facestream.storage.remote import fetch, is_address, store
from facestream.structures import Progress, Summary
from facestream.use_cases.extraction import extract, open_pipeline
from facestream.use_cases.extraction.segments import MeshSegment, divide, extract_segment, join_segments
from facestream.use_cases.outputs.plan import OutputPlan

if TYPE_CHECKING:
    from facestream.pipeline.face_mesh import FaceMeshPipeline

__all__ = ["TaskRunner"]

_log = logging.getLogger(__name__)

MAX_PIPELINES = 2
"""How many sets of networks stay loaded; items with other options may need other networks."""

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class TaskRunner:
    """Runs the tasks of one worker."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._pipelines: OrderedDict[MeshOptions, FaceMeshPipeline] = OrderedDict()

    def warm_up(self) -> None:
        """Load the networks of the batch before the first task.

        Raises:
            FacestreamError: The networks cannot be loaded.
        """
        self._pipeline(self._settings.options)

    def run(
        self, task: Task, on_progress: Callable[[Progress], None], should_stop: Callable[[], bool] = lambda: False
    ) -> Outcome:
        """Run one task. Any error is part of the returned outcome."""
        started = time.perf_counter()
        try:
            outcome = self._run(task, on_progress, should_stop)
        except JobStopped:
            outcome = Outcome(result=Result.STOPPED)
        except SpanError as error:
            outcome = Outcome(result=Result.UNDIVIDED, error=str(error))
        except FacestreamError as error:
            result = Result.NO_ROOM if _is_disk_full(error) else Result.FAILED
            outcome = Outcome(result=result, error=str(error))
        except MemoryError:
            outcome = Outcome(
                result=Result.FAILED, error=f"{task.source}: the machine does not have enough memory for it"
            )
        except Exception as error:
            # A bug in facestream must not keep the other items from being processed.
            _log.exception("%s", task.source)
            fault = f"{task.source}: facestream itself failed ({type(error).__name__}: {error}); please report it"
            outcome = Outcome(result=Result.FAILED, error=fault)
        return dataclasses.replace(outcome, seconds=time.perf_counter() - started)

    def _run(self, task: Task, on_progress: Callable[[Progress], None], should_stop: Callable[[], bool]) -> Outcome:
        options = apply_options(self._settings.options, task.changes, task.boxes)
        with ExitStack() as cleanup:
            source = cleanup.enter_context(readable(task.source))
            if task.boxes and is_address(task.boxes):
                folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="facestream-")))
                fetch(task.boxes, folder / "boxes.stream")
                fetch(f"{task.boxes}~", folder / "boxes.stream~")
                options = dataclasses.replace(options, boxes=folder / "boxes.stream")
            try:
                if task.kind is Kind.SEGMENT:
                    return self._run_segment(task, source, options, on_progress, should_stop)
                if task.kind is Kind.JOIN:
                    return self._join(task, source, options)
                return self._run_item(task, source, options, on_progress, should_stop)
            except FacestreamError as error:
                # Messages give the URL, not the name of the local copy.
                error.args = (str(error).replace(str(source), task.source),)
                raise

    def _run_item(
        self,
        task: Task,
        source: Path,
        options: MeshOptions,
        on_progress: Callable[[Progress], None],
        should_stop: Callable[[], bool],
    ) -> Outcome:
        note = ""
        if task.num_segments > 1:
            try:
                segments = divide(source, options, task.num_segments, self._settings.min_segment_frames)
            except NotDivisible as reason:
                note = str(reason)
            else:
                if segments:
                    return Outcome(result=Result.DIVIDED, segments=[segment.as_dict() for segment in segments])
        with self._outputs(task, source, options) as plan:
            pipeline = self._pipeline(options)
            summary = extract(
                plan.source, plan, options, pipeline=pipeline, on_progress=on_progress, should_stop=should_stop
            )
        return _outcome_of(summary, note)

    def _run_segment(
        self,
        task: Task,
        source: Path,
        options: MeshOptions,
        on_progress: Callable[[Progress], None],
        should_stop: Callable[[], bool],
    ) -> Outcome:
        assert task.segment is not None
        segment = MeshSegment.from_dict(task.segment)
        pipeline = self._pipeline(options)
        with self._records(task.records[0]) as target:
            extract_segment(
                source, segment, target, options, pipeline=pipeline, on_progress=on_progress, should_stop=should_stop
            )
        return Outcome(result=Result.DONE, frames=segment.num_frames, device=pipeline.device)

    def _join(self, task: Task, source: Path, options: MeshOptions) -> Outcome:
        with ExitStack() as cleanup:
            records = [cleanup.enter_context(fetched(f"{self._settings.segments}/{name}")) for name in task.records]
            plan = cleanup.enter_context(self._outputs(task, source, options))
            summary = join_segments(plan, options, records)
        return _outcome_of(summary, "")

    @contextmanager
    def _outputs(self, task: Task, source: Path, options: MeshOptions) -> Iterator[OutputPlan]:
        """Plan the outputs, in a temporary folder if the output folder is remote, and upload them at the end."""
        out = self._settings.out
        if not is_address(out):
            plan = plan_item(Path(out), source, task.output, options)
            _make_folder((Path(out) / task.output).parent)
            yield plan
            return
        with tempfile.TemporaryDirectory(prefix="facestream-") as name:
            folder = Path(name)
            plan = plan_item(folder, source, task.output, options)
            _make_folder((folder / task.output).parent)
            yield plan
            # Upload samples before the header, which makes them visible.
            written = sorted(
                (path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.name[-1] != "~"
            )
            for path in written:
                store(path, f"{out}/{path.relative_to(folder).as_posix()}")

    @contextmanager
    def _records(self, name: str) -> Iterator[Path]:
        """Yield the path for the results of a segment."""
        segments = self._settings.segments
        if not is_address(segments):
            _make_folder(Path(segments))
            yield Path(segments) / name
            return
        with tempfile.TemporaryDirectory(prefix="facestream-") as folder:
            path = Path(folder) / name
            yield path
            store(path, f"{segments}/{name}")

    def _pipeline(self, options: MeshOptions) -> FaceMeshPipeline:
        """Return the networks for these options; the most recently used ones stay loaded."""
        needed = MeshOptions(
            detector=options.detector,
            num_faces=options.num_faces,
            min_score_thresh=options.min_score_thresh,
            device=options.device,
            engine=options.engine,
            precision=options.precision,
            num_threads=options.num_threads,
            weights=options.weights,
            detector_weights=options.detector_weights,
        )
        pipeline = self._pipelines.pop(needed, None) or open_pipeline(needed)
        self._pipelines[needed] = pipeline
        while len(self._pipelines) > MAX_PIPELINES:
            self._pipelines.popitem(last=False)
        return pipeline


def _outcome_of(summary: Summary, note: str) -> Outcome:
    return Outcome(
        result=Result.DONE if summary.complete else Result.PARTIAL,
        frames=summary.num_frames,
        device=summary.device,
        error="" if summary.complete else f"incomplete: {summary.reason}",
        warnings=summary.warnings,
        note=note,
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: the folder cannot be created ({error.strerror or error})") from error


def _is_disk_full(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            return True
        error = error.__cause__
    return False
