"""Real transcripts through tokenising, windows and extraction, where this checkout has them."""

import numpy as np
import pytest

from backend.features.cache import StateCache
from backend.features.contexts import ContextSettings, plan_windows, tokenise_story
from backend.features.story_states import extract_story_states, static_word_embeddings
from backend.paths import PROJECT
from backend.stimuli import Words, read_words
from tests.features.stories import byte_level, loaded_from, save_splitting_gpt2

DATA = PROJECT.parent / "shared" / "data"
TRANSCRIPTS = {
    "The Little Prince": DATA / "lpp_en" / "word_information.csv",
    "21st Year": DATA / "narratives_21styear" / "align.csv",
}


@pytest.fixture(params=list(TRANSCRIPTS))
def stories(request) -> tuple[Words, ...]:
    path = TRANSCRIPTS[request.param]
    if not path.exists():
        pytest.skip(f"the real transcript {path} is not here")
    return read_words(path)


def test_every_word_has_its_own_tokens(stories, minilm):
    splitting = byte_level()
    for words in stories:
        pieces = tokenise_story(splitting, words)
        assert pieces.borrowed == ()
        spelled = [
            splitting.decode(pieces.ids[first:last].tolist()).strip()
            for first, last in zip(pieces.first, pieces.last, strict=True)
        ]
        assert spelled == [word.strip() for word in words.words]
        tokens = tokenise_story(minilm.tokenizer, words)
        assert tokens.borrowed == ()
        assert len(plan_windows(tokens, ContextSettings(255), 512)) < 3 + len(tokens) / 240


def test_the_first_story_is_read_by_an_encoder_and_a_decoder(stories, minilm, tmp_path):
    words = stories[0]
    decoder = loaded_from(save_splitting_gpt2(tmp_path / "gpt2", n_positions=512))
    for name, loaded in (("minilm", minilm), ("decoder", decoder)):
        cache = StateCache(tmp_path / "cache", name, None, "none")
        states = extract_story_states(loaded, words, ContextSettings(255), cache)
        assert states.n_words == len(words)
        assert states.sees_ahead == (name == "minilm")
        for layer in states.layers:
            values = np.asarray(states.layer(layer), dtype=np.float32)
            assert np.isfinite(values).all()
            # MiniLM's last layer has three dimensions that are zero for every word.
            assert np.count_nonzero(values.std(axis=0) < 1e-3) <= 3
        assert static_word_embeddings(loaded, words).shape == (len(words), states.n_dims)
