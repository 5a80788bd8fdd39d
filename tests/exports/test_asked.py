"""Methods of probes and removals: what was done, in numbers of the requests and the store."""

import io
import shlex
from pathlib import Path

import pytest

from backend import __version__
from backend.cli import build_parser
from backend.exports.asked import asked_command, read_asked
from backend.exports.asked_sentences import asked_words
from backend.exports.bibtex import bibtex
from backend.exports.bundle import view_files
from backend.exports.files import Choice
from backend.exports.methods import SIMULATED, cited_keys, methods_text
from backend.jobs.config import ProbingConfig
from backend.store.reader import ResultStore
from backend.store.shards import write_probes
from backend.views.sheet import Sheet
from backend.views.view import View
from tests.comparisons.probe_stores import write_probed
from tests.comparisons.removal_stores import write_removed
from tests.exports.test_methods import numbers


def test_probes_are_described_by_their_requests(tmp_path: Path) -> None:
    ids = [write_probed(tmp_path, "tiny", name) for name in ("none", "magnitude-70")]
    asked = read_asked(ResultStore(tmp_path), ids)
    (text,) = asked_words(asked)
    # Items, tasks, parameters, pruned percent, seeds, the interval.
    assert numbers(text) - {70} == {1600, 4, 1_000_000, 3, 95}
    assert "@hewitt2019" in text
    assert "discourse and syntax" in text
    assert "penalty chosen on inner folds" in text
    assert "CortexScale 0 " in methods_text([], asked=asked)


def test_removals_are_described_cited_and_named_simulated(tmp_path: Path) -> None:
    run_id = write_removed(tmp_path, evidence="simulated")
    asked = read_asked(ResultStore(tmp_path), [run_id])
    text = methods_text([], "dissociation", asked=asked)
    assert {"belrose2023", "benjamini1995", "cortexscale"} <= cited_keys(text)
    assert "10 contiguous" in text
    assert "syntax (3) and reasoning (3) directions" in text
    assert SIMULATED in text
    assert "@inproceedings{belrose2023" in bibtex(cited_keys(text))


def test_removals_on_stories_say_how_words_were_read_and_what_was_removed(tmp_path: Path) -> None:
    ids = [
        write_removed(tmp_path, subject="sub-01"),
        write_removed(tmp_path, subject="sub-01", labels="mine", falls={"Tense": -0.1}),
    ]
    texts = asked_words(read_asked(ResultStore(tmp_path), ids))
    own, bundled = sorted(texts, key=lambda text: "bundled" in text)
    assert "fitted to the texts of those tasks: syntax (3) and reasoning (3) directions" in bundled
    assert "context length 128, strided" in bundled
    assert "Responses of toy, sub-01 (measured; n = 100)" in bundled
    assert "what the labels mine say of each word was removed" in own
    assert "fitted to the words of the stories that each fold trains on" in own


@pytest.mark.parametrize(
    ("source", "citation", "said", "key"),
    [
        ("pairs", "Warstadt et al. 2020, BLiMP: the benchmark of linguistic minimal pairs for "
         "English, TACL 8", "Minimal pairs: ", "warstadt2020"),
        ("cloze", "Petroni et al. 2019, Language models as knowledge bases?, EMNLP", "Facts: ",
         "petroni2019"),
    ],
)  # fmt: skip
def test_judgements_cite_their_material(
    tmp_path: Path, source: str, citation: str, said: str, key: str
) -> None:
    config = ProbingConfig(
        dataset="set", data_sha256="0" * 64, citation=citation, model="tiny", source=source
    )  # type: ignore[arg-type]
    row = {"run_id": config.run_id, "phenomenon": "syntax", "task": "t", "n_items": 123}
    run = {
        "run_id": config.run_id, "kind": source, "dataset": "set", "model": "tiny",
        "n_parameters": 456, "compression": "none", "code_version": __version__,
        "config": config.model_dump_json(),
    }  # fmt: skip
    write_probes(
        tmp_path, config.run_id,
        {"probe_scores": [row], "probe_examples": [], "probe_runs": [run]},
    )  # fmt: skip
    (text,) = asked_words(read_asked(ResultStore(tmp_path), [config.run_id]))
    assert text.startswith(f"{said}123 items of 1 task (syntax) of set [@{key}]")
    assert "456 parameters" in text


def test_a_view_of_probes_leaves_with_its_requests_and_commands(tmp_path: Path) -> None:
    ids = (write_probed(tmp_path, "tiny"), write_removed(tmp_path))
    store = ResultStore(tmp_path)
    table = store.query("SELECT task FROM probe_scores")
    sheet = Sheet("probes", None, None, table, "A caption.", "alt", ids)
    files = view_files(View(page="probing"), [sheet], store, Choice(("csv",)))
    assert {f"configs/{run_id}.json" for run_id in ids} <= set(files)
    readme = files["README.txt"].decode()
    assert "python -m backend probe --seeds 3 --model tiny" in readme
    assert "python -m backend remove --dataset FILE" in readme
    assert io.StringIO(files["methods.md"].decode()).read().count("Removal: ") == 1


def test_the_commands_are_ones_that_the_command_line_reads(tmp_path: Path) -> None:
    ids = (
        write_probed(tmp_path, "tiny"),
        write_removed(tmp_path),
        write_removed(tmp_path, subject="sub-01", labels="mine"),
    )
    for each in read_asked(ResultStore(tmp_path), ids):
        build_parser().parse_args(shlex.split(asked_command(each.config))[3:])
