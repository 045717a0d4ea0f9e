"""The options of the jobs: one table of name, default, limits and help, which the command line and docs show."""

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
    """What the doors need to know of one option beside its default."""

    help: str
    flag: str | None = None
    """On the command line, where it is not the name with dashes."""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    kind: Any = int
    """Of a number: ``int``, or ``int | float``."""
    word: str | None = None
    """What may stand in the place of a number."""
    is_time: bool = False
    """Seconds, which may also be written as text, such as 1:02.5."""
    is_path: bool = False
    is_repeatable: bool = False
    metavar: str | None = None
    environment: tuple[str, ...] = ()
    """Other names in the environment, beside facestream's own."""


def make_option(default: Any, **details: Any) -> Any:
    """A field of an option table."""
    return field(default=default, metadata={"option": Option(**details)})


PRECISION_HELP = "less than float32 may be faster, and moves landmarks (docs/accuracy.md)"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """What the jobs have in common."""

    detector: str = make_option(
        "back", choices=("back", "front"), help="BlazeFace variant: back finds more faces, front is faster."
    )
    batch_size: int = make_option(
        50, minimum=1, metavar="N", help="How many frames travel together; results do not depend on it."
    )
    formats: tuple[str, ...] = make_option(
        (),
        flag="--format",
        choices=FORMAT_NAMES,
        is_repeatable=True,
        help="Output format, may be given several times.  [default: stream, or what -o ends in]",
    )
    rate_hz: float | None = make_option(
        None,
        flag="--rate",
        minimum=0.001,
        maximum=10_000.0,
        kind=int | float,
        metavar="HZ",
        help="Write rows on a constant clock: row k is the frame at k / HZ seconds, the nearest one. "
        "One row a frame when left out.",
    )
    from_s: float | None = make_option(
        None,
        flag="--from",
        minimum=0.0,
        maximum=1e9,
        kind=int | float,
        is_time=True,
        metavar="TIME",
        help="Only the frames from this time on, in the clip's own time stamps: 62.5, 1:02.5 or 1:00:02.5. Numbers and "
        "time stamps of frames, and what is found in them, are those of the whole clip.",
    )
    to_s: float | None = make_option(
        None,
        flag="--to",
        minimum=0.0,
        maximum=1e9,
        kind=int | float,
        is_time=True,
        metavar="TIME",
        help="Only the frames before this time.",
    )
    sequence_hz: float | None = make_option(
        None,
        flag="--sequence",
        minimum=0.001,
        maximum=10_000.0,
        kind=int | float,
        metavar="HZ",
        help="Read the pictures of a folder or pattern as the frames of one clip, HZ a second, in the order of their "
        "numbers.",
    )
    overlay: bool | Path = make_option(
        False,
        metavar="[FILE]",
        help="Also draw what was found over the input: FILE.mp4 for a video, FILE.png or FILE.jpg for a picture; "
        "beside the other outputs without FILE.",
    )
    device: str = make_option(
        "auto",
        choices=("auto", "cpu", "cuda", "mps"),
        help="Where the networks run; auto is CUDA where there is one, else the CPU.",
    )
    engine: str = make_option(
        "auto",
        choices=("auto", "torch", "openvino"),
        help="What runs the networks; auto is PyTorch on a GPU and OpenVINO on the CPU, where it is installed.",
    )
    precision: str = make_option(
        "float32",
        choices=("float32", "bf16", "fp16"),
        help=f"What the networks compute in: {PRECISION_HELP}.",
    )
    num_threads: int | None = make_option(
        None,
        flag="--threads",
        minimum=1,
        maximum=1024,
        metavar="N",
        help="How many threads may work at once: decoder, OpenCV and engine together; all cores when left out.",
    )
    weights: Path | None = make_option(None, is_path=True, help="Your own FaceMesh weights: .safetensors or .tflite.")
    detector_weights: Path | None = make_option(
        None, is_path=True, help="Your own BlazeFace weights for the chosen detector: .safetensors or .tflite."
    )
    frame_memory_mb: int = make_option(
        256,
        minimum=1,
        metavar="MB",
        help="Bound on the decoded frames held at once; those from one detection to the next always are.",
    )

    @property
    def is_partial(self) -> bool:
        """Whether only a part of a clip is wanted."""
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
                f"the part from {format_time(self.from_s)} to {format_time(self.to_s)} holds nothing; its end must "
                "come after its beginning"
            )
        if len(set(self.formats)) != len(self.formats):
            raise OptionError(f"formats names one format twice: {', '.join(self.formats)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshOptions(JobOptions):
    """Options of the mesh job.

    Raises:
        OptionError: a value out of its range, or options that do not go together.
    """

    num_faces: int = make_option(
        1, flag="--faces", minimum=1, maximum=1000, metavar="N", help="Faces per frame, the most prominent first."
    )
    min_score_thresh: float = make_option(
        0.5,
        minimum=0.0,
        maximum=1.0,
        kind=int | float,
        metavar="P",
        help="A face whose detector score, confidence in the box stream, or mesh presence in either of the last two "
        "looks is lower is missing; 0 takes every box for a face.",
    )
    detect_every: int | str = make_option(
        "auto",
        minimum=1,
        maximum=64,
        word="auto",
        metavar="N|auto",
        help="Detect on every N-th frame, and wherever a face may have come or gone; between, follow the landmarks. "
        "1 is exact and slow; auto is 20 from 24 frames/s on.",
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
        help="Landmarks of a missing face in a stream: 0, NaN or the last face's; the confidence is 0 in all three.",
    )
    precision: str = make_option(
        "float32",
        choices=("float32", "bf16", "fp16", "int8"),
        help=f"What the networks compute in, FaceMesh alone where it is int8: {PRECISION_HELP}.",
    )
    profile: bool = make_option(False, help="Tell where the time went, stage by stage.")

    def __post_init__(self) -> None:
        # slots=True makes the class anew, which super() without arguments does not know.
        JobOptions.__post_init__(self)
        if isinstance(self.boxes, str):
            object.__setattr__(self, "boxes", Path(self.boxes))
        if self.boxes is not None and self.num_faces > 1:
            raise OptionError(f"a box stream holds one face a frame, but {self.num_faces} faces were asked for")


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectOptions(JobOptions):
    """Options of the detection job.

    Raises:
        OptionError: a value out of its range, or options that do not go together.
    """

    min_score_thresh: float = make_option(
        0.5,
        minimum=0.0,
        maximum=1.0,
        kind=int | float,
        metavar="P",
        help="A box with a lower score is no face; with --verify also one in which the mesh's presence is lower.",
    )
    min_suppression_thresh: float = make_option(
        0.3,
        minimum=0.0,
        maximum=1.0,
        kind=int | float,
        metavar="IOU",
        help="Boxes that overlap by more (intersection over union) are one face.",
    )
    repeat_last: bool = make_option(
        True,
        help="In streams, frames without a face carry the last box, before the first face the whole frame, with "
        "confidence 0; else zeros.",
    )
    force_square: bool = make_option(True, help="Stretch the shorter side of each box, so that it is square in pixels.")
    verify: bool = make_option(
        False, help="Keep only boxes in which FaceMesh sees a face: slower, and far fewer false ones."
    )


def options_of(options_class: type) -> Mapping[str, Option]:
    """The table: each field's name and its option, in order."""
    return {item.name: item.metadata["option"] for item in fields(options_class)}


def check_options(options: Any) -> None:
    """Make sure that the values of a table are in their ranges.

    Raises:
        OptionError: one is not.
    """
    for name, option in options_of(type(options)).items():
        _check(name, getattr(options, name), option)


def _describe(options_class: type) -> str:
    """The help of every option, for the class's docstring."""
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
