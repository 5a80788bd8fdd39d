"""What a page or a command shows: a choice of results, narrowed to what exists."""

from collections.abc import Sequence
from typing import Annotated, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

# Relative depths are written in decimals, which a layer's own depth need not hit.
_NEARLY = 1e-6
Layer = Annotated[int, Field(ge=0)]
Depth = Annotated[float, Field(ge=0, le=1)]


class Selection(BaseModel):
    """Filters on results; an empty tuple or None does not filter.

    Attributes
    ----------
    dataset, hemisphere, split, evidence : str or None
    subjects, rois, families, models, compressions : tuple of str
    contexts : tuple of int
        Context lengths, in tokens.
    layers : tuple of (int, int) or None
        First and last layer.
    depth : tuple of (float, float) or None
        First and last relative depth, from 0, the embedding output, to 1, each model's last layer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str | None = None
    hemisphere: str | None = None
    split: str | None = None
    evidence: str | None = None
    subjects: tuple[str, ...] = ()
    rois: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    compressions: tuple[str, ...] = ()
    contexts: tuple[int, ...] = ()
    layers: tuple[Layer, Layer] | None = None
    depth: tuple[Depth, Depth] | None = None

    @model_validator(mode="after")
    def _ranges_ascend(self) -> Self:
        for name in ("layers", "depth"):
            bounds = getattr(self, name)
            if bounds is not None and bounds[0] > bounds[1]:
                raise ValueError(f"{name} go from the first to the last, not {bounds}")
        return self

    @property
    def subject(self) -> str | None:
        """The first subject, for what shows one; None where all are selected."""
        return self.subjects[0] if self.subjects else None

    @property
    def roi(self) -> str | None:
        """The first region or response likewise."""
        return self.rois[0] if self.rois else None

    def of_first_response(self) -> "Selection":
        """Narrow to the first subject and the first region, for what shows one of each.

        Returns
        -------
        Selection
        """
        return self.model_copy(update={"subjects": self.subjects[:1], "rois": self.rois[:1]})

    def where(self, scores: bool = False) -> tuple[str, list[object]]:
        """Translate into a SQL condition and its parameters.

        Parameters
        ----------
        scores : bool
            The condition is for scores joined to their runs; ``rois`` and ``hemisphere`` are
            columns of scores, and do not filter runs alone.

        Returns
        -------
        tuple of (str, list)
        """
        return _condition([*self._of_runs(), *(self._of_scores() if scores else ())])

    def holds(self, choices: pd.DataFrame) -> NDArray[np.bool_]:
        """Say which rows of a table of choices the selection holds, whatever their layers.

        Parameters
        ----------
        choices : pandas.DataFrame
            As of :func:`backend.store.queries.choices`.

        Returns
        -------
        ndarray of bool, shape (n_rows,)
        """
        held = np.ones(len(choices), dtype=bool)
        for column, values in (*self._of_runs(), *self._of_scores()):
            if values:
                rows = choices[column]
                fits = rows == values[0] if len(values) == 1 else rows.isin(values)
                held &= fits.to_numpy(dtype=bool)
        return held

    def within_runs(self) -> tuple[str, list[object]]:
        """Translate what narrows a run's scores into a SQL condition and its parameters.

        Returns
        -------
        tuple of (str, list)
        """
        return _condition(self._of_scores())

    def within_layers(self) -> tuple[str, list[object]]:
        """Translate the range of layers into a SQL condition and its parameters.

        Returns
        -------
        tuple of (str, list)
            On the columns ``layer`` and ``n_layers``, the deepest layer of the run.
        """
        conditions, parameters = ["true"], list[object]()
        if self.layers is not None:
            conditions.append("layer BETWEEN ? AND ?")
            parameters.extend(self.layers)
        if self.depth is not None:
            conditions.append("layer BETWEEN ? * n_layers AND ? * n_layers")
            parameters.extend([self.depth[0] - _NEARLY, self.depth[1] + _NEARLY])
        return " AND ".join(conditions), parameters

    def of_layers(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Keep the rows of a frame that the range of layers holds.

        A query that leaves this to its caller answers every position of a slider at once.

        Parameters
        ----------
        frame : pandas.DataFrame
            With layer and n_layers, the deepest layer of the run.

        Returns
        -------
        pandas.DataFrame
        """
        if self.layers is not None:
            frame = frame[frame["layer"].between(*self.layers)]
        if self.depth is not None:
            low, high = ((bound * frame["n_layers"]) for bound in self.depth)
            frame = frame[frame["layer"].between(low - _NEARLY, high + _NEARLY)]
        return frame

    def _of_runs(self) -> list[tuple[str, Sequence[object]]]:
        return [
            ("dataset", _one(self.dataset)),
            ("split", _one(self.split)),
            ("evidence", _one(self.evidence)),
            ("subject", self.subjects),
            ("model_family", self.families),
            ("model", self.models),
            ("compression", self.compressions),
            ("context_length", self.contexts),
        ]

    def _of_scores(self) -> list[tuple[str, Sequence[object]]]:
        return [("roi", self.rois), ("hemisphere", _one(self.hemisphere))]


def _one(value: str | None) -> Sequence[object]:
    return () if value is None else (value,)


def _condition(filters: Sequence[tuple[str, Sequence[object]]]) -> tuple[str, list[object]]:
    conditions, parameters = ["true"], list[object]()
    for column, values in filters:
        if values:
            conditions.append(f"{column} IN ({', '.join('?' * len(values))})")
            parameters.extend(values)
    return " AND ".join(conditions), parameters
