"""What a page or a command shows: a choice of results, narrowed to what exists."""

from pydantic import BaseModel, ConfigDict


class Selection(BaseModel):
    """Filters on results; an empty tuple or None does not filter.

    Attributes
    ----------
    dataset, roi, split : str or None
    models, compressions : tuple of str
    evidence : str or None
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str | None = None
    roi: str | None = None
    split: str | None = None
    models: tuple[str, ...] = ()
    compressions: tuple[str, ...] = ()
    evidence: str | None = None

    def where(self) -> tuple[str, list[object]]:
        """Translate into a SQL condition and its parameters.

        ``roi`` is a column of scores rather than of runs, and is left to the queries on scores.
        """
        conditions, parameters = ["true"], list[object]()
        for column, value in (
            ("dataset", self.dataset),
            ("split", self.split),
            ("evidence", self.evidence),
        ):
            if value is not None:
                conditions.append(f"{column} = ?")
                parameters.append(value)
        for column, values in (("model", self.models), ("compression", self.compressions)):
            if values:
                conditions.append(f"{column} IN ({', '.join('?' * len(values))})")
                parameters.extend(values)
        return " AND ".join(conditions), parameters
