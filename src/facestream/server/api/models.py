"""The request and response models of the typed API."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "CurvesView", "FolderEntry", "FolderView", "Health", "JobChanges", "JobList", "JobView", "Module", "ModuleIo",
    "NewJob", "NewUpload", "PreviewView", "Problem", "ProgressView", "ResultFile", "StatusName", "StreamView",
    "TopologyView", "UploadView", "VideoView",
]  # fmt: skip

StatusName = Literal["waiting", "running", "finished", "error", "canceled"]
Path = str


class NewJob(BaseModel):
    """A job to be queued. Paths are relative to the data folders, or lie in one of them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    module: str = Field(description="Path of a trainer, such as facemesh/facemesh.trainer; the name alone will do.")
    inputs: dict[str, Path] = Field(description="Files to read, by the module's ids.", max_length=100)
    outputs: dict[str, Path] = Field(description="Files to write, by the module's ids.", max_length=100)
    options: dict[str, Any] = Field(default_factory=dict, description="The module's options.")
    name: str = Field(default="", max_length=1000, description="What people call it, such as the file's own name.")
    key: str | None = Field(
        default=None, min_length=1, max_length=200, description="Its name for DISCOVER's routes; made up when left out."
    )


class ProgressView(BaseModel):
    """The progress of a running job."""

    session: int
    num_sessions: int
    num_frames: int
    num_frames_total: int | None
    fps: float
    seconds_left: float | None


class JobView(BaseModel):
    """One job. Times are seconds since 1970."""

    number: int
    key: str
    status: StatusName
    module: str
    name: str
    inputs: dict[str, Path] = Field(description="What it reads, by id, as far as the request names files.")
    error: str
    progress: ProgressView | None
    outputs: list[Path]
    queued_s: float
    started_s: float | None
    ended_s: float | None


class JobList(BaseModel):
    """A page of jobs, the newest first."""

    jobs: list[JobView]
    before: int | None = Field(description="Ask with it for the next page; null where this is the last.")
    counts: dict[StatusName, int]
    change: int = Field(description="Number of the last change; events after it are what happened since.")


class JobChanges(BaseModel):
    """The changes of the queue since an earlier one."""

    change: int
    jobs: list[JobView]
    removed: list[int] = Field(description="Numbers of jobs that were forgotten.")
    counts: dict[StatusName, int]


class ResultFile(BaseModel):
    """A file that a job wrote."""

    index: int
    path: Path
    num_bytes: int


class ModuleIo(BaseModel):
    """An input or output of a module."""

    direction: str
    id: str
    data: str


class FolderEntry(BaseModel):
    """A file or folder in the data folders."""

    name: str
    path: Path
    kind: Literal["folder", "video", "picture", "stream", "other"]
    num_bytes: int
    modified_s: float


class FolderView(BaseModel):
    """The contents of a folder, or the data folders if none was named."""

    path: Path | None
    parent: Path | None
    entries: list[FolderEntry]
    is_whole: bool = Field(description="False where there are more entries than are listed.")


class StreamView(BaseModel):
    """The header of a stream. Its samples are in a file next to it with a tilde after its name."""

    path: Path
    media_type: str
    type_name: str = Field(description="SSI's name of the numbers' type, such as FLOAT.")
    is_text: bool
    dim: int
    num_rows: int
    rate_hz: float
    width: int | None
    height: int | None
    is_constant: bool = Field(description="Rows lie on a clock of their own, not a row a frame.")
    first_frame: int | None = Field(description="Number of the frame of the first row, where only a part was read.")
    start_s: float = Field(description="When that frame is, after the first one of the clip.")


class CurvesView(BaseModel):
    """Values of evenly spaced rows of a stream; null if there is no face."""

    rows: list[int]
    values: dict[str, list[float | None]]


class VideoView(BaseModel):
    """A picture or video. Sizes are those of the upright frame."""

    path: Path
    kind: Literal["picture", "video"]
    width: int
    height: int
    rate_hz: float
    num_frames: int


class PreviewView(BaseModel):
    """The progress of a copy of a video that browsers can play."""

    state: Literal["making", "ready", "failed"]
    share: float = Field(description="Of its frames, as far as their number is known.")
    problem: str


class TopologyView(BaseModel):
    """The connections between the landmarks of a mesh."""

    contours: dict[str, list[int]]
    tessellation: list[list[int]] = Field(description="Pairs of landmarks.")


class NewUpload(BaseModel):
    """A file that will arrive in parts."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(max_length=1000)
    num_bytes: int = Field(ge=0, le=2**53)


class UploadView(BaseModel):
    """A file that has arrived in part or completely."""

    name: str = Field(description="By which jobs find it once it is whole.")
    num_bytes: int
    num_bytes_there: int


class Module(BaseModel):
    """A module that jobs can use."""

    path: str
    create: str
    description: str
    can_run: bool
    ios: list[ModuleIo]


class FormatView(BaseModel):
    """An output format that ``formats`` in the options of a job may name."""

    name: str
    title: str
    description: str
    suffix: str = Field(description="The file extension, with its dot.")
    is_default: bool = Field(description="Written by every job.")


class Health(BaseModel):
    """The state of the server."""

    status: Literal["ok"]
    version: str
    num_workers: int
    data_folders: list[Path]


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str
