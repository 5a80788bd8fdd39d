"""Collect everything that is wrong with a folder, rather than stop at the first of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from backend.errors import InputError


@dataclass
class Findings:
    """What was found while reading.

    Attributes
    ----------
    problems : list of str
        What has to be put right first.
    warnings : list of str
        What the reader of a result should know.
    """

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @contextmanager
    def collected(self, where: str = "") -> Iterator[None]:
        """Add an InputError raised inside to the problems, and go on after the block."""
        try:
            yield
        except InputError as error:
            self.problems.append(f"{where}: {error}" if where else str(error))

    def raise_if_wrong(self, what: str) -> None:
        """Raise one InputError with every problem.

        Parameters
        ----------
        what : str
            What cannot be used because of them.

        Raises
        ------
        InputError
            If there is a problem.
        """
        if len(self.problems) == 1:
            raise InputError(f"{what} cannot be used: {self.problems[0]}")
        if self.problems:
            listed = "\n".join(f"  - {problem}" for problem in self.problems)
            raise InputError(
                f"{what} cannot be used; {len(self.problems)} things are to be put right:\n{listed}"
            )
