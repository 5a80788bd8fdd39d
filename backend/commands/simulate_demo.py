"""``simulate-demo``: make the demo data set's simulated responses again."""

import argparse
import hashlib
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from backend.datasets.simulate import autocorrelated_noise, leading_signal, simulate_response
from backend.features.baselines import length
from backend.paths import ASSETS
from backend.stimuli import Sentences

DEMO = ASSETS / "demo" / "sentences.csv"
LAYER = 4
N_COMPONENTS = 4
MEANING_CEILING = 0.75
LENGTH_CEILING = 0.6


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "simulate-demo",
        help="make the demo data set's simulated responses again",
        description="Write the demo's simulated responses beside its sentences: one driven by "
        f"what sentence length leaves of MiniLM's layer {LAYER}, one by sentence length alone, one "
        "by nothing. The known noise ceilings are in backend/catalog/datasets.yaml.",
    )
    parser.add_argument("--out", type=Path, default=DEMO, help="file to write (default: in place)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Read the sentences, simulate, write, and print the checksum for the catalogue."""
    table = pd.read_csv(DEMO, dtype=str, keep_default_na=False)[["passage", "sentence"]]
    simulate(table).to_csv(arguments.out, index=False, lineterminator="\n")
    print(f"{arguments.out}: sha256 {hashlib.sha256(arguments.out.read_bytes()).hexdigest()}")
    return 0


def simulate(table: pd.DataFrame) -> pd.DataFrame:
    """Add the three simulated responses to a table of sentences.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``passage`` and ``sentence``.

    Returns
    -------
    pandas.DataFrame
        With ``simulated_meaning``, ``simulated_length`` and ``simulated_noise``, four decimals.
    """
    from backend.features.extraction import extract_sentence_states
    from backend.features.loading import load_model
    from backend.features.sources import resolve_model

    sentences = Sentences(tuple(table["sentence"]))
    with tempfile.TemporaryDirectory() as scratch:
        loaded = load_model(resolve_model("minilm-l6"), "none", "cpu")
        path, _ = extract_sentence_states(
            loaded, sentences, Path(scratch) / "states.npy", layers=[LAYER]
        )
        states = np.load(path)[0]
    n = len(sentences)
    lengths = length(sentences)
    meaning = leading_signal(states, lengths, N_COMPONENTS, seed=1)
    responses = {
        "simulated_meaning": simulate_response(
            meaning, autocorrelated_noise(n, 0.5, seed=2), MEANING_CEILING
        ),
        "simulated_length": simulate_response(
            lengths[:, 0], autocorrelated_noise(n, 0.5, seed=3), LENGTH_CEILING
        ),
        "simulated_noise": autocorrelated_noise(n, 0.8, seed=4),
    }
    return table.assign(**{name: np.round(values, 4) for name, values in responses.items()})
