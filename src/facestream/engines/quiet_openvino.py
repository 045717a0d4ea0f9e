"""OpenVINO, without the reports of its use that it sends to its makers unless told otherwise.

What somebody does with videos of faces is nobody else's business, so the package that would send is kept from loading.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

__all__ = ["ov"]

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

ov: Any = import_module("openvino")
