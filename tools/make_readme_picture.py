#!/usr/bin/env python3
"""Write ``docs/overlay.png``, the picture at the top of the README: three frames of the sample clip with their meshes.

python tools/make_readme_picture.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from facestream import FaceMeshPipeline
from facestream.drawing.mesh import draw_meshes
from facestream.media.source import open_source

ROOT = Path(__file__).parents[1]
FRAMES = (5, 20, 75)


def main() -> None:
    frames = [frame for frame in open_source(ROOT / "samples" / "astronaut.mp4") if frame.index in FRAMES]
    meshes = FaceMeshPipeline().process_frames(frames)
    strip = np.hstack([draw_meshes(frame.image, found) for frame, found in zip(frames, meshes, strict=True)])
    target = ROOT / "docs" / "overlay.png"
    Image.fromarray(strip).quantize(256).save(target, optimize=True)
    print(f"{target.name}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
