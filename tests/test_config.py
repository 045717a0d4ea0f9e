from __future__ import annotations

import dataclasses

import pytest

from facestream import DetectOptions, MeshOptions, OptionError
from facestream.config import options_of
from facestream.pipeline.face_detection import FaceDetectionPipeline


def test_defaults_are_those_of_the_contract() -> None:
    options = MeshOptions()
    assert (options.detector, options.num_faces, options.min_score_thresh, options.batch_size) == ("back", 1, 0.5, 50)
    assert (options.missing, options.formats, options.overlay, options.device) == ("zero", (), False, "auto")
    assert (options.frame_memory_mb, options.detect_every) == (256, "auto")


def test_options_are_frozen_and_in_one_table() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        MeshOptions().num_faces = 2  # type: ignore[misc]
    table = options_of(MeshOptions)
    assert list(table) == [field.name for field in dataclasses.fields(MeshOptions)]
    assert all(option.help in (MeshOptions.__doc__ or "") for option in table.values())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"detector": "side"}, "detector must be one of back, front, not 'side'"),
        ({"num_faces": 0}, "num_faces must be at least 1, not 0"),
        ({"batch_size": 0}, "batch_size must be at least 1, not 0"),
        ({"min_score_thresh": 1.5}, "min_score_thresh must be at most 1, not 1.5"),
        ({"min_score_thresh": float("nan")}, "min_score_thresh must be at least 0, not nan"),
        ({"batch_size": "7"}, "batch_size must be a whole number, not '7'"),
        ({"num_faces": 1.5}, "num_faces must be a whole number, not 1.5"),
        ({"min_score_thresh": "high"}, "min_score_thresh must be a number, not 'high'"),
        ({"missing": "none"}, "missing must be one of zero, nan, repeat, not 'none'"),
        ({"formats": ("npz", "xml")}, "formats must be one of stream, npz, csv, not 'xml'"),
        ({"formats": "npz"}, r"formats must be a tuple such as \('npz',\), not a string"),
        ({"formats": ("npz", "npz")}, "formats lists a format twice"),
        ({"device": "tpu"}, "device must be one of auto, cpu, cuda, mps, not 'tpu'"),
    ],
)
def test_values_out_of_range(values: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        MeshOptions(**values)  # type: ignore[arg-type]


def test_int8_is_there_for_meshes_only() -> None:
    assert MeshOptions(precision="int8").precision == "int8"
    with pytest.raises(OptionError, match="precision must be one of float32, bf16, fp16, not 'int8'"):
        DetectOptions(precision="int8")
    with pytest.raises(OptionError, match="precision must be one of float32, bf16, fp16, not 'int8'"):
        FaceDetectionPipeline(precision="int8")
