"""Methods that say what was done, and nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest

from backend import __version__, catalog
from backend.errors import StoreError
from backend.exports.methods import SIMULATED, cited_keys, methods_text
from backend.exports.runs import Run, read_runs
from backend.store.reader import ResultStore
from backend.store.shards import write_run
from tests.helpers import make_config, make_tables
from tests.story_helpers import make_story_config, write_story_run

NUMBER = re.compile(r"(?<![\w.@-])\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")
CALIBRATION = {"text": "my.txt", "sha256": "1" * 64, "n_samples": 17, "length": 99, "seed": 23}


def sentence_runs(folder: Path, *changes: dict[str, Any], **row: Any) -> list[Run]:
    """Store runs of made-up scores, and read them."""
    configs = [make_config(**each) for each in changes or ({},)]
    for config in configs:
        write_run(folder, config.run_id, make_tables(config, **row))
    return read_runs(ResultStore(folder), [config.run_id for config in configs])


def story_runs(folder: Path, *changes: dict[str, Any]) -> list[Run]:
    configs = [make_story_config(**each) for each in changes or ({},)]
    for config in configs:
        write_story_run(folder, config)
    return read_runs(ResultStore(folder), [config.run_id for config in configs])


def numbers(text: str) -> set[float]:
    """Numbers of a text, citation keys left out."""
    bare = re.sub(r"\[@[^\]]*\]", "", text)
    return {float(number.replace(",", "").rstrip(".")) for number in NUMBER.findall(bare)}


def test_every_number_is_of_the_request_or_the_store(tmp_path: Path) -> None:
    (run,) = sentence_runs(
        tmp_path,
        {"n_folds": 7, "gap": 3, "layers": (2, 5), "ceilings": (0.61, None),
         "compression": "gptq-w4a16", "calibration": CALIBRATION},
        n_parameters=12345, n_samples=321, n_words=4321, bits_per_weight=5.25, sparsity=0.125,
    )  # fmt: skip
    named = {4, 16, 95, 0}  # GPTQ W4A16, 95% intervals, the embedding output
    known = {7, 3, 2, 5, 0.61, 12345, 321, 4321, 5.25, 12.5, 17, 99, 23, 8, 2026}
    found = numbers(methods_text([run]))
    assert found - named <= known
    assert {7, 3, 2, 5, 0.61, 12345, 321, 4321, 5.25, 12.5, 17, 99, 23} <= found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pooling": "last"}, "represented by the last token"),
        ({"split": "grouped", "group": "passage"}, "4 folds of whole groups (passage)"),
        ({"split": "shuffled", "seed": 5}, "4 shuffled folds (seed 5), which leak"),
        ({"gap": 6}, "4 contiguous blocks, with 6 sentences left out beside each"),
        ({"layers": (0, 1)}, "in layers 0, 1;"),
        ({"model": "minilm-l6:random"}, "random twins of MiniLM-L6"),
        ({"citation": "Me 2027"}, "toy (Me 2027)"),
        ({"modality": "ECoG", "subject": "P3"}, "(ECoG; P3; n = 40 sentences, 300 words)"),
    ],
)  # fmt: skip
def test_what_the_request_asks_for_is_said(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    assert said in methods_text(sentence_runs(tmp_path, change))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "windows of 256 tokens that move by 128 (context length 128, strided)"),
        ({"context": 64, "context_mode": "exact"}, "of its own of 64 tokens for each word"),
        ({"delays": (2, 3)}, "delayed by 2 and 3 TRs (FIR)"),
        ({"delays": (), "hrf": "glover"}, "the glover response function [@glover1999]"),
        ({"downsampling": "sum"}, "taken to TRs by their sum"),
        ({"trim_head": 9, "trim_tail": 2}, "9 TRs at the start and 2 at the end"),
        ({"tr": 1.5}, "TRs of 1.5 s"),
        ({"split": "test-story", "test_stories": ("orchard",)}, "held out were orchard,"),
        ({"permutations": 250}, "tested by 250 permutations"),
        ({"ceiling": "repeats", "ceiling_floor": 0.2}, "from split halves of repeated stories"),
        ({"targets": "regions"}, "fitted to the targets that lie in a region;"),
    ],
)  # fmt: skip
def test_what_a_request_on_stories_asks_for_is_said(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    text = methods_text(story_runs(tmp_path, change))
    assert said in text
    assert SIMULATED in text


def test_what_runs_share_is_said_once_and_what_differs_together(tmp_path: Path) -> None:
    runs = sentence_runs(
        tmp_path,
        {"model": "minilm-l6"},
        {"model": "minilm-l6", "compression": "bnb-nf4"},
        {"model": "minilm-l6", "split": "shuffled"},
    )
    text = methods_text(runs)
    assert text.count("toy (Toy et al. 2026)") == 1
    assert text.count("(1,000 parameters)") == 1
    assert "full precision (32.00 bits per weight) and NF4 [@dettmers2023] (32.00 bits" in text
    assert "beside each; and 4 shuffled folds" in text


def test_subjects_are_named_once_each(tmp_path: Path) -> None:
    runs = story_runs(tmp_path, {}, {"subject": "sub-02"}, {"subject": "sub-02", "context": 64})
    assert "2 subjects: sub-01 and sub-02" in methods_text(runs)


def test_constants_of_the_code_are_said_of_its_own_version_only(tmp_path: Path) -> None:
    old = methods_text(sentence_runs(tmp_path / "old"))
    new = methods_text(sentence_runs(tmp_path / "new", code_version=__version__))
    assert "13 values between 1 and 1e+06 on 5 inner folds" in new
    assert "chosen on inner folds of the training data." in old
    assert f"CortexScale {__version__} [@cortexscale]" in new


def test_measured_data_are_not_called_simulated(tmp_path: Path) -> None:
    text = methods_text(sentence_runs(tmp_path))
    assert "SIMULATED" not in text
    assert "Data (measured)" in text


@pytest.mark.parametrize(
    ("page", "keys"),
    [
        ("compression", {"schuirmann1987", "benjamini1995"}),
        ("scale", {"schuirmann1987", "holm1979", "hurvich1989"}),
        ("claims", {"schuirmann1987"}),
        ("layers", set()),
    ],
)
def test_tests_of_a_page_are_described_and_cited(tmp_path: Path, page: str, keys: set[str]) -> None:
    text = methods_text(sentence_runs(tmp_path), page, margin=0.035)
    statistics = {"schuirmann1987", "benjamini1995", "holm1979", "hurvich1989"}
    assert cited_keys(text) & statistics == keys
    assert ("±0.035" in text) == bool(keys)


def test_every_citation_is_in_the_catalogue(tmp_path: Path) -> None:
    runs = [
        *sentence_runs(
            tmp_path,
            *(
                {"compression": name, "calibration": CALIBRATION, "model": "minilm-l6"}
                for name in catalog.compressions()
            ),
        ),
        *story_runs(tmp_path / "stories", {"permutations": 10}),
    ]
    text = methods_text(runs, "scale", 0.02)
    cited = set(re.findall(r"@([a-z0-9-]+)", text))
    assert cited == cited_keys(text)
    assert {"wang2020", "hadidi2025", "dupre2022", "frantar2023gptq"} <= cited
    for entry in catalog.compressions().values():
        assert entry.citation is None or entry.citation in cited


def test_no_runs_are_no_methods() -> None:
    assert "No run of the store is shown." in methods_text([])


def test_a_run_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not hold the run 0123456789abcdef"):
        read_runs(ResultStore(tmp_path), ["0123456789abcdef"])


def test_a_request_of_another_version_is_refused_by_name(tmp_path: Path) -> None:
    config = make_config()
    odd = config.model_dump_json().replace('"gap":0', '"gap":0,"moon":"full"')
    tables = make_tables(config, code_version="9.9")
    tables.runs[0]["config"] = odd
    write_run(tmp_path, config.run_id, tables)
    with pytest.raises(StoreError, match=rf"{config.run_id}.*cannot read.*wrote it: 9\.9"):
        read_runs(ResultStore(tmp_path), [config.run_id])
