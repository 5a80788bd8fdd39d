"""Errors that a user can act on: each says what was given, what is accepted and what to do."""

from pydantic import ValidationError


class CortexScaleError(Exception):
    """Base of every error whose message is meant for the user rather than for a traceback."""


class InputError(CortexScaleError, ValueError):
    """A file, column, option or data set that cannot be used as it was given."""


class ModelError(CortexScaleError):
    """A language model that cannot be found, loaded, held in memory or read layer by layer."""


class StoreError(CortexScaleError):
    """A result store that cannot be read or written."""


class JobError(CortexScaleError):
    """A background job that cannot be started, found or cancelled."""


class CancelledError(CortexScaleError):
    """The user stopped the work; nothing half written is left behind."""


def first_problem(error: ValidationError) -> str:
    """Say what is wrong first with what was given, and where.

    Parameters
    ----------
    error : pydantic.ValidationError

    Returns
    -------
    str
        Without a full stop.
    """
    problem = error.errors()[0]
    place = ".".join(str(part) for part in problem["loc"])[:80]
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
