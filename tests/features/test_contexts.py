import numpy as np
import pytest
from transformers import ByT5Tokenizer
from transformers.utils import logging

from backend.errors import InputError, ModelError
from backend.features.contexts import (
    ContextSettings,
    StoryTokens,
    plan_windows,
    tokenise_story,
)
from tests.features.stories import byte_fallback, byte_level, random_story, story, unigram

ODD_TEXT = "the teacher's lantern — naïve 😀 boats; 1,234 don't STOP winterwindow é e\u0301 …ok"
ODD = story(ODD_TEXT.split(" "))
TOKENIZERS = {
    "byte-level": byte_level,
    "byte-level, offsets not trimmed": lambda: byte_level(trim_offsets=False),
    "byte-level, Llama 3": lambda: byte_level(bos=True),
    "byte fallback": byte_fallback,
    "bytes": ByT5Tokenizer,
}


def decoded(tokenizer, tokens: StoryTokens) -> list[str]:
    return [
        tokenizer.decode(tokens.ids[first:last].tolist()).strip()
        for first, last in zip(tokens.first, tokens.last, strict=True)
    ]


# Tokens of words


@pytest.mark.parametrize("name", TOKENIZERS)
def test_a_words_tokens_spell_the_word(name):
    tokenizer = TOKENIZERS[name]()
    tokens = tokenise_story(tokenizer, ODD)
    assert decoded(tokenizer, tokens) == list(ODD.words)
    assert tokens.borrowed == ()


@pytest.mark.parametrize("name", [*TOKENIZERS, "unigram", "minilm"])
def test_the_words_tokens_are_the_whole_texts(name, request):
    tokenizer = (
        request.getfixturevalue("minilm").tokenizer
        if name == "minilm"
        else {**TOKENIZERS, "unigram": unigram}[name]()
    )
    tokens = tokenise_story(tokenizer, ODD)
    whole = tokenizer(" ".join(ODD.words), add_special_tokens=False)["input_ids"]
    assert tokens.ids.tolist() == whole
    assert tokens.first.tolist() == [0, *tokens.last[:-1].tolist()]
    assert tokens.last[-1] == len(whole)
    assert [*tokens.before, *whole, *tokens.after] == tokenizer(" ".join(ODD.words))["input_ids"]


@pytest.mark.parametrize("name", ["minilm", "unigram"])
def test_words_are_those_that_the_tokenizer_counts_itself(name, request):
    tokenizer = request.getfixturevalue("minilm").tokenizer if name == "minilm" else unigram()
    tokens = tokenise_story(tokenizer, ODD)
    counted = tokenizer(list(ODD.words), is_split_into_words=True, add_special_tokens=False)
    owners = np.repeat(np.arange(len(ODD)), tokens.last - tokens.first)
    assert owners.tolist() == counted.word_ids()


@pytest.mark.parametrize(
    ("make", "before", "after"),
    [
        (byte_level, [], []),
        (lambda: byte_level(bos=True), ["<|begin|>"], []),
        (byte_fallback, ["<s>"], []),
        (unigram, [], ["</s>"]),
    ],
)
def test_special_tokens_are_those_that_the_tokenizer_adds(make, before, after):
    tokenizer = make()
    tokens = tokenise_story(tokenizer, ODD)
    assert tokenizer.convert_ids_to_tokens(list(tokens.before)) == before
    assert tokenizer.convert_ids_to_tokens(list(tokens.after)) == after
    assert tokens.n_special == len(before) + len(after)


def test_a_word_without_a_token_stands_for_the_one_before_it(minilm):
    words = story(["\u200b", "river", "\u200b", "\u200b", "stone", "\u200b"])
    tokens = tokenise_story(minilm.tokenizer, words)
    assert tokens.borrowed == (0, 2, 3, 5)
    assert tokens.first.tolist() == [0, 0, 0, 0, 1, 1]
    assert tokens.last.tolist() == [1, 1, 1, 1, 2, 2]
    (warning,) = tokens.warnings
    assert warning == (
        "4 of 6 words in tale have no token of their own and take the state of the word before "
        r"them: '\u200b'."
    )


def test_a_word_that_looks_like_a_special_token_is_read_as_text(minilm):
    tokens = tokenise_story(minilm.tokenizer, story(["say", "[SEP]", "twice"]))
    assert minilm.tokenizer.sep_token_id not in tokens.ids
    assert decoded(minilm.tokenizer, tokens) == ["say", "[ sep ]", "twice"]


def test_a_token_of_several_words_belongs_to_the_last_of_them():
    class Joining:
        """Reads "of the" as one token, as tokenizers with superwords do."""

        is_fast = True

        def __call__(self, text, **options):
            if options.get("return_offsets_mapping"):
                return {"input_ids": [7, 8], "offset_mapping": [(0, 3), (3, 10)]}
            return {"input_ids": [7]}

    tokens = tokenise_story(Joining(), story(["out", "of", "the"]))
    assert tokens.borrowed == (1,)
    assert tokens.first.tolist() == [0, 0, 1]


def test_a_tokenizer_without_offsets_that_joins_words_is_refused():
    class Joining:
        is_fast = False

        def __call__(self, text, **options):
            return {"input_ids": [len(text)]}

    with pytest.raises(ModelError, match=r"Joining does not tell which word .* fast tokenizer"):
        tokenise_story(Joining(), story(["out", "of"]))


def test_a_tokenizer_with_special_tokens_inside_is_refused():
    class Inserting:
        is_fast = False

        def __call__(self, text, **options):
            ids = [ord(letter) for letter in text]
            return {"input_ids": [ids[0], 0, *ids[1:]] if options["add_special_tokens"] else ids}

    with pytest.raises(ModelError, match="Inserting puts special tokens inside"):
        tokenise_story(Inserting(), story(["out", "of"]))


def test_a_story_longer_than_the_model_is_tokenised_whole_and_without_a_warning(minilm, capfd):
    before = logging.get_verbosity()
    logging.set_verbosity_warning()
    try:
        tokens = tokenise_story(minilm.tokenizer, random_story(3000))
    finally:
        logging.set_verbosity(before)
    # The tokenizer that comes with MiniLM is set to cut at 128 tokens.
    assert len(tokens) >= 3000
    assert "longer than" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "'tale' has no words; give its transcript"),
        (["river", " "], "has the word '', which is no text"),
        (["river", "\ud800"], r"has the word '\\ud800', which is no text"),
        (["\u200b", "\u200b"], "finds no token in the story 'tale'"),
    ],
)
def test_a_story_that_cannot_be_read_is_refused(minilm, words, message):
    with pytest.raises(InputError, match=message):
        tokenise_story(minilm.tokenizer, story(words))


# Windows


def random_tokens(seed: int, n_words: int = 300, longest: int = 6) -> StoryTokens:
    random = np.random.default_rng(seed)
    lengths = random.integers(0, longest + 1, n_words)
    lengths[0] = 1
    owners = np.repeat(np.arange(n_words), lengths)
    borrowed = np.flatnonzero(lengths == 0)
    first, last = np.cumsum(lengths) - lengths, np.cumsum(lengths)
    for word in borrowed:
        first[word], last[word] = first[word - 1], last[word - 1]
    names = tuple(f"word{index}" for index in range(n_words))
    return StoryTokens(
        "tale", names, np.arange(len(owners)), first, last, tuple(borrowed), (1,), (2,)
    )


@pytest.mark.parametrize("mode", ["strided", "exact"])
@pytest.mark.parametrize("seed", range(5))
def test_every_word_is_kept_once_with_all_its_tokens_and_no_half_word_is_read(mode, seed):
    tokens = random_tokens(seed)
    windows = plan_windows(tokens, ContextSettings(20, mode), 1000)
    kept = [word for window in windows for word in range(window.first_word, window.last_word)]
    assert kept == list(range(300))
    edges = set(tokens.first) | set(tokens.last)
    for window in windows:
        assert {window.start, window.stop} <= edges
        for word in range(window.first_word, window.last_word):
            assert window.start <= tokens.first[word] < tokens.last[word] <= window.stop


@pytest.mark.parametrize("context", [20, 64])
@pytest.mark.parametrize("seed", range(5))
def test_strided_words_have_between_c_and_2c_tokens_before_them(seed, context):
    tokens = random_tokens(seed)
    windows = plan_windows(tokens, ContextSettings(context), 1000)
    assert windows[0].start == 0
    assert max(len(window) for window in windows) <= 2 * context
    for window in windows[1:]:
        seen = tokens.first[window.first_word : window.last_word] - window.start
        assert seen.min() >= context
        assert seen.max() < 2 * context
    # They move by C, less what whole words cost: no more windows than that takes.
    assert len(windows) <= 1 + np.ceil(len(tokens) / (context - 2 * 6))


@pytest.mark.parametrize("context", [0, 1, 12, 64])
@pytest.mark.parametrize("seed", range(3))
def test_exact_windows_hold_as_many_whole_words_as_the_context_does(seed, context):
    tokens = random_tokens(seed)
    windows = plan_windows(tokens, ContextSettings(context, "exact"), 1000)
    for word, window in enumerate(windows):
        assert window.stop == tokens.last[word]
        assert tokens.first[word] - window.start <= context
        earlier = tokens.first[tokens.first < window.start]
        if len(earlier):
            assert tokens.first[word] - earlier.max() > context


def test_a_story_shorter_than_the_context_is_one_window():
    tokens = random_tokens(0, n_words=10)
    (window,) = plan_windows(tokens, ContextSettings(100), 1000)
    assert (window.start, window.stop) == (0, len(tokens))


def test_windows_and_special_tokens_may_fill_the_model():
    tokens = random_tokens(0)
    windows = plan_windows(tokens, ContextSettings(49), 100)
    assert max(len(window) for window in windows) + tokens.n_special <= 100


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            ContextSettings(50),
            "windows of 2 x 50 tokens and 2 special tokens are more than the 100 tokens that the "
            "model reads at once; the longest context in the mode strided is 49",
        ),
        (
            ContextSettings(93, "exact"),
            "93 tokens of context and a word of 6 and 2 special tokens are more than the 100 "
            "tokens that the model reads at once; the longest context in the mode exact is 92",
        ),
    ],
)
def test_windows_that_do_not_fit_are_refused_with_the_longest_that_do(settings, message):
    with pytest.raises(InputError, match=message):
        plan_windows(random_tokens(0), settings, 100)
    highest = int(message.split()[-1])
    plan_windows(random_tokens(0), ContextSettings(highest, settings.mode), 100)


def test_a_word_longer_than_its_window_is_refused():
    with pytest.raises(InputError, match=r"has \d tokens, too many for windows of 2 x 2 .* exact"):
        plan_windows(random_tokens(0), ContextSettings(2), 100)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"mode": "sliding"}, "unknown window mode 'sliding'; accepted are strided, exact"),
        ({"pooling": "max"}, "unknown pooling 'max' of sub-words; accepted are last, mean"),
        ({"context": 0}, "context of 0 tokens was asked for; the mode strided takes 1 or more"),
        ({"context": -1, "mode": "exact"}, "the mode exact takes 0 or more"),
        ({"context": 2.5}, "the context length is 2.5; give a number of tokens"),
        ({"context": True}, "the context length is True"),
    ],
)
def test_settings_that_are_not_accepted_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        ContextSettings(**given)
