"""Text of files and of users, which is shown as it is and never read as Markdown."""

import re

_MARKS = re.compile(r"([\\`*\[\]<$~|])")


def plain(text: str) -> str:
    """Write text so that Markdown shows it as it is.

    Parameters
    ----------
    text : str
        Such as a caption, in which a data set's own reference and names stand.

    Returns
    -------
    str
        Without links, pictures, colours, formulas and type of any kind.
    """
    return _MARKS.sub(r"\\\1", text)
