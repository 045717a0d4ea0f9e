"""The one exception tree. A message says what came, what was wanted and what to do."""

from __future__ import annotations

__all__ = [
    "DeviceError",
    "FacestreamError",
    "InputError",
    "JobStopped",
    "OptionError",
    "OutputError",
    "RequestError",
    "SourceError",
    "StreamFormatError",
    "TrainerError",
    "WeightsError",
]


class FacestreamError(Exception):
    """Everything that facestream raises on purpose."""


class OptionError(FacestreamError, ValueError):
    """An option, or a combination of options, that makes no sense."""


class InputError(FacestreamError, ValueError):
    """An array or value that a caller passed does not have the form that was asked for."""


class SourceError(FacestreamError):
    """A picture or video that cannot be read."""


class StreamFormatError(SourceError):
    """An SSI stream whose header or data is damaged."""


class RequestError(FacestreamError, ValueError):
    """What another program asks for cannot be understood, or may not be done."""


class TrainerError(FacestreamError):
    """A trainer file that is missing or damaged."""


class OutputError(FacestreamError):
    """A result that cannot be written where it was asked for."""


class DeviceError(FacestreamError):
    """A device or engine that is not there."""


class WeightsError(FacestreamError):
    """Weights that are missing, damaged or of another network."""


class JobStopped(FacestreamError):  # noqa: N818 - it is an outcome that the caller asked for, not a fault
    """``should_stop`` answered true; nothing was written."""
