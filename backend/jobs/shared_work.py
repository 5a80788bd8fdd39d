"""What runs on the same data and folds have in common, so that a study computes it once."""

from collections.abc import Callable
from typing import Any, TypeVar

from backend.jobs.config import Request

T = TypeVar("T")
# Of a request, what says nothing of the data, the folds or the baselines.
_OF_THE_MODEL = {
    "model",
    "model_fingerprint",
    "trust_remote_code",
    "compression",
    "calibration",
    "layers",
}


class SharedWork:
    """The last baselines that were fitted, for the next run on the same data and folds.

    Only the last are kept: a study goes through its data sets one after the other.
    """

    def __init__(self) -> None:
        self._key: str | None = None
        self._value: Any = None

    def of(self, config: Request, make: Callable[[], T]) -> T:
        """Give what was made for requests that differ from this one in the model alone.

        Parameters
        ----------
        config : Request
        make : callable
            Makes it where it is not there. It must not depend on the model.

        Returns
        -------
        object
        """
        key = f"{type(config).__name__} {config.model_dump_json(exclude=_OF_THE_MODEL)}"
        if key != self._key:
            # Only what was made whole is kept.
            self._value, self._key = None, None
            self._value = make()
            self._key = key
        return self._value
