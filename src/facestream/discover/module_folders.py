"""Write folders of facestream's modules for DISCOVER's own runner: trainer, script, requirements and version."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from facestream.errors import InputError, OutputError
from facestream.version import __version__

__all__ = ["MODULE_NAMES", "write_module_folders"]

MODULE_NAMES = ("blazeface", "facemesh")
SCRIPT_MARK = b"from facestream."
"""A marker in every script of facestream, by which its folders are recognised."""


def write_module_folders(folder: Path, wheel: Path | None = None) -> list[Path]:
    """Write a folder for each module in ``folder``; return these folders.

    Args:
        folder: DISCOVER's ``--cml_dir``, or its folder ``modules``; made where it is missing.
        wheel: a wheel of facestream that DISCOVER is to install; this version from the package index when left out.

    Raises:
        InputError: the wheel is missing, or none of facestream.
        OutputError: another module lies there, or the folder cannot be written.
    """
    requirement = f"facestream=={__version__}" if wheel is None else f"facestream @ {_check_wheel(wheel).as_uri()}"
    contents = {folder / name: _files_of(name, requirement) for name in MODULE_NAMES}
    for place in contents:
        _check_place(place)
    for place, files in contents.items():
        try:
            place.mkdir(parents=True, exist_ok=True)
            for name, content in files.items():
                (place / name).write_bytes(content)
        except OSError as error:
            raise OutputError(f"{place}: cannot be written ({error.strerror or error})") from error
    return list(contents)


def _files_of(name: str, requirement: str) -> Mapping[str, bytes]:
    source = resources.files("facestream.discover") / "trainers" / name
    return {
        **{file.name: file.read_bytes() for file in source.iterdir() if file.name.endswith((".trainer", ".py"))},
        # DISCOVER makes an environment for each module, and a new one for each version.
        "requirements.txt": f"hcai-discover-utils>=1.1.1\n{requirement}\n".encode(),
        "version.py": f'__version__ = "{__version__}"\n'.encode(),
    }


def _check_wheel(wheel: Path) -> Path:
    """Return the absolute path of a wheel."""
    if not (wheel.name.startswith("facestream-") and wheel.suffix == ".whl"):
        raise InputError(f"{wheel}: no wheel of facestream; expected a file such as facestream-{__version__}-...whl")
    if not wheel.is_file():
        raise InputError(f"{wheel}: there is no such file; python -m build --wheel makes one")
    return wheel.resolve()


def _check_place(place: Path) -> None:
    """Make sure that only folders of facestream are overwritten."""
    try:
        scripts = [path for path in place.glob("*.py") if path.name != "version.py"]
        is_taken = (place.exists() and not place.is_dir()) or not all(
            SCRIPT_MARK in path.read_bytes() for path in scripts
        )
    except OSError as error:
        raise OutputError(f"{place}: cannot be looked into ({error.strerror or error})") from error
    if is_taken:
        raise OutputError(f"{place}: another module lies there; move it away, or name another folder")
