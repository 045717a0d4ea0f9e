#!/usr/bin/env python3
"""Write ``src/facestream/tessellation.json``: the edges of FaceMesh's triangulation, each once.

    python tools/make_tessellation.py FOLDER_WITH_THE_MEDIAPIPE_WHEEL

The edges are facts about the model, taken from ``mediapipe/python/solutions/face_mesh_connections.py`` in the
mediapipe 0.10.21 wheel (Apache-2.0, Google LLC).
"""

from __future__ import annotations

import ast
import json
import sys
import zipfile
from pathlib import Path

MEMBER = "mediapipe/python/solutions/face_mesh_connections.py"
TARGET = Path(__file__).parents[1] / "src" / "facestream" / "tessellation.json"


def main() -> None:
    wheel = next(Path(sys.argv[1]).glob("mediapipe-0.10.21-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        tree = ast.parse(archive.read(MEMBER))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "FACEMESH_TESSELATION":
            assert isinstance(node.value, ast.Call)
            pairs = ast.literal_eval(node.value.args[0])
            edges = sorted({tuple(sorted(pair)) for pair in pairs})
            TARGET.write_text(json.dumps(edges, separators=(",", ":")) + "\n")
            print(f"{TARGET.name}: {len(edges)} edges")


if __name__ == "__main__":
    main()
