"""Why work failed, in words for the user."""

from backend.errors import CortexScaleError


def reason_of(error: BaseException) -> str:
    """Say why work failed.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    str
    """
    if isinstance(error, CortexScaleError):
        return str(error)
    if isinstance(error, MemoryError):
        return (
            "the machine ran out of memory; choose a smaller model, fewer layers or a stronger "
            "compression"
        )
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror}{where}; put that right and run the same again"
    return f"a defect: {type(error).__name__}: {error}"


def is_explained(error: BaseException) -> bool:
    """Whether the reason says all, so that a traceback would say no more."""
    return isinstance(error, CortexScaleError | MemoryError | OSError)
