"""States of a story: strided windows against one forward pass for each word.

Behind :mod:`backend.features.story_states`. Two questions, answered in one run on the demo stories:

*speed*: words and tokens of the story per second, for a decoder of 12 layers and 768 dimensions
with random weights and a context of 256 tokens. One forward pass per word (a window of its own,
batch of one, every layer's state of the word kept) is timed on a sample of words that have their
whole context behind them; strided extraction on whole stories, with tokenising, half precision and
the cache's files in the time. Both in turns, so that whatever else the machine does falls on both;
medians are printed, never asserted.

*r*: what the mode changes in an encoding model. Simulated responses are driven by a middle layer's
states, with noise, and predicted by others, leaving one story out at a time. Strided words have C
to 2C tokens before them, 1.5C in the mean, so exact states of 1.5C stand beside: what a longer
context alone does is not the mode's doing. Whatever drives the responses predicts them best; the
differences say how much a choice matters, not what is nearer to a brain. Responses weigh every
dimension alike, small differences too, which is more than a brain may do.

    python -m benchmarks.extraction
    python -m benchmarks.extraction --only speed --device cuda
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import zscore
from sklearn.linear_model import RidgeCV
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    GPT2Config,
    GPT2Model,
    LlamaConfig,
    LlamaModel,
    PreTrainedTokenizerFast,
)

from backend.encoding.alignment import downsample, tr_midpoints
from backend.encoding.delays import delay
from backend.features.cache import StateCache
from backend.features.contexts import (
    ContextSettings,
    StoryTokens,
    Window,
    plan_windows,
    tokenise_story,
)
from backend.features.forward import hidden_states
from backend.features.loading import LoadedModel, load_model
from backend.features.sources import resolve_model
from backend.features.story_states import extract_story_states
from backend.paths import ASSETS
from backend.stimuli import Words, read_words

CONTEXT = 256
TR = 2.0
DELAYS = (1, 2, 3, 4)
N_TARGETS = 20
ALPHAS = np.logspace(0, 6, 13)
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Rates:
    """Words per second of both ways, and tokens of the story per second."""

    exact: float
    strided: float
    exact_tokens: float
    strided_tokens: float


def demo_stories() -> list[Words]:
    """Read the stories that come with the project."""
    return [read_words(path)[0] for path in sorted((ASSETS / "demo" / "stories").glob("*.csv"))]


def joined(stories: Sequence[Words], n_words: int) -> Words:
    """One story of ``n_words`` words, from as many stories as that takes."""
    texts = [word for story in stories for word in story.words]
    texts = (texts * (1 + n_words // len(texts)))[:n_words]
    onsets = 0.35 * np.arange(n_words)
    return Words("joined", tuple(texts), onsets, onsets + 0.3, np.zeros(n_words, dtype=bool))


def make_decoder(
    folder: Path,
    stories: Sequence[Words],
    device: str,
    n_layers: int,
    width: int,
    positions: Literal["absolute", "rotary"] = "absolute",
) -> LoadedModel:
    """Save a decoder of random weights, with a byte-level tokenizer of these texts, and load it.

    A GPT-2 has absolute positions, a Llama rotary ones.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1500,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|endoftext|>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator([" ".join(story.words) for story in stories], trainer)
    torch.manual_seed(0)
    n_words, n_heads = tokenizer.get_vocab_size(), width // 64
    ends = {"bos_token_id": 0, "eos_token_id": 0}
    model: GPT2Model | LlamaModel
    if positions == "absolute":
        model = GPT2Model(
            GPT2Config(vocab_size=n_words, n_layer=n_layers, n_embd=width, n_head=n_heads, **ends)
        )
    else:
        model = LlamaModel(
            LlamaConfig(
                vocab_size=n_words,
                num_hidden_layers=n_layers,
                hidden_size=width,
                intermediate_size=4 * width,
                num_attention_heads=n_heads,
                max_position_embeddings=1024,
                **ends,
            )
        )
    model.save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|endoftext|>").save_pretrained(
        folder
    )
    return load_model(resolve_model(str(folder)), "none", device)


def word_by_word(loaded: LoadedModel, tokens: StoryTokens, windows: Sequence[Window]) -> None:
    """Read each window by itself and take every layer's state of its last token."""
    for window in windows:
        ids = tokens.ids[window.start : window.stop].tolist()
        hidden = hidden_states(loaded, [[*tokens.before, *ids, *tokens.after]])
        place = len(tokens.before) + len(ids) - 1
        torch.stack([layer[0, place] for layer in hidden]).to(torch.float16).cpu().numpy()


def compare_speed(loaded: LoadedModel, words: Words, n_sampled: int, rounds: int) -> list[Rates]:
    """Time both ways in turns.

    Parameters
    ----------
    loaded : LoadedModel
    words : Words
    n_sampled : int
        Words in a round that are read one by one, other ones in every round.
    rounds : int
        After one that is thrown away.

    Returns
    -------
    list of Rates
        One per round.
    """
    tokens = tokenise_story(loaded.tokenizer, words)
    per_word = len(tokens) / len(words)
    windows = plan_windows(tokens, ContextSettings(CONTEXT, "exact"), loaded.max_tokens)
    full = [window for window in windows if window.start > 0]
    random = np.random.default_rng(0)
    rates = []
    for place in range(rounds + 1):
        sample = [full[index] for index in random.choice(len(full), n_sampled, replace=False)]

        def one_by_one(sample: list[Window] = sample) -> int:
            word_by_word(loaded, tokens, sample)
            return len(sample)

        def strided() -> int:
            with tempfile.TemporaryDirectory() as folder:
                cache = StateCache(Path(folder), "decoder", None, "none")
                extract_story_states(loaded, words, ContextSettings(CONTEXT), cache)
            return len(words)

        ways = {"exact": one_by_one, "strided": strided}
        order = list(ways) if place % 2 else list(ways)[::-1]
        rate = {}
        for way in order:
            started = time.perf_counter()
            n_words = ways[way]()
            rate[way] = n_words / (time.perf_counter() - started)
        rates.append(
            Rates(
                rate["exact"],
                rate["strided"],
                rate["exact"] * per_word,
                rate["strided"] * per_word,
            )
        )
    return rates[1:]


def design(
    loaded: LoadedModel, stories: Sequence[Words], settings: ContextSettings, layer: int
) -> list[Array]:
    """One layer's states of each story, aligned to TRs: [n_trs, n_dims] per story."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        cache = StateCache(Path(folder), "model", None, "none")
        for words in stories:
            states = extract_story_states(loaded, words, settings, cache).layer(layer)
            trs = tr_midpoints(int(np.ceil(words.seconds / TR)), TR)
            features = np.asarray(states, dtype=np.float32)
            rows.append(downsample(features, words.midpoints, trs, TR))
    return rows


def simulate(features: Sequence[Array], share: float, seed: int) -> list[Array]:
    """Responses [n_trs, n_targets]: random weights on delayed features, and white noise.

    ``share`` is the part of the variance that the features make.
    """
    random = np.random.default_rng(seed)
    mean, scale = _moments(features)
    delayed = [delay((block - mean) / scale, DELAYS) for block in features]
    weights = random.standard_normal((delayed[0].shape[1], N_TARGETS)).astype(np.float32)
    signal = [block @ weights for block in delayed]
    spread = np.concatenate(signal).std(axis=0)
    return [
        np.sqrt(share) * block / spread
        + np.sqrt(1 - share) * random.standard_normal(block.shape).astype(np.float32)
        for block in signal
    ]


def predict(features: Sequence[Array], responses: Sequence[Array]) -> NDArray[np.float64]:
    """Mean r over left-out stories of each target, by scikit-learn's ridge."""
    scores = []
    for out in range(len(features)):
        kept = [index for index in range(len(features)) if index != out]
        mean, scale = _moments([features[index] for index in kept])
        blocks = [delay((block - mean) / scale, DELAYS) for block in features]
        ridge = RidgeCV(ALPHAS, alpha_per_target=True)
        ridge.fit(
            np.concatenate([blocks[index] for index in kept]),
            np.concatenate([responses[index] for index in kept]),
        )
        predicted = zscore(ridge.predict(blocks[out]))
        scores.append((predicted * zscore(responses[out])).mean(axis=0))
    return np.mean(scores, axis=0)


def compare_r(
    loaded: LoadedModel, stories: Sequence[Words], context: int, layer: int, title: str
) -> None:
    """Print how well each kind of states predicts responses that each of them drives."""
    kinds = {
        f"exact {context}": ContextSettings(context, "exact"),
        f"exact {context * 3 // 2}": ContextSettings(context * 3 // 2, "exact"),
        f"strided {context}": ContextSettings(context, "strided"),
    }
    features = {kind: design(loaded, stories, kinds[kind], layer) for kind in kinds}
    print(f"\n{title}, layer {layer}: r by the states of")
    print(f"  {'driven by':<12}" + "".join(f"{kind:>24}" for kind in kinds))
    for driver in kinds:
        responses = simulate(features[driver], share=0.3, seed=1)
        scores = {kind: predict(features[kind], responses) for kind in kinds}
        cells = []
        for kind in kinds:
            difference = scores[kind] - scores[driver]
            error = difference.std(ddof=1) / np.sqrt(len(difference))
            shown = f" ({difference.mean():+.3f} ± {error:.3f})" if kind != driver else ""
            cells.append(f"{scores[kind].mean():.3f}{shown}".rjust(24))
        print(f"  {driver:<12}" + "".join(cells), flush=True)


def _moments(features: Sequence[Array]) -> tuple[Array, Array]:
    together = np.concatenate(list(features))
    return together.mean(axis=0), together.std(axis=0)


def print_speed(
    loaded: LoadedModel, stories: Sequence[Words], n_words: int, n_sampled: int, rounds: int
) -> None:
    """Print both ways' rates and the ratio of a round."""
    words = joined(stories, n_words)
    rates = compare_speed(loaded, words, n_sampled, rounds)
    n_tokens = len(tokenise_story(loaded.tokenizer, words))
    print(
        f"12 layers, 768 dimensions, random weights, context {CONTEXT}; {n_words} words "
        f"({n_tokens} tokens) strided, {n_sampled} sampled words a round one by one; medians of "
        f"{rounds} rounds"
    )
    print(f"  {'':<30}{'words/s':>10}{'tokens/s':>10}")
    for title, way, ways in (
        ("one forward pass per word", "exact", "exact_tokens"),
        ("strided windows, cache written", "strided", "strided_tokens"),
    ):
        values = [statistics.median(getattr(rate, name) for rate in rates) for name in (way, ways)]
        print(f"  {title:<30}{values[0]:>10.2f}{values[1]:>10.2f}")
    ratios = sorted(rate.strided / rate.exact for rate in rates)
    print(
        f"  ratio of a round: median {statistics.median(ratios):.1f} "
        f"({ratios[0]:.1f} to {ratios[-1]:.1f})\n"
    )


def main() -> None:
    """Compare speed, then r."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--device", default="cpu", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--only", choices=("speed", "r"))
    parser.add_argument("--rounds", type=int, default=5, help="of the timing (default: 5)")
    parser.add_argument("--words", type=int, default=1500, help="read strided (default: 1500)")
    parser.add_argument("--sample", type=int, default=12, help="read one by one (default: 12)")
    parser.add_argument("--context", type=int, default=64, help="of the r part (default: 64)")
    arguments = parser.parse_args()
    stories = demo_stories()
    print(f"{os.cpu_count()} cores, {torch.get_num_threads()} threads, {arguments.device}\n")
    with tempfile.TemporaryDirectory() as folder:
        if arguments.only != "r":
            decoder = make_decoder(Path(folder) / "decoder", stories, arguments.device, 12, 768)
            print_speed(decoder, stories, arguments.words, arguments.sample, arguments.rounds)
        if arguments.only != "speed":
            n_words = sum(len(story) for story in stories)
            print(
                f"{len(stories)} demo stories, {n_words} words; {N_TARGETS} simulated targets, 30% "
                "of their variance driven; in brackets the difference to the driver's own r ± SE"
            )
            for positions in ("absolute", "rotary"):
                small = make_decoder(
                    Path(folder) / positions, stories, arguments.device, 4, 256, positions
                )
                title = f"random decoder of 4 layers, {positions} positions"
                compare_r(small, stories, arguments.context, 2, title)
            minilm = load_model(resolve_model("minilm-l6"), "none", arguments.device)
            compare_r(minilm, stories, arguments.context, 3, "MiniLM-L6 (reads ahead)")


if __name__ == "__main__":
    main()
