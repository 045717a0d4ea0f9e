"""The form that starts a job."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from facestream.discover.folders import is_file_name
from facestream.discover.modules.options import parse_module_options
from facestream.discover.requests.descriptions import Description, parse_descriptions
from facestream.errors import RequestError

__all__ = ["SECRET_FIELDS", "JobRequest", "mask_secrets", "parse_request"]

SECRET_FIELDS = ("password", "dbPassword", "db_password")

NO_DATASET, NO_SESSION = "dummy_dataset", "dummy_session"
"""Defaults of absent fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """A parsed request. Its files are not resolved yet."""

    trainer_file_path: str | None
    descriptions: Sequence[Description]
    options: Mapping[str, Any]
    dataset: str
    sessions: Sequence[str]


def parse_request(form: Mapping[str, str]) -> JobRequest:
    """Parse the fields of a form. Empty fields count as absent, and unknown ones are ignored.

    Raises:
        RequestError: a field is missing, cannot be understood, or asks for what is refused.
    """
    values = {name: value for name, value in form.items() if value}
    if "sharedDir" in values:
        raise RequestError("sharedDir is refused: results go to the server's own folder; leave it out")
    if "data" not in values:
        raise RequestError("the request has no data, the list of what is read and written")
    return JobRequest(
        trainer_file_path=values.get("trainerFilePath"),
        descriptions=parse_descriptions(values["data"]),
        options=parse_module_options(values.get("options"), values.get("optStr")),
        dataset=values.get("dataset", NO_DATASET),
        sessions=_parse_sessions(values.get("sessions")),
    )


def mask_secrets(form: Mapping[str, str]) -> dict[str, str]:
    """Return the form without passwords."""
    return {name: "****" if name in SECRET_FIELDS else value for name, value in form.items()}


def _parse_sessions(text: str | None) -> tuple[str, ...]:
    if text is None:
        return (NO_SESSION,)
    try:
        sessions = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError(f'sessions is not valid JSON ({error}); expected a list such as ["s01","s02"]') from error
    if not isinstance(sessions, list) or not sessions or not all(isinstance(name, str) and name for name in sessions):
        raise RequestError('sessions must be a JSON list of names such as ["s01","s02"]')
    for name in sessions:
        if not is_file_name(name):
            raise RequestError(
                f"session {name[:80]!r} is no plain name; it may not be a path or hold control characters"
            )
    return tuple(dict.fromkeys(sessions))
