"""What the API of our own takes and gives."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Health", "JobList", "JobView", "Module", "ModuleIo", "NewJob", "Problem", "ProgressView", "ResultFile"]

StatusName = Literal["waiting", "running", "finished", "error", "canceled"]
Path = str


class NewJob(BaseModel):
    """A job to be queued. Paths are relative to the data folders, or lie in one of them."""

    model_config = ConfigDict(extra="forbid")

    module: str = Field(description="Path of a trainer, such as facemesh/facemesh.trainer; the name alone will do.")
    inputs: dict[str, Path] = Field(description="Files to read, by the module's ids.", max_length=100)
    outputs: dict[str, Path] = Field(description="Files to write, by the module's ids.", max_length=100)
    options: dict[str, Any] = Field(default_factory=dict, description="The module's options.")
    key: str | None = Field(
        default=None, min_length=1, max_length=200, description="Its name for DISCOVER's routes; made up when left out."
    )


class ProgressView(BaseModel):
    """How far a running job is."""

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


class ResultFile(BaseModel):
    """A file that a job wrote."""

    index: int
    path: Path
    num_bytes: int


class ModuleIo(BaseModel):
    """Something that a module takes or gives."""

    direction: str
    id: str
    data: str


class Module(BaseModel):
    """A module that jobs may name."""

    path: str
    create: str
    description: str
    can_run: bool
    ios: list[ModuleIo]


class Health(BaseModel):
    """That the server lives."""

    status: Literal["ok"]
    version: str
    num_workers: int
    data_folders: list[Path]


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str
