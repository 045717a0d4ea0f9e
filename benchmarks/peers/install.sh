#!/usr/bin/env bash
# Install a program that facestream is compared with into a virtual environment of its own:
#
#     benchmarks/peers/install.sh mediapipe
#     benchmarks/peers/install.sh discover-utils
#     benchmarks/peers/install.sh discover
#     benchmarks/peers/install.sh litert
#
# It lands in .peers/NAME. An environment that works is left as it is. PYTHON names the interpreter to build with.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
name="${1:-}"
alone=() # packages that come without what they ask for

case "$name" in
    mediapipe)
        requirements=("mediapipe==0.10.21" "numpy<2")
        probe="import mediapipe; assert mediapipe.__version__ == '0.10.21'; mediapipe.solutions.face_mesh.FaceMesh().close()"
        hint="MediaPipe 0.10.21 needs Python 3.9 to 3.12 and OpenGL; on Debian: apt-get install libgl1 libegl1 libgles2"
        ;;
    discover-utils)
        # Its other requirements are for videos, sounds, downloads and databases; streams get by without them.
        requirements=("ffmpegio==0.12.0" "numpy==2.3.5" "pillow==12.2.0")
        alone=("hcai-discover-utils==1.2.1")
        probe="import discover_utils; assert discover_utils.__version__ == '1.2.1'; import discover_utils.data.handler.file_handler"
        hint="discover-utils 1.2.1 with this NumPy needs Python 3.11 to 3.14"
        ;;
    discover)
        # The real server and the real runner, whole; PyTorch is what our modules need in their environment.
        requirements=("hcai-discover==1.1.2" "hcai-discover-utils==1.2.1" "torch==2.13.0")
        probe="import discover.app, discover_utils.scripts.process, torch"
        hint="DISCOVER needs Python 3.10 or newer, and ffmpeg and ffprobe to look at videos; on Debian: apt-get install ffmpeg"
        ;;
    litert)
        requirements=("ai-edge-litert==2.3.0")
        probe="from ai_edge_litert.interpreter import Interpreter"
        hint="LiteRT 2.3.0 has wheels for Python 3.10 to 3.14 on Linux and macOS"
        ;;
    *)
        echo "usage: $0 mediapipe | discover-utils | discover | litert" >&2
        exit 2
        ;;
esac

venv="$root/.peers/$name"
works() {
    [[ -x "$venv/bin/python" ]] && "$venv/bin/python" -c "$probe" >"$venv/probe.log" 2>&1
}

if works; then
    echo "$name is there already"
    exit 0
fi
"${PYTHON:-python3}" -m venv --clear "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check "${requirements[@]}"
if ((${#alone[@]})); then
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "${alone[@]}"
fi
if ! works; then
    cat "$venv/probe.log" >&2
    echo "$name was installed but does not run. $hint" >&2
    exit 1
fi
echo "$name is installed in .peers/$name"
