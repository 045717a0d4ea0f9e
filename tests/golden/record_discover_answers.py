"""Ask DISCOVER's own server what ``tests/server/exchanges.py`` asks, and keep what its answers amount to.

    benchmarks/peers/install.sh discover
    python -m tests.golden.record_discover_answers

writes ``tests/golden/discover_answers.json``: hcai-discover 1.1.2 with hcai-discover-utils 1.2.1 and our modules.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.conftest import GOLDEN, ROOT
from tests.long.discover_peer import DiscoverServer, install_modules
from tests.media.clips import remux
from tests.server.exchanges import play

ANSWERS = GOLDEN / "discover_answers.json"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        modules = install_modules(Path(folder))
        with DiscoverServer(Path(folder) / "server", modules, backend="debug") as server:
            remux(ROOT / "samples" / "astronaut.mp4", server.data_folder / "clip.mp4", num_packets=30)
            answers = play(server.url, server.data_folder)
    ANSWERS.write_text(json.dumps(answers, indent=1) + "\n")
    print(f"{len(answers)} answers in {ANSWERS}")


if __name__ == "__main__":
    main()
