#!/usr/bin/env python3
"""Run by ``make demo``: find the meshes of the sample clip, draw an overlay and list the output files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    program = Path(sys.executable).with_name("facestream")
    command = [str(program), "mesh", "samples/astronaut.mp4", "-o", "demo-output", "--overlay"]
    print(f"$ {os.path.relpath(program, ROOT)} {' '.join(command[1:])}", flush=True)
    run = subprocess.run([*command, "--json"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        sys.exit(run.returncode)
    summary = json.loads(run.stdout)
    print(
        f"\n{summary['frames']} frames, {summary['frames_with_face']} with a face, in {summary['seconds']:.1f} s "
        f"({summary['fps']:.0f} frames/s on {summary['device']}). The results:"
    )
    for output in summary["outputs"]:
        print(f"  {output}{' and ~, its samples' if output.endswith('.stream') else ''}")


if __name__ == "__main__":
    main()
