"""Find trainers by the path in a request: first in the user's folder, then among facestream's own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Any

from facestream.discover.folders import is_file_name
from facestream.discover.trainer import Trainer, read_trainer
from facestream.errors import RequestError, TrainerError

__all__ = ["describe_modules", "find_trainer", "trainer_paths"]

LEADING_FOLDER = "modules"
"""Whether this folder is part of a path depends on the folder that a server was started with."""


def find_trainer(trainer_file_path: str | None, folder: Path | None = None) -> Trainer:
    """Find the trainer of a ``trainerFilePath``, with slashes of either kind, with or without ``modules/``.

    Args:
        trainer_file_path: below ``folder``, or the path of one of our own.
        folder: where the user's trainers lie.

    Raises:
        RequestError: it does not exist, or the path leads outside of the folder.
        TrainerError: it cannot be read.
    """
    if not trainer_file_path:
        raise RequestError("trainerFilePath not specified in request.")
    path = PurePosixPath(trainer_file_path.replace("\\", "/"))
    is_name = is_file_name(trainer_file_path)
    if not is_name or path.is_absolute() or ".." in path.parts or ":" in trainer_file_path:
        raise RequestError(f"trainerFilePath {trainer_file_path[:200]!r} leads out of the folder of trainers")
    places = [path, path.relative_to(LEADING_FOLDER) if path.parts[:1] == (LEADING_FOLDER,) else LEADING_FOLDER / path]
    for root in (*([folder] if folder else []), _own_folder()):
        for place in places:
            file = root / place
            # Unlike is_file, isfile tolerates names that are too long.
            if os.path.isfile(file):  # noqa: PTH113
                if not _is_inside(file, root):
                    raise RequestError(
                        f"trainerFilePath {trainer_file_path[:200]!r} leads out of the folder of trainers"
                    )
                return read_trainer(file)
    known = ", ".join(str(name) for name, _ in _trainer_files(_own_folder()))
    raise RequestError(
        f"Trainer file not available: {trainer_file_path[:200]}"
        f" (looked in {folder or 'no folder of your own'}, and among ours: {known})"
    )


def describe_modules(folder: Path | None = None) -> dict[str, dict[str, str]]:
    """Return the answer of ``/cml_info``: readable and unreadable trainers by path. There are no chains."""
    found: dict[str, dict[str, str]] = {"chains_faulty": {}, "chains_ok": {}, "trainer_faulty": {}, "trainer_ok": {}}
    for name, path in sorted(_all_trainer_files(folder).items()):
        try:
            found["trainer_ok"][name] = json.dumps(_for_nova(read_trainer(path)))
        except TrainerError as error:
            found["trainer_faulty"][name] = str(error)
    return found


def trainer_paths(folder: Path | None = None) -> list[str]:
    """Return the paths of all trainers, as requests name them."""
    return sorted(_all_trainer_files(folder))


def _for_nova(trainer: Trainer) -> Mapping[str, Any]:
    """Return a trainer in DISCOVER's format, in which inner lists are JSON strings."""
    ios = [
        {
            "type": io.direction,
            "id": io.id,
            "data": io.data,
            "default_value": io.default_value,
            "default_active": io.default_active,
        }
        for io in trainer.ios
    ]
    uris = [{"id": uri.id, "url": uri.url, "hash": uri.hash, "tar": uri.is_tar} for uri in trainer.uris]
    return {
        "model_script_path": trainer.script,
        "model_option_path": trainer.option_path,
        "model_option_string": trainer.option_string,
        "model_weights_path": trainer.weights_path,
        "model_stream": trainer.stream,
        "model_create": trainer.create,
        "model_multirole_input": trainer.is_multi_role,
        "users": list(trainer.users),
        "classes": list(trainer.classes),
        "streams": list(trainer.streams),
        "register": list(trainer.register),
        "info_trained": trainer.is_trained,
        "meta_frame_step": trainer.frame_step_ms,
        "meta_right_ctx": trainer.right_context_ms,
        "meta_left_ctx": trainer.left_context_ms,
        "meta_balance": trainer.balance,
        "meta_backend": trainer.backend,
        "meta_io": json.dumps(ios),
        "meta_uri": json.dumps(uris),
        "meta_description": trainer.description,
        "meta_is_iterable": trainer.is_iterable,
        "meta_enable_post_process": trainer.enables_post_process,
        "meta_category": trainer.category,
        "ssi_v": "5",
        "xml_version": "1.0",
    }


def _all_trainer_files(folder: Path | None) -> dict[str, Path]:
    """Return the folders of trainers. The user's own precede those of facestream."""
    return {name: path for root in (_own_folder(), folder) if root for name, path in _trainer_files(root)}


def _own_folder() -> Path:
    return Path(str(resources.files("facestream.discover") / "trainers"))


def _trainer_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Iterate over the paths in a folder of trainers, without following links out of it."""
    for path in sorted(root.rglob("*.trainer")):
        if path.is_file() and _is_inside(path, root):
            yield str(path.relative_to(root)), path


def _is_inside(path: Path, root: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
