"""Words of a table held to the words that are heard, by their letters."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from backend.errors import InputError

_SHOWN = 6


def places_of(words: Sequence[str], heard: Sequence[str]) -> list[tuple[int, int]]:
    """Say which of the words that are heard each labelled word is, by their letters.

    Parameters
    ----------
    words, heard : sequence of str
        Spelt alike; see :func:`require_same_words`.

    Returns
    -------
    list of tuple of (int, int)
        From the first to the one after the last. A word without letters is with the one before it.
    """
    places: list[tuple[int, int]] = []
    of_word: dict[int, list[int]] = {}
    for (_, place), (_, said) in zip(_letters(words), _letters(heard), strict=True):
        of_word.setdefault(place, []).append(said)
    last = 0
    for place in range(len(words)):
        of_place = of_word.get(place, [last])
        last = of_place[-1]
        places.append((of_place[0], last + 1))
    return places


def require_same_words(
    words: Sequence[str], heard: Sequence[str], transcript: str, labels: Path
) -> None:
    """Refuse labels of other words than a transcript's.

    Parameters
    ----------
    words, heard : sequence of str
        Of the labels, and of the transcript.
    transcript : str
        Its name.
    labels : Path

    Raises
    ------
    InputError
        With the first words that differ, and those around them.
    """
    one, other = _letters(words), _letters(heard)
    pairs = zip(one, other, strict=False)
    shorter = min(len(one), len(other))
    at = next((n for n, (left, right) in enumerate(pairs) if left[0] != right[0]), shorter)
    if at == len(one) == len(other):
        return
    place = one[at][1] if at < len(one) else len(words)
    said = other[at][1] if at < len(other) else len(heard)
    raise InputError(
        f"the labels in {labels.name} do not match the transcript {transcript}: they first "
        f"depart at word {place + 1} (of {len(words)}), which is word {said + 1} (of {len(heard)}) "
        f"of the transcript. Labels: {_around(words, place)!r}; transcript: "
        f"{_around(heard, said)!r}. Give the labels of this transcript, a row per word."
    )


def _letters(words: Sequence[str]) -> list[tuple[str, int]]:
    """Spell words out, each letter with its word, since words are split and joined variously."""
    return [(char, place) for place, word in enumerate(words) for char in _plain(word)]


def _plain(word: str) -> str:
    """Leave letters and digits; UTF-8 that was read as Windows-1252 is read as what it is."""
    with suppress(UnicodeError):
        word = word.encode("cp1252").decode("utf-8")
    return "".join(char for char in word.casefold() if char.isalnum())


def _around(words: Sequence[str], place: int) -> str:
    shown = words[max(0, place - _SHOWN + 1) : place + 2]
    return " ".join(shown) if place < len(words) else " ".join([*shown, "(the end)"])
