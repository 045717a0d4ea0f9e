"""The options of the jobs: one table of names, defaults, limits and help texts for the command line and the docs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from facestream.clip_times import format_time, parse_time
from facestream.errors import OptionError
from facestream.formats.catalog import FORMAT_NAMES

__all__ = [
    "DetectOptions",
    "JobOptions",
    "MeshOptions",
    "Option",
    "check_options",
    "make_option",
    "options_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What the interfaces need to know about an option besides its default."""

    help: str
    flag: str | None = None
    """The command-line flag, if it is not the name with dashes."""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    kind: Any = int
    """The type of a number: ``int``, or ``int | float``."""
    word: str | None = None
    """A word that is accepted instead of a number."""
    is_time: bool = False
    """Whether the value is in seconds, which may also be given as text, such as 1:02.5."""
    is_path: bool = False
    is_repeatable: bool = False
    metavar: str | None = None
    environment: tuple[str, ...] = ()
    """Further environment variables, besides facestream's own."""


def make_option(default: Any, **details: Any) -> Any:
    """Return a dataclass field for an option table."""
    return field(default=default, metadata={"option": Option(**details)})


PRECISION_HELP = "anything below float32 may be faster, but shifts landmarks (docs/accuracy.md)"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """Options common to all jobs."""

    detector: str = make_option(
        "back", choices=("back", "front"), help="BlazeFace variant: back finds more faces, front is faster."
    )
    batch_size: int = make_option(
        50, minimum=1, metavar="N", help="Number of frames processed together; it does not affect results."
    )
    formats: tuple[str, ...] = make_option(
        (),
        flag="--format",
        choices=FORMAT_NAMES,
        is_repeatable=True,
        help="Output format; may be repeated.  [default: stream, or the extension of -o]",
    )
    rate_hz: float | None = make_option(
        None,
        flag="--rate",
        minimum=0.001,
        maximum=10_000.0,
        kind=int | float,
        metavar="HZ",
        help="Write rows at a constant rate: row k is the frame nearest to k / HZ seconds. Without this option, "
        "one row per frame.",
    )
    from_s: float | None = make_option(
        None,
        flag="--from",
        minimum=0.0,
        maximum=1e9,
        kind=int | float,
        is_time=True,
        metavar="TIME",
        help="Start at this time, measured by the clip's own timestamps: 62.5, 1:02.5 or 1:00:02.5. Frame numbers, "
        "timestamps and results are the same as in a run over the whole clip.",
    )
    to_s: float | None = make_option(
        None,
        flag="--to",
        minimum=0.0,
        maximum=1e9,
        kind=int | float,
        is_time=True,
        metavar="TIME",
        help="Stop before this time.",
    )
    sequence_hz: float | None = make_option(
        None,
        flag="--sequence",
        minimum=0.001,
        maximum=10_000.0,
        kind=int | float,
        metavar="HZ",
        help="Read the pictures in a folder or matching a pattern as one clip of HZ frames per second, in the order "
        "of the numbers in their names.",
    )
    overlay: bool | Path = make_option(
        False,
        metavar="[FILE]",
        help="Also draw the results over the input: FILE.mp4 for a video, FILE.png or FILE.jpg for a picture. "
        "Without FILE, it is written next to the other outputs.",
    )
    device: str = make_option(
        "auto",
        choices=("auto", "cpu", "cuda", "mps"),
        help="Where the networks run; auto is CUDA if available, otherwise the CPU.",
    )
    engine: str = make_option(
        "auto",
        choices=("auto", "torch", "openvino"),
        help="What runs the networks; auto is PyTorch on a GPU, and OpenVINO on the CPU if it is installed.",
    )
    precision: str = make_option(
        "float32",
        choices=("float32", "bf16", "fp16"),
        help=f"Compute precision of the networks: {PRECISION_HELP}.",
    )
    num_threads: int | None = make_option(
        None,
        flag="--threads",
        minimum=1,
        maximum=1024,
        metavar="N",
        help="Maximum number of threads for decoder, OpenCV and engine together; by default, one per core.",
    )
    weights: Path | None = make_option(None, is_path=True, help="Your own FaceMesh weights: .safetensors or .tflite.")
    detector_weights: Path | None = make_option(
        None, is_path=True, help="Your own BlazeFace weights for the chosen detector: .safetensors or .tflite."
    )
    frame_memory_mb: int = make_option(
        256,
        minimum=1,
        metavar="MB",
        help="Limit on the memory for decoded frames; those of one detection interval are always kept.",
    )

    @property
    def is_partial(self) -> bool:
        """Whether only a time range of a clip is requested."""
        return self.from_s is not None or self.to_s is not None

    def __post_init__(self) -> None:
        if isinstance(self.overlay, str):
            object.__setattr__(self, "overlay", Path(self.overlay))
        for name in ("from_s", "to_s"):
            if isinstance(value := getattr(self, name), str):
                object.__setattr__(self, name, parse_time(value))
        if isinstance(self.formats, str):
            raise OptionError(f"formats must be a tuple such as ({self.formats!r},), not a string")
        check_options(self)
        if self.from_s is not None and self.to_s is not None and self.from_s >= self.to_s:
            raise OptionError(
                f"the time range from {format_time(self.from_s)} to {format_time(self.to_s)} is empty; its end must "
                "come after its beginning"
            )
        if len(set(self.formats)) != len(self.formats):
            raise OptionError(f"formats lists a format twice: {', '.join(self.formats)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshOptions(JobOptions):
    """Options of the mesh job.

    Raises:
        OptionError: A value is out of range, or options contradict each other.
    """

    num_faces: int = make_option(
        1,
        flag="--faces",
        minimum=1,
        maximum=1000,
        metavar="N",
        help="Maximum number of faces per frame, the most prominent first.",
    )
    min_score_thresh: float = make_option(
        0.5,
        minimum=0.0,
        maximum=1.0,
        kind=int | float,
        metavar="P",
        help="A face counts as missing if its detector score, its confidence in the box stream or its mesh presence "
        "in either of the last two passes is lower; 0 accepts every box as a face.",
    )
    detect_every: int | str = make_option(
        "auto",
        minimum=1,
        maximum=64,
        word="auto",
        metavar="N|auto",
        help="Detect faces on every N-th frame, and wherever one may have appeared or disappeared; in between, track "
        "the landmarks. 1 is exact but slow; auto is 20 at 24 frames/s and above.",
    )
    boxes: Path | None = make_option(
        None,
        is_path=True,
        metavar="FILE.stream",
        help="Face boxes from an SSI stream, ymin,xmin,ymax,xmax[,confidence] as fractions of the frame; "
        "no detector runs.",
    )
    missing: str = make_option(
        "zero",
        choices=("zero", "nan", "repeat"),
        help="Landmarks of a missing face in a stream: 0, NaN or those of the last face; the confidence is always 0.",
    )
    precision: str = make_option(
        "float32",
        choices=("float32", "bf16", "fp16", "int8"),
        help=f"Compute precision of the networks (int8: of FaceMesh only): {PRECISION_HELP}.",
    )
    profile: bool = make_option(False, help="Report the time spent in each stage.")

    def __post_init__(self) -> None:
        # slots=True creates the class anew, so super() without arguments would refer to the wrong one.
        JobOptions.__post_init__(self)
        if isinstance(self.boxes, str):
            object.__setattr__(self, "boxes", Path(self.boxes))
        if self.boxes is not None and self.num_faces > 1:
            raise OptionError(f"a box stream holds one face per frame, but {self.num_faces} faces were requested")


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectOptions(JobOptions):
    """Options of the detection job.

    Raises:
        OptionError: A value is out of range, or options contradict each other.
    """

    min_score_thresh: float = make_option(
        0.5,
        minimum=0.0,
        maximum=1.0,
        kind=int | float,
        metavar="P",
        help="Discard boxes with a lower score; with --verify, also those with a lower mesh presence.",
    )
    min_suppression_thresh: float = make_option(
        0.3,
        minimum=0.0,
        maximum=1.0,
        kind=int | float,
        metavar="IOU",
        help="Boxes that overlap by more than this (intersection over union) count as one face.",
    )
    repeat_last: bool = make_option(
        True,
        help="In streams, frames without a face repeat the last box (before the first face, the whole frame) with "
        "confidence 0; otherwise they hold zeros.",
    )
    force_square: bool = make_option(True, help="Extend the shorter side of each box to make it square in pixels.")
    verify: bool = make_option(
        False, help="Keep only boxes in which FaceMesh finds a face: slower, but with far fewer false positives."
    )


def options_of(options_class: type) -> Mapping[str, Option]:
    """Return the option of each field by name, in order."""
    return {item.name: item.metadata["option"] for item in fields(options_class)}


def check_options(options: Any) -> None:
    """Check that all values of an option table are in range.

    Raises:
        OptionError: A value is out of range.
    """
    for name, option in options_of(type(options)).items():
        _check(name, getattr(options, name), option)


def _describe(options_class: type) -> str:
    """Return the help of every option, for the docstring of the class."""
    lines = [f"    {name}: {option.help}" for name, option in options_of(options_class).items()]
    return "\n    Attributes:\n    " + "\n    ".join(lines) + "\n"


def _check(name: str, value: Any, option: Option) -> None:
    if value is None or value == option.word:
        return
    if option.choices:
        for choice in value if option.is_repeatable else (value,):
            if choice not in option.choices:
                raise OptionError(f"{name} must be one of {', '.join(option.choices)}, not {choice!r}")
    if option.minimum is not None and (isinstance(value, bool) or not isinstance(value, option.kind)):
        kind = "a whole number" if option.kind is int else "a number"
        word = f" or {option.word!r}" if option.word else ""
        raise OptionError(f"{name} must be {kind}{word}, not {value!r}")
    if option.minimum is not None and not value >= option.minimum:
        raise OptionError(f"{name} must be at least {option.minimum:g}, not {value}")
    if option.maximum is not None and not value <= option.maximum:
        raise OptionError(f"{name} must be at most {option.maximum:g}, not {value}")


for _class in (MeshOptions, DetectOptions):
    _class.__doc__ = (_class.__doc__ or "") + _describe(_class)
