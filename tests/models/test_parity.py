"""Our networks against what LiteRT computes with the official files (tests/golden/make_litert_goldens.py)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from facestream.models import WEIGHTS, load
from tests.conftest import GOLDEN


def run(name: str) -> tuple[Any, npt.NDArray[Any], npt.NDArray[Any]]:
    """The golden archive and the two outputs of our network for its images."""
    golden = np.load(GOLDEN / f"litert_{name}.npz")
    low, high = WEIGHTS[name].pixel_range
    pixels = golden["images"].astype(np.float32) / 255.0 * (high - low) + low
    with torch.inference_mode():
        first, second = load(name)(torch.from_numpy(pixels).permute(0, 3, 1, 2))
    return golden, first.numpy(), second.numpy()


def test_facemesh_agrees_with_litert() -> None:
    golden, landmarks, presence_logits = run("facemesh")
    assert landmarks.shape == (4, 468, 3)
    assert presence_logits.shape == (4,)
    assert np.abs(landmarks.reshape(4, -1) - golden["output_1404"]).max() < 0.01
    assert np.abs(presence_logits - golden["output_1"][:, 0]).max() < 1e-3
    assert (golden["output_1"][:3] > 20).all(), "the crops hold faces"
    assert golden["output_1"][3] < 0, "noise holds none"


@pytest.mark.parametrize("name", ["blazeface-back", "blazeface-front"])
def test_blazeface_agrees_with_litert(name: str) -> None:
    golden, raw_boxes, raw_scores = run(name)
    assert raw_boxes.shape == (4, 896, 16)
    assert raw_scores.shape == (4, 896)
    assert np.abs(raw_boxes.reshape(4, -1) - golden["output_14336"]).max() < 1e-3
    # Some anchors far from any face reach logits of thousands, where one step of float32 is half a thousandth and
    # LiteRT's own two kernels differ by 6e-3. MediaPipe clips logits to +-100 before it uses them.
    difference = np.abs(raw_scores - golden["output_896"])
    is_used = np.abs(golden["output_896"]) <= 100
    assert difference[is_used].max() < 1e-3
    assert (difference / np.abs(golden["output_896"]))[~is_used].max() < 1e-5
    assert (golden["output_896"][:3].max(axis=1) > 1).all(), "the frames hold faces"


def test_litert_runs_the_original_as_the_golden_says() -> None:
    """The goldens are LiteRT's own: one network is run again."""
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert has no wheel for this machine")
    golden = np.load(GOLDEN / "litert_blazeface-front.npz")
    interpreter = litert.Interpreter(
        str(GOLDEN / "face_detection_short_range.tflite"),
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    pixels = golden["images"][:1].astype(np.float32) / 255.0 * 2.0 - 1.0
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
    interpreter.invoke()
    outputs = {d["shape"][-1]: interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()}
    assert np.abs(outputs[16].reshape(-1) - golden["output_14336"][0]).max() < 1e-4
    assert np.abs(outputs[1].reshape(-1) - golden["output_896"][0]).max() < 1e-4
