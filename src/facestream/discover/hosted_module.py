"""Run facestream's processors inside DISCOVER's own runner, which passes loaded objects instead of files.

Nothing of DISCOVER is imported here. The scripts of the module folders (``trainers/``) refer to its classes, and this
module knows the attributes of their objects.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from facestream.discover.modules.registry import find_processor
from facestream.discover.processors import Processor, SessionWork
from facestream.discover.progress_lines import ProgressLines
from facestream.errors import RequestError
from facestream.ssi.stream import SsiStream, read_stream, write_stream

__all__ = ["HostedModule", "HostedOutput", "HostedSession"]


class HostedSession(Protocol):
    """The objects that DISCOVER's runner has loaded for one session, by the IDs of the request."""

    input_data: Mapping[str, Any]
    """Objects with ``data`` and ``meta_data``."""
    output_data_templates: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HostedOutput:
    """A stream for one output of the request."""

    stream: SsiStream
    template: Any
    """The empty object that the runner made for it."""

    def to_object(self, stream_class: Any) -> Any:
        """The runner's class of streams, with all attributes that its writer reads."""
        meta = self.template.meta_data
        return stream_class(
            data=self.stream.data,
            sample_rate=self.stream.rate_hz,
            dtype=self.stream.data.dtype.type,
            media_type=self.stream.media_type,
            custom_meta=dict(self.stream.meta),
            name=meta.name,
            role=meta.role,
            dataset=meta.dataset,
            session=meta.session,
        )


class HostedModule:
    """A module that DISCOVER's runner calls for each session. Networks stay loaded."""

    def __init__(self, name: str, model_io: Sequence[Any], options: Mapping[str, Any] | None) -> None:
        """``name`` is ``create`` of the trainer; ``model_io`` and ``options`` are as the runner read them.

        Raises:
            RequestError: facestream has no processor of that name.
        """
        self._processor = find_processor(name)
        self._options = options or {}
        self._output_ids = [io.io_id for io in model_io if io.io_type == "output"]

    def process(self, session: HostedSession) -> dict[str, HostedOutput]:
        """Process a session; return the requested outputs by the IDs of the request.

        Raises:
            RequestError: an input or output is missing, or cannot be read here.
            FacestreamError: it cannot be done.
        """
        inputs = {own: session.input_data[given] for own, given in _names(session.input_data, self._processor).items()}
        templates = session.output_data_templates
        names = {own: given for own, given in _names(templates, self._processor).items() if own in self._output_ids}
        missing = [name for name in self._processor.needed_ids if name not in inputs and name not in names]
        if missing:
            raise RequestError(f"the request has no {' and no '.join(map(repr, missing))}")
        with tempfile.TemporaryDirectory(prefix="facestream-session-") as folder:
            scratch = Path(folder)
            outputs = {own: scratch / f"{own}.stream" for own in names}
            summary = self._processor.process(
                SessionWork(
                    inputs={own: _as_file(own, loaded, scratch) for own, loaded in inputs.items()},
                    outputs=outputs,
                    options=self._options,
                    scratch_folder=scratch,
                    log=_say,
                    on_progress=ProgressLines(_say),
                    should_stop=lambda: False,
                )
            )
            for warning in summary.warnings:
                _say(f"warning: {warning}")
            if not summary.complete:
                _say(f"warning: {summary.reason}; the outputs hold the {summary.num_rows} rows before that")
            return {given: HostedOutput(_load(outputs[own]), templates[given]) for own, given in names.items()}


def _names(given: Mapping[str, Any], processor: Processor) -> dict[str, str]:
    """Match the IDs of the trainer with the names in a request: the IDs themselves, or their aliases."""
    names = {name: name for name in given}
    for own, others in processor.aliases.items():
        found = next((name for name in (own, *others) if name in given), None)
        if found is not None:
            names[own] = found
    return names


def _as_file(name: str, loaded: Any, folder: Path) -> Path:
    """Return the file of a loaded object. Data that is only in memory is written to ``folder``."""
    path = getattr(loaded.meta_data, "file_path", None)
    if path is not None and Path(path).is_file():
        return Path(path)
    data = loaded.data
    if isinstance(data, np.ndarray) and data.ndim == 2:
        stream = folder / f"{name}-input.stream"
        write_stream(stream, data, float(loaded.meta_data.sample_rate))
        return stream
    if isinstance(data, np.ndarray) and data.ndim == 3 and data.dtype == np.uint8:
        picture = folder / f"{name}-input.png"
        Image.fromarray(data).save(picture)
        return picture
    raise RequestError(f"input {name!r} does not lie in a file, and is no picture or stream in memory")


def _load(path: Path) -> SsiStream:
    """Read into memory, since the file will be removed."""
    stream = read_stream(path)
    return SsiStream(np.array(stream.data), stream.rate_hz, stream.media_type, stream.meta)


def _say(text: str) -> None:
    # DISCOVER logs what modules print.
    print(text, flush=True)  # noqa: T201
