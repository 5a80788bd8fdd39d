"""What a page or a command shows: a choice of results, narrowed to what exists."""

from pydantic import BaseModel, ConfigDict


class Selection(BaseModel):
    """Filters on results; an empty tuple or None does not filter.

    Attributes
    ----------
    dataset, subject, roi, hemisphere, split : str or None
    models, compressions : tuple of str
    evidence : str or None
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str | None = None
    subject: str | None = None
    roi: str | None = None
    hemisphere: str | None = None
    split: str | None = None
    models: tuple[str, ...] = ()
    compressions: tuple[str, ...] = ()
    evidence: str | None = None

    def where(self, scores: bool = False) -> tuple[str, list[object]]:
        """Translate into a SQL condition and its parameters.

        Parameters
        ----------
        scores : bool
            The condition is for scores joined to their runs; ``roi`` and ``hemisphere`` are
            columns of scores, and do not filter runs alone.

        Returns
        -------
        tuple of (str, list)
        """
        conditions, parameters = ["true"], list[object]()
        for column, value in (
            ("dataset", self.dataset),
            ("subject", self.subject),
            ("split", self.split),
            ("evidence", self.evidence),
            ("roi", self.roi if scores else None),
            ("hemisphere", self.hemisphere if scores else None),
        ):
            if value is not None:
                conditions.append(f"{column} = ?")
                parameters.append(value)
        for column, values in (("model", self.models), ("compression", self.compressions)):
            if values:
                conditions.append(f"{column} IN ({', '.join('?' * len(values))})")
                parameters.extend(values)
        return " AND ".join(conditions), parameters

    def within_runs(self) -> tuple[str, list[object]]:
        """Translate what narrows a run's scores into a SQL condition and its parameters.

        Returns
        -------
        tuple of (str, list)
        """
        conditions, parameters = ["true"], list[object]()
        for column, value in (("roi", self.roi), ("hemisphere", self.hemisphere)):
            if value is not None:
                conditions.append(f"{column} = ?")
                parameters.append(value)
        return " AND ".join(conditions), parameters
