from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backend.cli import main
from backend.commands import precompute, study
from backend.commands.simulate_demo import DEMO
from backend.jobs.request import build_task, choose_data
from backend.store.queries import published, runs
from backend.store.reader import ResultStore
from tests.store.test_published import FILES


def write_reference(folder: Path) -> Path:
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def reference(tmp_path):
    return write_reference(tmp_path / "reference")


@pytest.fixture(scope="module")
def precomputed(tmp_path_factory, gpt2_folder):
    """Made of the demo in place of the real file, the tiny model, and one run per split."""
    folder = tmp_path_factory.mktemp("precompute")
    out = folder / "made" / "results.duckdb"

    def build(data, model, store, **options):
        return build_task(data, str(gpt2_folder), store, layers=[0], **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "PEREIRA", DEMO.name)
        patch.setattr(precompute, "COMPRESSIONS", ("none",))
        patch.setattr(precompute, "SUBJECTS", ())
        patch.setattr(precompute, "build_task", build)
        reference = write_reference(folder / "reference")
        words = ["--data", DEMO.parent, "--reference", reference, "--out", out]
        asked = []
        patch.setattr(precompute, "_study", lambda data, store: asked.append(data.path) or 0)
        assert main(["precompute", *map(str, words)]) == 0
        assert asked == [DEMO]
        asked.clear()
        assert main(["precompute", *map(str, words), "--without-study"]) == 0
        assert asked == []
    return out


def test_precompute_gathers_runs_and_published_figures(precomputed, tmp_path):
    store = ResultStore(tmp_path / "nowhere", precomputed)
    assert set(runs(store)["split"]) == {"contiguous", "shuffled"}
    assert len(published(store)) == 5


def test_the_study_that_ships_is_swept_probed_and_removed_from(monkeypatch, tmp_path):
    done = []
    monkeypatch.setattr("backend.sweeps.run.run_sweep", lambda *words: done.append("sweep"))
    monkeypatch.setattr(precompute, "report", lambda *words: 0)
    for name in ("probe_all", "remove_all"):
        monkeypatch.setattr(
            precompute,
            name,
            lambda tasks, store, again, name=name: (
                done.append((name, len(tasks))) or (name == "remove_all")
            ),
        )
    assert precompute._study(choose_data("demo-sentences"), tmp_path) == 1
    assert [each[0] for each in done[1:]] == ["probe_all", "remove_all"]
    assert all(count > 5 for _, count in done[1:])


def test_precomputed_results_hold_neither_sentences_nor_paths(precomputed):
    content = precomputed.read_bytes()
    assert b"Then the tide turned" not in content
    assert str(precomputed.parent).encode() not in content


def test_precompute_refuses_another_file_under_the_known_name(cli, reference, tmp_path):
    lines = DEMO.read_text().splitlines()[:50]
    text = "\n".join(lines).replace("simulated_length", "language_network_response")
    (tmp_path / precompute.PEREIRA).write_text(text)
    outcome = cli("precompute", "--data", tmp_path, "--reference", reference)
    assert outcome.code == 2
    assert "are not known" in outcome.errors[0]


def test_precompute_without_the_published_figures(cli, tmp_path):
    outcome = cli("precompute", "--data", tmp_path, "--reference", tmp_path)
    assert outcome.code == 2
    assert "has no published_split_confound.csv" in outcome.errors[0]


def test_simulate_demo_writes_the_shipped_file_again(cli, tmp_path):
    out = tmp_path / "again.csv"
    outcome = cli("simulate-demo", "--out", out)
    assert outcome.code == 0
    assert f"{out}: sha256 " in outcome.out
    again, shipped = pd.read_csv(out), pd.read_csv(DEMO)
    assert list(again.columns) == list(shipped.columns)
    for column in shipped.columns:
        if column.startswith("simulated"):
            np.testing.assert_allclose(again[column], shipped[column], atol=2e-3)
        else:
            assert again[column].equals(shipped[column])
