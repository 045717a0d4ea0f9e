from __future__ import annotations

from pathlib import Path

import pytest

from tests.long.discover_peer import install_modules


@pytest.fixture(scope="session")
def modules_for_discover(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DISCOVER's folder of modules with ours in it, which DISCOVER can run; without DISCOVER the test is skipped."""
    return install_modules(tmp_path_factory.mktemp("modules"))
