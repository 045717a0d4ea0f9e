"""The public names are what they are on purpose."""

from __future__ import annotations

import importlib
from importlib import resources
from pathlib import Path

import pytest

import facestream
from facestream import errors, models


def test_public_names() -> None:
    assert sorted(facestream.__all__) == [
        "DetectOptions",
        "Detections",
        "DeviceError",
        "FaceMeshPipeline",
        "FaceMeshes",
        "FacestreamError",
        "FrameDetections",
        "FrameMeshes",
        "InputError",
        "JobStopped",
        "MeshOptions",
        "OptionError",
        "OutputError",
        "Progress",
        "SourceError",
        "SsiStream",
        "StreamFormatError",
        "Summary",
        "WeightsError",
        "__version__",
        "convert",
        "detect",
        "extract",
        "iter_detections",
        "iter_meshes",
        "read_stream",
        "write_stream",
    ]
    for name in facestream.__all__:
        assert getattr(facestream, name) is not None
    assert dir(facestream) == facestream.__all__


@pytest.mark.parametrize("module", [facestream, models])
def test_no_other_names(module: object) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        module.nonsense  # type: ignore[attr-defined] # noqa: B018


def test_one_exception_tree() -> None:
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.FacestreamError)


def test_every_public_name_is_documented() -> None:
    for name in [*facestream.__all__, *models.__all__]:
        value = getattr(facestream, name, None) or getattr(models, name)
        if callable(value):
            assert value.__doc__, name


def test_typed_and_licensed() -> None:
    assert (resources.files("facestream") / "py.typed").is_file()
    root = Path(__file__).parents[1]
    notice = (root / "NOTICE").read_text()
    for record in models.WEIGHTS.values():
        assert record.file in notice
        assert record.path.is_file()
    assert "Apache License" in (root / "LICENSE").read_text()


def test_every_module_has_a_docstring_and_its_names() -> None:
    package = Path(facestream.__file__).parent
    for path in package.rglob("*.py"):
        name = ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__")
        if name.endswith("__main__") or ".trainers." in name:
            # The latter are scripts that DISCOVER's runner imports, with packages that are not ours.
            continue
        module = importlib.import_module(name)
        assert module.__doc__, name
        for public in getattr(module, "__all__", ()):
            assert hasattr(module, public), f"{name}.{public}"
