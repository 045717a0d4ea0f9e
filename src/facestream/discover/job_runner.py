"""Run a job: the sessions of a request one after another, each with its own files and outcome."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from facestream.discover.folders import JobFolders
from facestream.discover.modules.catalog import find_trainer
from facestream.discover.modules.registry import find_processor
from facestream.discover.processors import Processor, SessionWork
from facestream.discover.progress_lines import ProgressLines
from facestream.discover.requests.descriptions import Description
from facestream.discover.requests.form import JobRequest, parse_request
from facestream.discover.requests.matching import match_descriptions
from facestream.discover.requests.session_files import SessionPlaces
from facestream.discover.trainer import Trainer
from facestream.errors import FacestreamError, JobStopped, RequestError
from facestream.structures import Progress, Summary

__all__ = ["JobEvents", "JobRunner"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvents:
    """The callbacks of a running job."""

    log: Callable[[int, str], None]
    """Log a line at a level of ``logging``."""
    on_progress: Callable[[int, int, Progress], None]
    """Report the number of the session from 1, the number of sessions, and its progress."""
    on_outputs: Callable[[Sequence[Path]], None]
    """Report files that have appeared."""
    should_stop: Callable[[], bool]


class JobRunner:
    """Runs jobs one after another, and keeps networks loaded."""

    def __init__(
        self,
        folders: JobFolders,
        *,
        trainer_folder: Path | None = None,
        download: Callable[[str, Path], Path] | None = None,
        num_threads: int | None = None,
    ) -> None:
        self._folders = folders
        self._trainer_folder = trainer_folder
        self._download = download
        self._num_threads = num_threads
        self._processors: dict[str, Processor] = {}

    def run(self, form: Mapping[str, str], result_folder: Path, events: JobEvents) -> None:
        """Run the job of a form. Results for download go to ``result_folder``.

        Raises:
            RequestError: it cannot be understood, or may not be done.
            FacestreamError: a session failed; the others were done all the same.
            JobStopped: ``should_stop`` answered true.
        """
        request = parse_request(form)
        trainer = find_trainer(request.trainer_file_path, self._trainer_folder)
        events.log(logging.INFO, "Trainer successfully loaded.")
        processor = self._processor(trainer.create)
        events.log(logging.INFO, f"Model {trainer.create} created")
        matched = match_descriptions(request.descriptions, trainer, processor.aliases)
        for note in matched.notes:
            events.log(logging.WARNING, note)
        _check_needed(processor, trainer, matched.descriptions)
        _check_annotations(request.descriptions)
        if any(entry.source.origin == "db" for entry in matched.descriptions.values()):
            events.log(
                logging.INFO,
                "db: is found by its layout of files, dataset/session/role.name.*; the database itself is not asked",
            )
        # Remove an earlier result that was not fetched.
        shutil.rmtree(result_folder, ignore_errors=True)
        failures = []
        writers: dict[Path, str] = {}
        for number, session in enumerate(request.sessions, 1):
            step = f"({number}/{len(request.sessions)}): {session}..."
            events.log(logging.INFO, f"Processing session {step}")
            events.on_progress(number, len(request.sessions), Progress(0, None, 0.0))
            try:
                with tempfile.TemporaryDirectory(prefix="facestream-job-") as scratch:
                    places = SessionPlaces(
                        folders=self._folders,
                        dataset=request.dataset,
                        session=session,
                        result_folder=result_folder,
                        scratch_folder=Path(scratch),
                        download=self._download,
                    )
                    files = _find_files(matched.descriptions, places, writers)
                    self._run_session(
                        request, processor, files, number=number, scratch_folder=Path(scratch), events=events
                    )
            except JobStopped:
                raise
            except FacestreamError as error:
                failures.append((session, str(error)))
                events.log(logging.ERROR, f"Session {session} failed: {error}")
            else:
                events.log(logging.INFO, f"Completed session {step}")
        _raise_failures(failures, len(request.sessions))
        events.log(logging.INFO, "Processing completed!")

    def _processor(self, name: str) -> Processor:
        if name not in self._processors:
            self._processors[name] = find_processor(name)
        return self._processors[name]

    def _run_session(
        self,
        request: JobRequest,
        processor: Processor,
        files: _Files,
        *,
        number: int,
        scratch_folder: Path,
        events: JobEvents,
    ) -> None:
        lines = ProgressLines(lambda text: events.log(logging.INFO, text))

        def on_progress(progress: Progress) -> None:
            lines(progress)
            events.on_progress(number, len(request.sessions), progress)

        summary = processor.process(
            SessionWork(
                inputs=files.inputs,
                outputs=files.outputs,
                options=request.options,
                scratch_folder=scratch_folder,
                num_threads=self._num_threads,
                log=lambda text: events.log(logging.INFO, text),
                on_progress=on_progress,
                should_stop=events.should_stop,
            )
        )
        written = [path for path in summary.outputs if not path.is_relative_to(scratch_folder)]
        events.on_outputs(written)
        for warning in summary.warnings:
            events.log(logging.WARNING, warning)
        _check_complete(summary)
        events.log(
            logging.INFO,
            f"{summary.num_frames} frames, {summary.num_frames_with_face} with a face, in {summary.seconds:.1f} s: "
            + ", ".join(map(str, written)),
        )


class _Files(NamedTuple):
    """The files of one session, by the IDs of the trainer."""

    inputs: Mapping[str, Path]
    outputs: Mapping[str, Path]


def _find_files(descriptions: Mapping[str, Description], places: SessionPlaces, writers: dict[Path, str]) -> _Files:
    """Resolve the files of one session; ``writers`` are earlier sessions by the files that they write."""
    inputs = {name: places.find_input(entry) for name, entry in descriptions.items() if entry.direction == "input"}
    outputs = {}
    for name, entry in descriptions.items():
        if entry.direction == "output" and entry.is_active:
            path = outputs[name] = places.place_output(entry)
            other = writers.setdefault(path, places.session)
            if other != places.session:
                raise RequestError(
                    f"{path}: sessions {other} and {places.session} would both write it; give a uri_template with "
                    "{session}"
                )
    return _Files(inputs, outputs)


def _check_needed(processor: Processor, trainer: Trainer, descriptions: Mapping[str, Description]) -> None:
    missing = [name for name in processor.needed_ids if name not in descriptions]
    if missing:
        known = ", ".join(f"{io.direction} {io.id!r}" for io in trainer.ios)
        raise RequestError(f"the request has no {' and no '.join(map(repr, missing))}; the module has: {known}")


def _check_annotations(descriptions: Sequence[Description]) -> None:
    for entry in descriptions:
        if entry.source.kind.super_kind == "annotation":
            raise RequestError(
                f"{entry.word} {(entry.id or entry.scheme or '')!r} is an annotation, which facestream "
                "neither reads nor writes; it takes and gives streams"
            )


def _check_complete(summary: Summary) -> None:
    if not summary.complete:
        raise FacestreamError(
            f"{summary.input}: incomplete: {summary.reason}; the outputs hold the {summary.num_rows} rows before that"
        )


def _raise_failures(failures: list[tuple[str, str]], num_sessions: int) -> None:
    if not failures:
        return
    if num_sessions == 1:
        raise FacestreamError(failures[0][1])
    named = "; ".join(f"{session}: {text}" for session, text in failures)
    raise FacestreamError(f"{len(failures)} of {num_sessions} sessions failed: {named}")
