"""What the tests of stories build: words, tokenizers of every family, models that split words."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import (
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import GPT2Config, GPT2Model, PreTrainedTokenizerFast

from backend.features.loading import LoadedModel, load_model
from backend.features.sources import resolve_model
from backend.stimuli import Words
from tests.helpers import WORDS

CORPUS = [" ".join(WORDS), "the teacher's lantern; a small, narrow boat - don't!"] * 2


def story(texts: Sequence[str], name: str = "tale") -> Words:
    onsets = 0.4 * np.arange(len(texts))
    return Words(name, tuple(texts), onsets, onsets + 0.3, np.zeros(len(texts), dtype=bool))


def random_story(n: int, seed: int = 0, name: str = "tale") -> Words:
    return story(np.random.default_rng(seed).choice(WORDS, n).tolist(), name)


def byte_level(trim_offsets: bool = True, bos: bool = False) -> PreTrainedTokenizerFast:
    """Byte-level BPE as in GPT-2, or with Llama 3's splitting and its token at the beginning."""
    tokenizer = Tokenizer(models.BPE())
    if bos:
        split = pre_tokenizers.Split(
            Regex(r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|\S+|\s+"), "isolated"
        )
        byte = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=330,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|endoftext|>", "<|begin|>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.decoder = decoders.ByteLevel()
    steps = [processors.ByteLevel(trim_offsets=trim_offsets)]
    if bos:
        steps.append(processors.TemplateProcessing("<|begin|> $A", None, [("<|begin|>", 1)]))
    tokenizer.post_processor = processors.Sequence(steps)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|endoftext|>", bos_token="<|begin|>"
    )


def unigram() -> PreTrainedTokenizerFast:
    """SentencePiece's unigram model, as in XLM-R and T5."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(
        CORPUS,
        trainers.UnigramTrainer(
            vocab_size=90, special_tokens=["<unk>", "</s>"], unk_token="<unk>", show_progress=False
        ),
    )
    tokenizer.post_processor = processors.TemplateProcessing("$A </s>", None, [("</s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", eos_token="</s>")


def byte_fallback() -> PreTrainedTokenizerFast:
    """SentencePiece's BPE without a pre-tokenizer, as in Llama 2."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=360,
        special_tokens=["<unk>", "<s>", *(f"<0x{byte:02X}>" for byte in range(256))],
        show_progress=False,
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    tokenizer.train_from_iterator([word for text in CORPUS for word in text.split()], trainer)
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A", None, [("<s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>")


def save_splitting_gpt2(folder: Path, **config: int) -> Path:
    """A tiny GPT-2 whose byte-level tokenizer splits words into sub-words."""
    tokenizer = byte_level()
    torch.manual_seed(0)
    sizes = {"n_positions": 64, "n_embd": 32, "n_layer": 2, "n_head": 2, **config}
    ends = {"bos_token_id": 0, "eos_token_id": 0}
    GPT2Model(GPT2Config(vocab_size=len(tokenizer), **sizes, **ends)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def loaded_from(folder: Path) -> LoadedModel:
    return load_model(resolve_model(str(folder)), "none", "cpu")
