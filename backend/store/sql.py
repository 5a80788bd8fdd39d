"""Values written into SQL, where it takes no parameters."""

from collections.abc import Sequence


def quoted(text: str) -> str:
    """Write a text as SQL does.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    return "'" + text.replace("'", "''") + "'"


def sql_list(values: Sequence[str]) -> str:
    """Write texts as a list in SQL.

    Parameters
    ----------
    values : sequence of str

    Returns
    -------
    str
    """
    return "[" + ", ".join(quoted(value) for value in values) + "]"
