"""Import OpenVINO without its usage reports, which it sends to its makers by default.

Videos of faces are private, so the package that would send the reports is kept from loading.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

__all__ = ["ov"]

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

ov: Any = import_module("openvino")
