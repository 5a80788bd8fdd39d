"""``train-family``: train the small language models that ship with the project."""

import argparse
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from backend.errors import InputError
from backend.family.corpus import Corpus, read_corpus
from backend.family.recipe import Recipe
from backend.family.sizes import SIZES
from backend.paths import ASSETS, cache_folder


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "train-family",
        help="train the family of small language models on a folder of text",
        description="Train a byte-level tokenizer and five sizes of one decoder on the .txt and "
        ".txt.xz files of a folder (those named validation* are held out), and save each as a "
        "Hugging Face folder with its model card. What is interrupted goes on when the command is "
        "given again.",
    )
    parser.add_argument("--corpus", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--size", action="append", choices=list(SIZES), help="only this one; may be repeated"
    )
    parser.add_argument(
        "--out", type=Path, default=ASSETS / "models", metavar="FOLDER",
        help="where the models go (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--work", type=Path, default=None, metavar="FOLDER",
        help="where tokens and unfinished trainings are kept (default: family/ in the cache)",
    )  # fmt: skip
    parser.add_argument("--steps", type=int, default=Recipe.steps, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument(
        "--further", action="store_true",
        help="train what is there once more, at half the learning rate, on other windows",
    )  # fmt: skip
    parser.add_argument(
        "--describe", default="", metavar="TEXT", help="what the text is, for the model card"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Train every size that is not there yet."""
    if arguments.steps < 1:
        raise InputError(f"--steps {arguments.steps} was given; at least 1 is needed.")
    recipe = Recipe(steps=arguments.steps, seed=arguments.seed)
    from backend.family.save import read_history

    corpus = read_corpus(arguments.corpus)
    work = arguments.work or cache_folder() / "family"
    work.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(work, corpus)
    about = arguments.describe or f"the text files of {arguments.corpus.resolve().name}/"
    for name in arguments.size or SIZES:
        folder, before = arguments.out / name, None
        if folder.exists() and not arguments.further:
            print(f"{name}: there already (remove {folder} to train it again, or add --further)")
            continue
        if folder.exists():
            before = read_history(folder)
            recipe = replace(Recipe(**before["recipe"]).further(), steps=arguments.steps)
        _train(name, folder, work, corpus, tokenizer, recipe, about, arguments.device, before)
    return 0


def _tokenizer(work: Path, corpus: Corpus) -> Any:
    """Load the tokenizer of this text, or train it."""
    from transformers import AutoTokenizer

    from backend.family.tokens import train_tokenizer

    folder = work / f"tokenizer-{corpus.sha256[:16]}"
    if not folder.exists():
        temporary = folder.with_name(f".{folder.name}.part")
        train_tokenizer(corpus.train).save_pretrained(temporary)
        temporary.rename(folder)
    return AutoTokenizer.from_pretrained(folder)


def _train(
    name: str,
    folder: Path,
    work: Path,
    corpus: Corpus,
    tokenizer: Any,
    recipe: Recipe,
    about: str,
    device_name: str,
    before: Mapping[str, Any] | None,
) -> None:
    from tqdm import tqdm

    from backend.family.save import save_model
    from backend.family.tokens import saved_tokens
    from backend.family.train import train_model, validation_loss
    from backend.features.loading import choose_device

    device = choose_device(device_name)
    key = hashlib.sha256(corpus.sha256.encode()).hexdigest()[:16]
    train = saved_tokens(work, f"train-{key}", tokenizer, corpus.train)
    held_out = saved_tokens(work, f"validation-{key}", tokenizer, corpus.validation)
    checkpoint = work / f"{name}-{key}-{recipe.steps}-{recipe.seed}.pt"
    with tqdm(total=recipe.steps, desc=name, unit="step") as bar:

        def advance(step: int, loss: float) -> None:
            bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            bar.update(step - bar.n)

        model, curve = train_model(
            SIZES[name],
            tokenizer,
            train,
            held_out,
            recipe,
            checkpoint,
            device,
            advance,
            folder if before else None,
        )
    loss = validation_loss(model, held_out, recipe, device, n_windows=len(held_out))
    facts = {
        "corpus": about,
        "corpus_sha256": corpus.sha256,
        "n_train_tokens": len(train),
        "validation_loss": loss,
        "device": "a CPU" if device.type == "cpu" else "a GPU",
        "before": before,
    }
    save_model(folder, model, tokenizer, recipe, curve, facts)
    checkpoint.unlink()
    print(f"{name}: validation loss {loss:.3f} nats per token, saved to {folder}")
