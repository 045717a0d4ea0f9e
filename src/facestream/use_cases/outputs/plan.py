"""Plan the output files of a source, and check them before any work."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from facestream.config import JobOptions, MeshOptions
from facestream.errors import OptionError, OutputError, SourceError
from facestream.formats.catalog import FORMATS, Format, find_format, format_named
from facestream.formats.contents import DETECTIONS, MESHES
from facestream.formats.stream import MESH_MARK
from facestream.media.pictures.numbered import find_pictures, sequence_stem
from facestream.ssi.header import data_path
from facestream.ssi.pair import settle_folder
from facestream.storage.staging import check_folder, is_folder
from facestream.structures import VideoInfo
from facestream.use_cases.outputs.naming import check_name
from facestream.use_cases.outputs.replacing import check_overlay_place, check_place, is_complete

__all__ = ["OutputPlan", "check_distinct", "check_outputs", "plan_outputs"]

OVERLAY_SUFFIXES = {"video": (".mp4",), "picture": (".png", ".jpg", ".jpeg")}


@dataclass(frozen=True, slots=True)
class OutputPlan:
    """The output files of one source, by format."""

    source: Path
    files: Mapping[str, Mapping[Path, str]]
    """By format name: the files except the overlay, and what each one will hold."""
    overlay: Path | None = None
    """Without its extension if ``overlay_is_named`` is false, since that depends on the source."""
    overlay_is_named: bool = False
    boxes: Path | None = None
    """A stream of boxes that is read in addition to the source."""
    is_sequence: bool = False
    """The source is a folder or pattern of numbered pictures."""
    replaces_any_stream: bool = False
    """Streams may replace any existing stream, including those of other programs."""

    @property
    def inputs(self) -> tuple[Path, ...]:
        """All files that are read."""
        sources = [self.source]
        if self.is_sequence:
            # Opening them reports if there are none.
            with suppress(SourceError):
                sources = find_pictures(self.source)
        return (*sources, *([self.boxes, data_path(self.boxes)] if self.boxes else []))

    @property
    def contents(self) -> dict[Path, str]:
        """What each file except the overlay will hold."""
        return {path: content for files in self.files.values() for path, content in files.items()}

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files except the overlay."""
        return tuple(self.contents)

    def settle(self) -> None:
        """Complete or remove what killed runs left next to the outputs."""
        places = (*self.paths, *([self.overlay] if self.overlay else []))
        for folder in dict.fromkeys(path.parent for path in places):
            settle_folder(folder)

    def is_done(self) -> bool:
        """Whether every output exists, is complete, and is not older than the source."""
        try:
            made_s = min(path.stat().st_mtime for path in self.paths)
            is_fresh = made_s >= max(path.stat().st_mtime for path in self.inputs)
            return (
                is_fresh
                and self._has_overlay()
                and all(is_complete(path, content) for path, content in self.contents.items())
            )
        except OSError:
            return False

    def _has_overlay(self) -> bool:
        if self.overlay is None:
            return True
        suffixes = [""] if self.overlay_is_named else [suffixes[0] for suffixes in OVERLAY_SUFFIXES.values()]
        return any(self.overlay.with_name(self.overlay.name + suffix).exists() for suffix in suffixes)

    def overlay_path(self, info: VideoInfo) -> Path | None:
        """Return the path of the overlay of this source, if one is wanted.

        Raises:
            OutputError: a picture's file was named for a video, or the other way round.
        """
        if self.overlay is None:
            return None
        suffixes = OVERLAY_SUFFIXES[info.kind]
        if not self.overlay_is_named:
            return self.overlay.with_name(self.overlay.name + suffixes[0])
        if self.overlay.suffix.lower() not in suffixes:
            raise OutputError(
                f"{self.overlay}: {self.source} is a {info.kind}, whose overlay must end in {' or '.join(suffixes)}"
            )
        return self.overlay


def plan_outputs(
    source: Path, target: str | os.PathLike[str] | None, options: JobOptions, *, target_is_folder: bool = False
) -> OutputPlan:
    """Name the outputs of a source.

    Args:
        source: the picture or video.
        target: a file where it ends in a known extension and ``target_is_folder`` is false, else a folder; beside the
            source when left out.
        options: which job and formats, how many faces, overlay or not.
        target_is_folder: the target is a folder, even if it ends in a known extension.

    Raises:
        OptionError: target and formats contradict each other, or the name says that something else is in it.
    """
    is_sequence = options.sequence_hz is not None
    named = sequence_stem(source) if is_sequence else source.with_name(source.stem if source.suffix else source.name)
    path = named.parent if target is None else Path(target)
    asked = None if target is None or target_is_folder or is_folder(path) else find_format(path)
    formats = options.formats or (asked.name if asked else FORMATS[0].name,)
    if asked and asked.name not in formats:
        raise OptionError(f"-o {path} asks for {asked.name}, but --format for {', '.join(formats)}; give one of them")
    if asked:
        check_name(path, MESHES if isinstance(options, MeshOptions) else DETECTIONS)
    # The named file keeps its extension as written.
    places = {form.name: _place(form, path, asked, named, options) for form in FORMATS if form.name in formats}
    overlay = options.overlay if isinstance(options.overlay, Path) else None
    if overlay and overlay.suffix.lower() not in sum(OVERLAY_SUFFIXES.values(), ()):
        raise OptionError(f"--overlay {overlay}: must end in .mp4 for a video, in .png or .jpg for a picture")
    return OutputPlan(
        source=source,
        files={name: _files(format_named(name), place, options) for name, place in places.items()},
        overlay=overlay or (_overlay_place(path, asked, named, options) if options.overlay else None),
        overlay_is_named=overlay is not None,
        boxes=options.boxes if isinstance(options, MeshOptions) else None,
        is_sequence=is_sequence,
    )


def _place(form: Format, target: Path, asked: Format | None, named: Path, options: JobOptions) -> Path:
    """Return the path of a format's first file: the target itself, next to it, or in it and named for the source."""
    if asked:
        return target if form == asked else target.with_name(target.name[: -len(target.suffix)] + form.suffix)
    mark = MESH_MARK if isinstance(options, MeshOptions) else form.files.detection_mark
    return target / f"{named.name}{mark}{form.suffix}"


def _files(form: Format, place: Path, options: JobOptions) -> dict[Path, str]:
    if isinstance(options, MeshOptions):
        return form.files.mesh_files(place, options.num_faces)
    return form.files.detection_files(place)


def _overlay_place(target: Path, asked: Format | None, named: Path, options: JobOptions) -> Path:
    if asked:
        return target.with_name(target.name[: -len(target.suffix)] + ".overlay")
    return target / f"{named.name}{MESH_MARK if isinstance(options, MeshOptions) else '.blazeface'}.overlay"


def check_outputs(plan: OutputPlan, overlay: Path | None = None) -> None:
    """Make sure that every output can be written and that no file of the user is lost.

    Raises:
        OutputError: a folder is missing or not writable, an output is the source itself, or a file is in the way that
            facestream did not write, or in which it wrote something else.
    """
    overlay = overlay or plan.overlay
    for folder in dict.fromkeys(path.parent for path in (*plan.paths, *([overlay] if overlay else []))):
        check_folder(folder)
    for path, content in plan.contents.items():
        check_place(path, content, plan.inputs, any_stream=plan.replaces_any_stream)
    if overlay:
        check_overlay_place(overlay, plan.inputs)


def check_distinct(plans: Sequence[OutputPlan]) -> None:
    """Make sure that no two sources write the same file, and that none overwrites another source.

    Raises:
        OutputError: two would, or one would.
    """
    # Unlike resolve, realpath tolerates circular links.
    sources = {Path(os.path.realpath(plan.source)) for plan in plans}
    writers: dict[Path, Path] = {}
    for plan in plans:
        for path in (*plan.paths, *([plan.overlay] if plan.overlay else [])):
            place = Path(os.path.realpath(path.parent)) / path.name
            other = writers.setdefault(place, plan.source)
            if other is not plan.source:
                raise OutputError(
                    f"{path}: both {other} and {plan.source} would write it; rename one, or use two output folders"
                )
            if place in sources and place != Path(os.path.realpath(plan.source)):
                raise OutputError(f"{path}: an output of {plan.source} would replace this input; choose another name")
