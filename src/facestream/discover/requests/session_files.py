"""Resolve the descriptions of one session to files on this machine."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from facestream.discover.folders import JobFolders, check_plain_name
from facestream.discover.requests.descriptions import Description, fill_template
from facestream.errors import RequestError

__all__ = ["SessionPlaces"]

STREAM_SUFFIX = ".stream"

MAX_REQUEST_DATA = 200_000_000
"""The most bytes of a picture inside a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlaces:
    """Resolves the inputs and outputs of one session."""

    folders: JobFolders
    dataset: str
    session: str
    result_folder: Path
    """For outputs that the client downloads."""
    scratch_folder: Path
    """For inputs inside the request, and downloaded ones."""
    download: Callable[[str, Path], Path] | None
    """Downloads a URL to a folder; ``None`` if downloads are not allowed."""

    def find_input(self, description: Description) -> Path:
        """Return the file of an input.

        Raises:
            RequestError: it does not exist, or may not be read.
        """
        origin = description.source.origin
        if origin == "file":
            return self.folders.find_input(self._uri(description))
        if origin == "db":
            return self._find_in_dataset(description)
        if origin == "url":
            return self._download(description)
        return self._save_request_data(description)

    def place_output(self, description: Description) -> Path:
        """Return the place of an output, and create its folder.

        Raises:
            RequestError: it may not go there.
        """
        origin = description.source.origin
        if origin == "file":
            return self.folders.place_output(_with_suffix(self._uri(description)))
        if origin == "db":
            folder = next((f for f in self.folders.data_folders if (f / self._dataset).is_dir()), None)
            name = _with_suffix(f"{self._role_and_name(description)}")
            place = Path(self._dataset) / self._session / name
            return self.folders.place_output(str((folder or self.folders.data_folders[0]).absolute() / place))
        if origin == "url":
            raise RequestError(f"{_name(description)}: nothing can be written to a url")
        name = check_plain_name(description.name or description.id or secrets.token_hex(3), "name")
        folder = self.result_folder / self._dataset / self._session
        folder.mkdir(parents=True, exist_ok=True)
        return folder / _with_suffix(name)

    @property
    def _dataset(self) -> str:
        return check_plain_name(self.dataset, "dataset")

    @property
    def _session(self) -> str:
        return check_plain_name(self.session, "session")

    def _uri(self, description: Description) -> str:
        if description.uri_template is not None:
            return fill_template(description.uri_template, self.dataset, self.session)
        if description.uri is None:
            raise RequestError(f"{_name(description)} has neither uri nor uri_template, which say where it lies")
        return description.uri

    def _role_and_name(self, description: Description) -> str:
        role = check_plain_name(description.role, f"role of {_name(description)}")
        name = check_plain_name(description.name, f"name of {_name(description)}")
        return f"{role}.{name}"

    def _find_in_dataset(self, description: Description) -> Path:
        """Return the single file that matches ``<data folder>/<dataset>/<session>/<role>.<name>.<ext>``."""
        stem = self._role_and_name(description)
        for data_folder in self.folders.data_folders:
            folder = data_folder / self._dataset / self._session
            found = sorted(path for path in _files(folder) if path.stem == stem and not path.name.endswith("~"))
            if description.source.kind.sub_kind == "ssistream" or len(found) > 1:
                wanted = description.source.kind.sub_kind != "video"
                found = [path for path in found if (path.suffix.lower() == STREAM_SUFFIX) is wanted]
            if len(found) > 1:
                names = ", ".join(path.name for path in found)
                raise RequestError(f"{folder}: several files fit {stem}.*: {names}; leave one")
            if found:
                return self.folders.find_input(str(found[0].absolute()))
        places = ", ".join(str(f / self.dataset / self.session) for f in self.folders.data_folders)
        raise RequestError(f"{_name(description)}: there is no file {stem}.* in {places}")

    def _download(self, description: Description) -> Path:
        url = self._uri(description)
        if self.download is None:
            raise RequestError(f"{url[:200]}: the server downloads nothing; --allow-url would allow it")
        path = self.download(url, self.scratch_folder)
        if description.source.kind.sub_kind == "ssistream":
            # The samples are next to the header.
            self.download(f"{url}~", self.scratch_folder).rename(path.with_name(path.name + "~"))
        return path

    def _save_request_data(self, description: Description) -> Path:
        """Write data inside the request, text or a picture in base64, to a file."""
        kind = description.source.kind.super_kind
        if kind == "text":
            return self._save_text(description)
        if kind != "image":
            raise RequestError(f"{_name(description)}: of what a request carries itself, only image and text are read")
        data = description.data
        if not isinstance(data, str) or not data:
            raise RequestError(f"{_name(description)} has no data, which should be a picture in base64")
        # Browsers prepend the type: data:image/png;base64,...
        text = data.partition(",")[2] if data.startswith("data:") else data
        try:
            content = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise RequestError(f"{_name(description)}: its data is no base64 ({error})") from error
        if len(content) > MAX_REQUEST_DATA:
            raise RequestError(f"{_name(description)}: its data has more than {MAX_REQUEST_DATA // 10**6} MB")
        path = self.scratch_folder / f"{secrets.token_hex(8)}.image"
        path.write_bytes(content)
        return path

    def _save_text(self, description: Description) -> Path:
        """Return a text, or the lines of a list."""
        data = description.data
        lines = [data] if isinstance(data, str) else data
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            raise RequestError(f"{_name(description)} has no data, which should be a text or a list of texts")
        path = self.scratch_folder / f"{secrets.token_hex(8)}.txt"
        path.write_text("\n".join(lines), "utf-8", "replace")
        return path


def _files(folder: Path) -> Iterable[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_file()]
    except OSError:
        return []


def _with_suffix(name: str) -> str:
    """Only streams are written. They are recognised by their file extension."""
    return name if name.lower().endswith(STREAM_SUFFIX) else name + STREAM_SUFFIX


def _name(description: Description) -> str:
    return f"{description.word} {(description.id or description.name or '')!r}"
