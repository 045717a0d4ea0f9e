from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from facestream.images import Image, YuvImage
from facestream.media.source import open_source
from facestream.media.video.yuv import BT601, rgb_from_yuv
from facestream.ops.device_crops import DeviceCutter
from facestream.ops.warp import crop_matrices, cut_crop
from facestream.pipeline.face_mesh import FaceMeshPipeline
from facestream.structures import FaceRois

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")),
]

ROIS = [
    (150.0, 120.0, 80.0, 0.0),
    (201.3, 99.8, 150.0, 0.6),
    (160.0, 120.0, 230.0, -2.0),
    (10.0, 5.0, 90.0, 0.3),
    (318.0, 238.0, 300.0, 1.0),
]
SHRUNK = [(640.0, 480.0, 500.0, 0.0), (600.0, 500.0, 910.0, 0.4), (650.0, 470.0, 1700.0, -0.2)]


def smooth(height: int, width: int, seed: int, top: int = 255) -> npt.NDArray[np.float64]:
    """Waves of all directions, as bright as ``top``."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / 320
    waves = sum(np.sin(rng.uniform(-12, 12) * x + rng.uniform(-12, 12) * y + rng.uniform(0, 6)) for _ in range(6))
    picture: npt.NDArray[np.float64] = (waves / 12 + 0.5) * top
    return picture


def planes(height: int, width: int, step: tuple[int, int], num_bits: int = 8) -> YuvImage:
    top = 2**num_bits - 1
    dtype = np.uint8 if num_bits == 8 else np.uint16
    small = -(-height // step[1]), -(-width // step[0])
    luma, u, v = (smooth(*shape, seed, top).astype(dtype) for seed, shape in enumerate([(height, width), small, small]))
    matrix = rgb_from_yuv(BT601, num_bits, is_full=False)
    return YuvImage(luma, (u, v), matrix, step, (0.25 if step[0] == 2 else 0.0, 0.0))


def image_of(form: str, height: int, width: int) -> Image:
    if form == "rgb":
        return np.stack([smooth(height, width, seed) for seed in range(3)], axis=-1).astype(np.uint8)
    steps = {"420": (2, 2), "422": (2, 1), "444": (1, 1), "420p10": (2, 2)}
    return planes(height, width, steps[form], 10 if form.endswith("p10") else 8)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("form", ["rgb", "420", "422", "444", "420p10"])
def test_crops_are_those_of_the_cpu(form: str, device: str) -> None:
    cutter = DeviceCutter(device)
    for (height, width), rois in (((240, 320), ROIS), ((960, 1280), SHRUNK)):
        image = image_of(form, height, width)
        for x, y, side, angle in rois:
            matrix = crop_matrices(FaceRois(np.array([[x, y]]), np.array([side]), np.array([angle])), 192)[0]
            cut = cutter(image, matrix, 192)
            assert (cut.dtype, cut.shape, cut.device.type) == (torch.uint8, (192, 192, 3), device)
            difference = np.abs(cut.cpu().numpy().astype(int) - cut_crop(image, matrix, 192))
            # Where a sum in float32 falls on the other side of a half; a level of blue is twice one of U.
            assert (difference > 0).mean() < 0.015
            assert difference.max() <= 3


@pytest.mark.parametrize("device", DEVICES)
def test_landmarks_are_those_of_the_cpu(
    device: str, pipeline: FaceMeshPipeline, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = list(islice(open_source(sample), 0, 60, 12))
    expected = pipeline.process_frames(frames)
    cutter = DeviceCutter(device)
    monkeypatch.setattr(pipeline.landmarker, "_cut", lambda *arguments: cutter(*arguments).cpu().numpy())
    for found, wanted in zip(pipeline.process_frames(frames), expected, strict=True):
        assert len(found) == len(wanted) == 1
        assert np.abs(found.landmarks - wanted.landmarks).max() < 0.05
