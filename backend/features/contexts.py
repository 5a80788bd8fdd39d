"""What a model reads for each word of a story: tokens, and windows of them.

A story is tokenised and planned by itself, so that no window reaches from one story into another.
Nothing here needs torch.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from backend.errors import InputError, ModelError
from backend.stimuli import Words

Mode = Literal["exact", "strided"]
Pooling = Literal["mean", "last"]
MODES: tuple[Mode, ...] = ("strided", "exact")
POOLINGS: tuple[Pooling, ...] = ("last", "mean")


@dataclass(frozen=True)
class ContextSettings:
    """How much a model reads before a word, and what becomes of the word's sub-words.

    Attributes
    ----------
    context : int
        Context length C in tokens, the word's own tokens not among them.
    mode : {"strided", "exact"}
        ``exact``: a window per word, which holds the whole words among the C tokens before it and
        ends with it. ``strided``: windows of up to 2C tokens, each word in the one window where
        it has at least C and less than 2C tokens before it (less than C only where the story
        has no more).
    pooling : {"last", "mean"}
        Of a word's sub-words, the last one's state or the mean over all.

    Raises
    ------
    InputError
        If one of them is not accepted.
    """

    context: int = 256
    mode: Mode = "strided"
    pooling: Pooling = "last"

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise InputError(f"unknown window mode {self.mode!r}; accepted are {', '.join(MODES)}.")
        if self.pooling not in POOLINGS:
            raise InputError(
                f"unknown pooling {self.pooling!r} of sub-words; accepted are "
                f"{', '.join(POOLINGS)}."
            )
        lowest = 0 if self.mode == "exact" else 1
        if isinstance(self.context, bool) or not isinstance(self.context, int | np.integer):
            raise InputError(f"the context length is {self.context!r}; give a number of tokens.")
        if self.context < lowest:
            raise InputError(
                f"a context of {self.context} tokens was asked for; the mode {self.mode} takes "
                f"{lowest} or more."
            )


@dataclass(frozen=True)
class StoryTokens:
    """A story as the model's tokens, and which of them are each word's.

    Attributes
    ----------
    story : str
    words : tuple of str
    ids : ndarray of int, shape (n_tokens,)
        Without special tokens.
    first, last : ndarray of int, shape (n_words,)
        The tokens of word ``w`` are ``ids[first[w]:last[w]]``; never none.
    borrowed : tuple of int
        Words without a token of their own, such as a lone invisible character. They stand for the
        tokens of the word before them, which is where a reader of the tokens is at that moment
        (at the story's start, of the first word that has any).
    before, after : tuple of int
        Special tokens, such as ``[CLS]`` and ``[SEP]``, that this tokenizer puts around a text.
    """

    story: str
    words: tuple[str, ...]
    ids: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    borrowed: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def n_special(self) -> int:
        """Special tokens in every window."""
        return len(self.before) + len(self.after)

    @cached_property
    def word_starts(self) -> NDArray[np.int64]:
        """Places where a window may begin: the first tokens of words, increasing."""
        return np.unique(self.first)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the results should know of the words."""
        if not self.borrowed:
            return ()
        distinct = list(dict.fromkeys(self.words[word] for word in self.borrowed))
        shown = ", ".join(repr(word) for word in distinct[:5])
        return (
            f"{len(self.borrowed)} of {len(self.words)} words in {self.story} have no token of "
            f"their own and take the state of the word before them: {shown}"
            f"{', ...' if len(distinct) > 5 else ''}.",
        )


@dataclass(frozen=True)
class Window:
    """What is read in one go, and the words whose states are kept from it.

    Attributes
    ----------
    start, stop : int
        Tokens read, special ones aside.
    first_word, last_word : int
        Words ``first_word`` to ``last_word - 1`` are kept; their tokens are all in the window.
    """

    start: int
    stop: int
    first_word: int
    last_word: int

    def __len__(self) -> int:
        return self.stop - self.start


def tokenise_story(tokenizer: Any, words: Words) -> StoryTokens:
    """Tokenise a story's words, joined by single spaces, and find each word's tokens.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizer
        WordPiece, byte-level BPE, SentencePiece, or any other that tells where in the text its
        tokens come from, or that tokenises word by word as it does the whole text.
    words : Words

    Returns
    -------
    StoryTokens

    Raises
    ------
    InputError
        If the story has no words, a word is not Unicode text, or no word has any token.
    ModelError
        If it cannot be found out which tokens are whose.

    Notes
    -----
    A token that spans several words belongs to the last of them: before that one it is not
    complete. Words that look like special tokens (``<unk>``, ``[SEP]``) are read as the text that
    they are.
    """
    if not len(words):
        raise InputError(f"the story {words.story!r} has no words; give its transcript.")
    texts = [word.strip() for word in words.words]
    for word in texts:
        if not word or not _is_unicode(word):
            raise InputError(
                f"the story {words.story!r} has the word {word!r}, which is no text; correct its "
                "row in the transcript."
            )
    find = _by_offsets if getattr(tokenizer, "is_fast", False) else _word_by_word
    ids, owners = find(tokenizer, texts)
    if not len(ids):
        raise InputError(
            f"the tokenizer finds no token in the story {words.story!r} "
            f"({' '.join(texts)[:60]!r}); give its transcript."
        )
    first, last, borrowed = _spans(owners, len(texts))
    before, after = special_tokens(tokenizer, texts[int(owners[0])])
    return StoryTokens(words.story, words.words, ids, first, last, borrowed, before, after)


def special_tokens(tokenizer: Any, word: str = "the") -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Find the tokens that a tokenizer puts before and after a text by itself.

    Raises
    ------
    ModelError
        If it puts some of them inside the text.
    """
    plain = tokenizer(word, **_PLAIN)["input_ids"]
    whole = tokenizer(word, **{**_PLAIN, "add_special_tokens": True})["input_ids"]
    for place in range(len(whole) - len(plain) + 1):
        if whole[place : place + len(plain)] == plain:
            return tuple(whole[:place]), tuple(whole[place + len(plain) :])
    raise ModelError(
        f"{type(tokenizer).__name__} puts special tokens inside a text, so a word's tokens cannot "
        "be told from them; save the model with another tokenizer."
    )


def plan_windows(
    tokens: StoryTokens, settings: ContextSettings, max_tokens: int
) -> tuple[Window, ...]:
    """Lay windows over a story so that every word is kept from exactly one.

    Parameters
    ----------
    tokens : StoryTokens
    settings : ContextSettings
    max_tokens : int
        The longest input that the model takes, special tokens included.

    Returns
    -------
    tuple of Window
        In order of the words that they keep. Windows begin and end between words, so none
        holds half a word.

    Raises
    ------
    InputError
        If the windows do not fit the model, or a word has more tokens than a window can hold.
    """
    room = max_tokens - tokens.n_special
    _require_room(tokens, settings, room)
    if settings.mode == "exact":
        return _exact_windows(tokens, settings.context)
    return _strided_windows(tokens, settings.context)


def _require_room(tokens: StoryTokens, settings: ContextSettings, room: int) -> None:
    longest = int((tokens.last - tokens.first).max())
    if settings.mode == "exact":
        needed, highest = settings.context + longest, room - longest
        what = f"{settings.context} tokens of context and a word of {longest}"
    else:
        needed, highest = 2 * settings.context, room // 2
        what = f"windows of 2 x {settings.context} tokens"
    if needed > room:
        special = f" and {tokens.n_special} special tokens" if tokens.n_special else ""
        raise InputError(
            f"{what}{special} are more than the {room + tokens.n_special} tokens that the model "
            f"reads at once; the longest context in the mode {settings.mode} is {max(0, highest)}."
        )


def _exact_windows(tokens: StoryTokens, context: int) -> tuple[Window, ...]:
    starts = tokens.word_starts
    windows = []
    for word, (first, last) in enumerate(zip(tokens.first, tokens.last, strict=True)):
        start = starts[np.searchsorted(starts, max(0, first - context))]
        windows.append(Window(int(start), int(last), word, word + 1))
    return tuple(windows)


def _strided_windows(tokens: StoryTokens, context: int) -> tuple[Window, ...]:
    """Begin each window at the last word start that leaves C tokens before its first kept word."""
    starts, n_words = tokens.word_starts, len(tokens.words)
    windows = []
    word = 0
    while word < n_words:
        furthest = max(0, int(tokens.first[word]) - context)
        start = int(starts[np.searchsorted(starts, furthest, side="right") - 1])
        end = int(np.searchsorted(tokens.last, start + 2 * context, side="right"))
        if end <= word:
            n_tokens = int(tokens.last[word] - tokens.first[word])
            raise InputError(
                f"the word {tokens.words[word]!r} of {tokens.story} has {n_tokens} tokens, too "
                f"many for windows of 2 x {context} tokens; take a longer context, or the mode "
                "exact."
            )
        windows.append(Window(start, int(tokens.last[end - 1]), word, end))
        word = end
    return tuple(windows)


def _is_unicode(word: str) -> bool:
    try:
        word.encode("utf-8")
    except UnicodeEncodeError:
        # Half of a surrogate pair, left by a file that was cut or read in a wrong encoding.
        return False
    return True


_PLAIN = {
    "add_special_tokens": False,
    "return_attention_mask": False,
    "return_token_type_ids": False,
    "split_special_tokens": True,
    # A tokenizer saved with its own limit would cut the story; and one that only warns of texts
    # longer than its model would warn of every story, which is never read in one piece.
    "truncation": False,
    "padding": False,
    "verbose": False,
}


def _by_offsets(tokenizer: Any, texts: list[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token ids of the whole text, and the word that each comes from by its place in the text."""
    text = " ".join(texts)
    encoded = tokenizer(text, return_offsets_mapping=True, **_PLAIN)
    lengths = np.array([len(word) + 1 for word in texts])
    word_starts = np.cumsum(lengths) - lengths
    places = [_last_place(text, start, stop) for start, stop in encoded["offset_mapping"]]
    owners = np.searchsorted(word_starts, np.asarray(places, dtype=np.int64), side="right") - 1
    # Normalisation may reorder characters inside a word; it does not carry them to another.
    owners = np.maximum.accumulate(owners) if len(owners) else owners
    return np.asarray(encoded["input_ids"], dtype=np.int64), owners


def _last_place(text: str, start: int, stop: int) -> int:
    """Place of a token's last character that is no space.

    A token that is nothing but the space before a word belongs to that word; some tokenizers say
    so by the space's place, others by an empty span where the word begins.
    """
    kept = text[start:stop].rstrip()
    return start + len(kept) - 1 if kept else stop


def _word_by_word(tokenizer: Any, texts: list[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token ids of each word with the space before it, where that gives the whole text's ids."""
    parts = [
        tokenizer(" " * (place > 0) + word, **_PLAIN)["input_ids"]
        for place, word in enumerate(texts)
    ]
    ids = [token for part in parts for token in part]
    if ids != tokenizer(" ".join(texts), **_PLAIN)["input_ids"]:
        raise ModelError(
            f"{type(tokenizer).__name__} does not tell which word a token comes from, and reads a "
            "text otherwise than word by word; save the model with a fast tokenizer "
            "(tokenizer.json) beside it."
        )
    owners = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return np.asarray(ids, dtype=np.int64), owners


def _spans(
    owners: NDArray[np.int64], n_words: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[int, ...]]:
    """First token and the one past the last of each word, and the words that have to borrow."""
    words = np.arange(n_words)
    first = np.searchsorted(owners, words, side="left")
    last = np.searchsorted(owners, words, side="right")
    empty = first == last
    lender = np.maximum.accumulate(np.where(empty, -1, words))
    lender[lender < 0] = owners[0]
    return first[lender], last[lender], tuple(np.flatnonzero(empty).tolist())
