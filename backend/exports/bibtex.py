"""References as BibTeX, from the catalogue's citations."""

import re
import unicodedata
from collections.abc import Iterable

from backend import catalog
from backend.catalog import Citation, Reference
from backend.errors import InputError

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$",
    "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u0327": "c",
    "\u030a": "r", "\u030c": "v",
}  # fmt: skip
_VENUES = {"article": "journal", "inproceedings": "booktitle"}


def bibtex(keys: Iterable[str]) -> str:
    """Write references as a BibTeX file.

    Parameters
    ----------
    keys : iterable of str
        Keys in citations.yaml; each becomes the key of an entry.

    Returns
    -------
    str
        ASCII; an entry per key, sorted by it.

    Raises
    ------
    InputError
        If the catalogue does not hold a key.
    """
    known = catalog.citations()
    wanted = sorted(set(keys))
    unknown = [key for key in wanted if key not in known]
    if unknown:
        raise InputError(
            f"no citation {unknown[0]!r} in the catalogue; there are {', '.join(known)}."
        )
    return "\n".join(_entry(key, known[key]) for key in wanted)


def cited_in(captions: Iterable[str]) -> set[str]:
    """Find the catalogue's citations that captions spell out.

    Parameters
    ----------
    captions : iterable of str

    Returns
    -------
    set of str
        Keys in citations.yaml.
    """
    text = " ".join(captions)
    return {key for key, citation in catalog.citations().items() if citation.text in text}


def latex(text: str) -> str:
    """Write a text so that LaTeX sets it as it is.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        ASCII where the accents are those of Western names; other letters stay.
    """
    return "".join(_letter(letter) for letter in text)


def _letter(letter: str) -> str:
    if letter in _SPECIAL:
        return _SPECIAL[letter]
    if letter in "–—":
        return "--" if letter == "–" else "---"
    apart = unicodedata.normalize("NFD", letter)
    base, marks = apart[:1], apart[1:]
    if marks not in _ACCENTS:
        return letter
    accent = _ACCENTS[marks]
    return f"{{\\{accent}{{{base}}}}}" if accent.isalpha() else f"{{\\{accent}{base}}}"


def _entry(key: str, citation: Citation) -> str:
    reference = citation.reference
    fields = {
        "author": " and ".join(_author(name) for name in reference.authors),
        "title": _title(reference.title),
        "year": str(reference.year),
        **_published_in(reference),
        "note": latex(reference.note) if reference.note else None,
        # A URL is set verbatim.
        "url": citation.url or None,
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{reference.kind}{{{key},", *lines, "}", ""])


def _published_in(reference: Reference) -> dict[str, str | None]:
    fields = {
        _VENUES.get(reference.kind, "venue"): latex(reference.venue) if reference.venue else None,
        "volume": reference.volume,
        "number": reference.number,
        "pages": reference.pages.replace("-", "--") if reference.pages else None,
        "doi": reference.doi,
    }
    if reference.arxiv:
        fields |= {"eprint": reference.arxiv, "archiveprefix": "arXiv"}
    return fields


def _author(name: str) -> str:
    # The braces about a group's name keep BibTeX from taking it apart.
    if name.startswith("{") and name.endswith("}"):
        return f"{{{latex(name[1:-1])}}}"
    return latex(name)


def _title(title: str) -> str:
    """Keep the capitals of names and acronyms, which styles would set in lower case."""
    words = re.split(r"(\s+)", title)
    return "".join(
        f"{{{latex(word)}}}" if _has_name(word, first=place == 0) else latex(word)
        for place, word in enumerate(words)
    )


def _has_name(word: str, first: bool) -> bool:
    capitals = sum(letter.isupper() for letter in word)
    return capitals > 1 or (capitals == 1 and not first)
