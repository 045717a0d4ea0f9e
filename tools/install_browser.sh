#!/usr/bin/env bash
# Make sure that there is a Chromium for the tests of the web page: one that is installed, else Debian's or Ubuntu's
# where apt may be used, else the one of playwright. Called by the Makefile.
#
#   VENV=.venv tools/install_browser.sh
set -euo pipefail

VENV="${VENV:-.venv}"

for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done
if [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] && ! grep -q '^ID=ubuntu' /etc/os-release; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    apt-get install -y -q --no-install-recommends chromium
else
    # Ubuntu's chromium is a snap, which needs more than a container has.
    "$VENV/bin/python" -m playwright install chromium
fi
