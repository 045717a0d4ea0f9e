"""Where the results of one source go, and what must hold of these places before any work."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from facestream.config import FORMATS, MeshOptions
from facestream.errors import OptionError, OutputError
from facestream.io.ssi_stream import data_path
from facestream.io.staging import check_folder
from facestream.structures import VideoInfo

__all__ = ["OutputPlan", "check_distinct", "check_outputs", "plan_outputs"]

OVERLAY_SUFFIXES = {"video": (".mp4",), "picture": (".png", ".jpg", ".jpeg")}


@dataclass(frozen=True, slots=True)
class OutputPlan:
    """The output files of one source, by format."""

    source: Path
    streams: tuple[Path, ...]
    """One a face."""
    npz: Path | None
    csv: Path | None
    overlay: Path | None
    """Without its suffix where ``overlay_is_named`` is false: that follows from the source."""
    overlay_is_named: bool

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files but the overlay."""
        return (*self.streams, *(path for path in (self.npz, self.csv) if path))

    def overlay_path(self, info: VideoInfo) -> Path | None:
        """Where the overlay of this source goes, if one is wanted.

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
    source: Path, target: str | os.PathLike[str] | None, options: MeshOptions, *, target_is_folder: bool = False
) -> OutputPlan:
    """Name the outputs of a source.

    Args:
        source: the picture or video.
        target: a file where it ends in a known extension and ``target_is_folder`` is false, else a folder; beside the
            source when left out.
        options: which formats, how many faces, overlay or not.
        target_is_folder: the target is a folder, whatever it ends in.

    Raises:
        OptionError: target and formats contradict each other.
    """
    path = source.parent if target is None else Path(target)
    extension = path.suffix.lower().removeprefix(".")
    names_file = target is not None and not target_is_folder and extension in FORMATS and not path.is_dir()
    if names_file:
        formats = options.formats or (extension,)
        if extension not in formats:
            raise OptionError(
                f"-o {path} asks for {extension}, but --format for {', '.join(formats)}; give one of them"
            )
        folder, stem, infix = path.parent, path.name[: -len(path.suffix)], ""
    else:
        formats = options.formats or ("stream",)
        folder, stem, infix = path, source.name[: -len(source.suffix)] if source.suffix else source.name, ".facemesh"

    def name(suffix: str, face: int = 1) -> Path:
        if names_file and face == 1 and suffix == f".{extension}":
            return path
        return folder / f"{stem}{f'.face{face}' if face > 1 else ''}{infix}{suffix}"

    overlay = options.overlay if isinstance(options.overlay, Path) else name(".overlay") if options.overlay else None
    if (
        isinstance(options.overlay, Path)
        and overlay
        and overlay.suffix.lower() not in sum(OVERLAY_SUFFIXES.values(), ())
    ):
        raise OptionError(f"--overlay {overlay}: must end in .mp4 for a video, in .png or .jpg for a picture")
    num_streams = options.num_faces if "stream" in formats else 0
    return OutputPlan(
        source=source,
        streams=tuple(name(".stream", face) for face in range(1, num_streams + 1)),
        npz=name(".npz") if "npz" in formats else None,
        csv=name(".csv") if "csv" in formats else None,
        overlay=overlay,
        overlay_is_named=isinstance(options.overlay, Path),
    )


def check_outputs(plan: OutputPlan, overlay: Path | None = None) -> None:
    """Make sure that every output can be written and that nothing of the user's is lost.

    Raises:
        OutputError: a folder is missing or not writable, an output is the source itself, or a file is in the way that
            facestream did not write.
    """
    paths = [*plan.paths, *([overlay or plan.overlay] if plan.overlay else [])]
    for folder in dict.fromkeys(path.parent for path in paths):
        check_folder(folder)
    for path in paths:
        try:
            _check_place(path, plan.source)
        except OSError as error:
            raise OutputError(
                f"{path}: cannot be an output ({error.strerror or error}); choose another name"
            ) from error


def check_distinct(plans: Sequence[OutputPlan]) -> None:
    """Make sure that no two sources would write one file, and that none would write over another source.

    Raises:
        OutputError: two would, or one would.
    """
    # realpath, unlike resolve, puts up with links that lead in a circle.
    sources = {Path(os.path.realpath(plan.source)) for plan in plans}
    writers: dict[Path, Path] = {}
    for plan in plans:
        for path in (*plan.paths, *([plan.overlay] if plan.overlay else [])):
            place = Path(os.path.realpath(path.parent)) / path.name
            other = writers.setdefault(place, plan.source)
            if other is not plan.source:
                raise OutputError(f"{path}: both {other} and {plan.source} would write it; use two output folders")
            if place in sources and place != Path(os.path.realpath(plan.source)):
                raise OutputError(f"{path}: an output of {plan.source} would replace this input; choose another name")


def _check_place(path: Path, source: Path) -> None:
    """One output file: not its own source, no folder, nobody else's file."""
    if path.exists() and path.samefile(source):
        raise OutputError(f"{path}: the output would replace its own input; choose another name")
    for place in (path, data_path(path)) if path.suffix.lower() == ".stream" else (path,):
        if place.is_dir():
            raise OutputError(f"{place}: a folder is in the way of this output; remove it or choose another name")
        if place.exists() and place.stat().st_size and not _is_ours(path):
            raise OutputError(
                f"{place}: the file exists and was not written by facestream; move it away or choose another name"
            )


def _is_ours(path: Path) -> bool:
    """Whether a file looks like an output of that format; an empty or absent one does not."""
    suffix = path.suffix.lower()
    if not path.exists():
        return False
    if suffix == ".npz":
        try:
            with zipfile.ZipFile(path) as archive:
                return "landmarks.npy" in archive.namelist()
        except zipfile.BadZipFile:
            return False
    if suffix in (".stream", ".csv"):
        with path.open("rb") as file:
            head = file.read(1024).lower()
        return b"<stream" in head if suffix == ".stream" else head.startswith(b"frame,time_s,face,")
    from facestream.drawing.overlay import is_overlay

    return is_overlay(path)
