#!/usr/bin/env bash
# Make the virtual environment and install the project into it, editable. Called by the Makefile.
#
#   PYTHON=python3 VENV=.venv PIP_ARGS= tools/setup_venv.sh '.[dev]'
set -euo pipefail

PYTHON="${PYTHON:-python3}"
VENV="${VENV:-.venv}"
what="${1:-.}"

fail() {
    echo "facestream: $1" >&2
    exit 1
}

command -v "$PYTHON" >/dev/null || fail "there is no $PYTHON; install Python 3.11 or newer (Debian, Ubuntu: apt-get install python3 python3-venv)"
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or newer is needed, $PYTHON is $("$PYTHON" -V 2>&1); name another one: make PYTHON=python3.12 ..."
"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$PYTHON has no venv module (Debian, Ubuntu: apt-get install python3-venv)"

command -v git >/dev/null || fail "there is no git (Debian, Ubuntu: apt-get install git)"

if [ ! -x "$VENV/bin/python" ]; then
    echo "Making $VENV"
    # A torch that this Python has already is kept, whatever its build.
    "$PYTHON" -m venv --system-site-packages "$VENV"
    if ! "$VENV/bin/python" -c 'import torch' 2>/dev/null; then
        "$PYTHON" -m venv --clear "$VENV"
    fi
fi

constraints=(-c constraints.txt)
if "$VENV/bin/python" -c 'import torch' 2>/dev/null; then
    constraints=()
fi
echo "Installing facestream and what it needs (PyTorch is the largest part)"
# shellcheck disable=SC2086 # PIP_ARGS holds several words
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check ${PIP_ARGS:-} "${constraints[@]}" -e "$what"
