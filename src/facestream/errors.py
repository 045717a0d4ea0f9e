"""The exception hierarchy. A message says what was given, what was expected and what to do."""

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
    """Base class of everything that facestream raises deliberately."""


class OptionError(FacestreamError, ValueError):
    """An invalid option, or an invalid combination of options."""


class InputError(FacestreamError, ValueError):
    """An array or value passed by the caller does not have the required form."""


class SourceError(FacestreamError):
    """A picture or video cannot be read."""


class StreamFormatError(SourceError):
    """The header or data of an SSI stream is damaged."""


class RequestError(FacestreamError, ValueError):
    """A request from another program cannot be understood, or is not allowed."""


class TrainerError(FacestreamError):
    """A trainer file is missing or damaged."""


class OutputError(FacestreamError):
    """A result cannot be written to the requested place."""


class DeviceError(FacestreamError):
    """A device or engine is not available."""


class WeightsError(FacestreamError):
    """Weights are missing, damaged or belong to another network."""


class JobStopped(FacestreamError):  # noqa: N818 - an outcome that the caller asked for, not an error
    """``should_stop`` returned true; nothing was written."""
