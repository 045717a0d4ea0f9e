"""Parse the forms of DISCOVER's clients: urlencoded or multipart, as scripts and .NET send them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from facestream.errors import RequestError

__all__ = ["read_form", "read_upload"]

MAX_FIELDS = 1000

Value = TypeVar("Value")


async def read_form(request: Request, *, max_bytes: int) -> dict[str, str]:
    """Return the text fields of a form. Of repeated fields the first one counts, as in DISCOVER.

    Raises:
        RequestError: the body is no form, or has too many fields.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return {name: value for name, value in (await _read_multipart(request, max_bytes)).items() if _is_text(value)}
    body = await request.body()
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise RequestError(f"the form cannot be read ({error})") from error
    return _first_values(pairs)


async def read_upload(request: Request, name: str) -> UploadFile:
    """Return the file of a field, at its beginning.

    Raises:
        RequestError: it does not exist.
    """
    fields = await _read_multipart(request, 1 << 20)
    file = fields.get(name)
    if not isinstance(file, UploadFile):
        raise RequestError(f"the form has no file {name!r}; send multipart/form-data with one")
    return file


async def _read_multipart(request: Request, max_bytes: int) -> Mapping[str, Any]:
    parser = MultiPartParser(
        request.headers, request.stream(), max_files=8, max_fields=MAX_FIELDS, max_part_size=max_bytes
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise RequestError(f"the multipart form cannot be read ({error.message})") from error
    except (KeyError, ValueError, AttributeError) as error:
        raise RequestError(f"the multipart form cannot be read ({error})") from error
    return _first_values(form.multi_items())


def _first_values(pairs: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, value in pairs:
        values.setdefault(name, value)
    return values


def _is_text(value: object) -> bool:
    return isinstance(value, str)
