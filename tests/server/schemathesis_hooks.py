"""What schemathesis is told beside the API's description: files and jobs that there are, so that it gets beyond 404."""

from __future__ import annotations

from typing import Any

import pydantic
import schemathesis

from facestream.server.api.models import NewJob

CLIPS = ("clip.mp4", "no.mp4", "../clip.mp4", "notes.txt")
NUM_JOBS = 12


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Every other job that would be understood is one that may be run."""
    number = len(repr(body))
    if context.operation.label == "POST /api/v1/jobs" and number % 2 and _is_understood(body):
        return {
            "module": "facemesh" if number % 3 else "blazeface",
            "inputs": {"data" if number % 3 else "video": CLIPS[number % 8 // 2]},
            "outputs": {"landmarks": f"{number % 5}.stream"},
            "options": {"batch_size": number % 7},
        }
    return body


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Most numbers are those of jobs."""
    number = (path_parameters or {}).get("number")
    # Small ones are those that an answer told, and stay.
    if isinstance(number, int) and number > 1000 and number % 4:
        return {**(path_parameters or {}), "number": number % NUM_JOBS + 1}
    return path_parameters


def _is_understood(body: Any) -> bool:
    try:
        NewJob.model_validate(body, strict=True)
    except pydantic.ValidationError:
        return False
    return True
