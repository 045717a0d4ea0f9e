"""The routes of the typed API that describe the server itself: modules, formats, health and metrics."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import PlainTextResponse

from facestream.discover.modules.catalog import find_trainer, trainer_paths
from facestream.discover.modules.registry import processor_names
from facestream.errors import RequestError, TrainerError
from facestream.formats.catalog import FORMATS
from facestream.server.api.metrics import format_metrics
from facestream.server.api.models import FormatView, Health, Module, ModuleIo
from facestream.server.service import JobService
from facestream.version import __version__

__all__ = ["ServerRoutes"]


class ServerRoutes:
    """What the routes of the server itself answer."""

    def __init__(self, service: JobService) -> None:
        self._service = service

    def modules(self) -> list[Module]:
        """List the modules that jobs can use."""
        return _modules(self._service.options.cml_dir)

    def formats(self) -> list[FormatView]:
        """List the output formats."""
        return [
            FormatView(
                name=form.name,
                title=form.title,
                description=form.description,
                suffix=form.suffix,
                is_default=form == FORMATS[0],
            )
            for form in FORMATS
        ]

    def health(self) -> Health:
        """Return the state of the server."""
        options = self._service.options
        folders = [str(folder.resolve()) for folder in options.data_dirs]
        return Health(status="ok", version=__version__, num_workers=options.num_workers, data_folders=folders)

    def metrics(self) -> PlainTextResponse:
        """Return metrics in the text format of Prometheus."""
        return PlainTextResponse(format_metrics(self._service), media_type="text/plain; version=0.0.4; charset=utf-8")


def _modules(folder: Path | None) -> list[Module]:
    modules = []
    for path in trainer_paths(folder):
        try:
            trainer = find_trainer(path, folder)
        except (RequestError, TrainerError):
            continue
        modules.append(
            Module(
                path=path,
                create=trainer.create,
                description=trainer.description,
                can_run=trainer.create in processor_names(),
                ios=[ModuleIo(direction=io.direction, id=io.id, data=io.data) for io in trainer.ios],
            )
        )
    return modules
