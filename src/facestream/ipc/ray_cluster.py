"""Connect to a Ray cluster. This is the only module that imports Ray, and only on use."""

from __future__ import annotations

import logging
import os
import socket
from typing import Any

from facestream.errors import FacestreamError

__all__ = ["check_answer", "connect", "reason_of"]

CONNECT_S = 5.0


def connect(address: str) -> Any:
    """Return the module ``ray``, connected to a cluster.

    Raises:
        FacestreamError: it is not installed, or the cluster does not answer or does not fit.
    """
    # Ray should neither print nor send usage reports from our programs.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # A worker without a GPU keeps its environment variables, as will be the default in later versions of Ray.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise FacestreamError(f"Ray is not installed ({error}): pip install 'facestream[ray]'") from None
    if ray.is_initialized():
        return ray
    known = address or os.environ.get("RAY_ADDRESS", "")
    check_answer(known)
    try:
        ray.init(address=address or None, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise FacestreamError(f"the Ray cluster {known or 'at hand'} cannot be used ({reason_of(error)})") from error
    return ray


def check_answer(address: str) -> None:
    """Make sure that a cluster answers; Ray itself would wait for a minute.

    Raises:
        FacestreamError: nothing answers.
    """
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if not colon:
        return
    try:
        with socket.create_connection((host.strip("[]"), int(port)), CONNECT_S):
            pass
    except (OSError, ValueError) as error:
        raise FacestreamError(
            f"the Ray cluster {address} does not answer ({error}); is it started (ray start --head), and is the "
            "address that of its head, HOST:PORT?"
        ) from error


def reason_of(error: BaseException) -> str:
    """Return the last non-empty line of an error, since Ray's errors are long."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:300]
