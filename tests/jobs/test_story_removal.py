"""Removal on stories: what is planted is lost without its property, and nothing else is."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backend.comparisons.removal import removal_falls
from backend.errors import InputError
from backend.jobs import story_removal
from backend.jobs.encode_stories import run_story_encoding
from backend.jobs.removal_config import StoryRemovalTask
from backend.jobs.removal_request import build_story_removal_task
from backend.jobs.stories import choose_stories
from backend.jobs.story_removal import run_story_removal
from backend.jobs.story_request import build_story_task
from backend.probing.tasks import Item, Piece, ProbingTask
from backend.store.reader import ResultStore
from backend.store.removal_queries import has_removal, removal_scores
from tests.helpers import WORDS
from tests.jobs.labelled_stories import KINDS, LAYER, save_kind_reader, write_labelled_folder
from tests.jobs.stories import CONTEXT, STORIES

OPTIONS = {"layers": [LAYER], "context": CONTEXT, "delays": (1, 2, 3), "device": "cpu"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("removal")


@pytest.fixture(scope="module")
def model(place: Path) -> Path:
    return save_kind_reader(place / "tiny")


@pytest.fixture(scope="module")
def folders(place: Path, model: Path) -> tuple[Path, Path]:
    return write_labelled_folder(place / "labelled", model, place / "cache")


@pytest.fixture(autouse=True)
def own_cache(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(place / "cache"))


def asked(folder: Path, model: Path, store: Path, **options: object) -> StoryRemovalTask:
    stated = {**OPTIONS, "n_random": 3, **options}
    return build_story_removal_task(choose_stories(str(folder)), str(model), store, **stated)  # type: ignore[arg-type]


def measured(task: StoryRemovalTask) -> pd.DataFrame:
    run_id = run_story_removal(task)
    store = ResultStore(task.store)
    assert has_removal(store, run_id)
    return removal_scores(store)


def kinds_asked() -> tuple[ProbingTask, ...]:
    """A task of the project's own: of which kind is this word?"""
    items = [
        Item((Piece(f"{first} {word}", (len(first) + 1, len(first) + 1 + len(word))),),
             KINDS[word], index % 4, index, index, word)
        for index, (first, word) in enumerate(zip(WORDS * 8, WORDS[3:] * 8, strict=False))
    ]  # fmt: skip
    return (ProbingTask("kinds", "Kinds", "syntax", tuple(items)),)


@pytest.mark.parametrize("fitted_to", ["words of training stories", "items of tasks"])
def test_what_drives_a_region_costs_it_everything_and_others_nothing(
    folders: tuple[Path, Path], model: Path, tmp_path: Path, fitted_to: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    folder, labels = folders
    if fitted_to == "items of tasks":
        monkeypatch.setattr(story_removal, "bundled_tasks", kinds_asked)
        options = {"phenomena": ["syntax"]}
    else:
        options = {"labels": labels}
    table = measured(asked(folder, model, tmp_path, **options))
    assert set(table["held_out"]) == set(STORIES)
    assert set(table["evidence"]) == {"simulated"}
    means = table.groupby("roi")[["r_full", "r_removed", "r_random"]].mean()
    kind, other, nothing = (means.loc[name] for name in ("kind", "other", "nothing"))
    # The floor is what a region scores that follows nothing.
    assert kind["r_full"] > 0.6
    assert abs(kind["r_removed"]) < 0.1
    assert kind["r_random"] > kind["r_full"] - 0.1
    assert other["r_removed"] == pytest.approx(other["r_full"], abs=0.03)
    assert abs(nothing["r_full"]) < 0.1
    assert table["probe_before"].min() > 0.9
    assert table["probe_after"].max() < 0.6
    verdicts = removal_falls(table).set_index("roi")["verdict"]
    assert verdicts["kind"] == "costs more"
    assert verdicts["nothing"] == "nothing to lose"


def test_what_is_not_removed_scores_as_an_encoding_run_does(
    folders: tuple[Path, Path], model: Path, tmp_path: Path
) -> None:
    folder, labels = folders
    table = measured(asked(folder, model, tmp_path, labels=labels))
    plain = build_story_task(
        choose_stories(str(folder)), str(model), tmp_path, permutations=0, **OPTIONS
    )  # type: ignore[arg-type]
    run_story_encoding(plain)
    encoded = ResultStore(tmp_path).query("SELECT roi, fold, r FROM roi_scores")
    both = table.merge(encoded, on=["roi", "fold"])
    assert len(both) == len(encoded)
    np.testing.assert_allclose(both["r_full"], both["r"], atol=1e-5)


def test_blocks_of_one_story_leave_out_the_words_beside_them(
    folders: tuple[Path, Path], model: Path, tmp_path: Path
) -> None:
    folder, labels = folders
    task = asked(folder, model, tmp_path, labels=labels, split="contiguous", n_folds=3, n_random=2)
    table = measured(task).groupby("roi")[["r_full", "r_removed"]].mean()
    assert table.loc["kind", "r_full"] > 0.6
    assert abs(table.loc["kind", "r_removed"]) < 0.15


class TestRefused:
    """What cannot be removed is said when it is asked for."""

    @pytest.fixture
    def labels(self, folders: tuple[Path, Path], tmp_path: Path) -> Path:
        return shutil.copytree(folders[1], tmp_path / "labels")

    def test_a_phenomenon_a_layer_and_draws(
        self, folders: tuple[Path, Path], model: Path, tmp_path: Path
    ) -> None:
        with pytest.raises(InputError, match="no phenomenon 'spelling'"):
            asked(folders[0], model, tmp_path, phenomena=["spelling"])
        with pytest.raises(InputError, match="no layer 40"):
            asked(folders[0], model, tmp_path, layers=[40])
        with pytest.raises(InputError, match="ask for two or more"):
            asked(folders[0], model, tmp_path, n_random=1)

    def test_labels_that_are_not_there(
        self, folders: tuple[Path, Path], model: Path, labels: Path, tmp_path: Path
    ) -> None:
        with pytest.raises(InputError, match="there are no labels at"):
            asked(folders[0], model, tmp_path, labels=tmp_path / "none")
        with pytest.raises(InputError, match="boat.csv is one table, and there are 4 stories"):
            asked(folders[0], model, tmp_path, labels=labels / "boat.csv")
        (labels / "boat.csv").unlink()
        with pytest.raises(InputError, match="labels has no labels of boat"):
            asked(folders[0], model, tmp_path, labels=labels)

    def test_labels_of_other_words_show_where_they_depart(
        self, folders: tuple[Path, Path], model: Path, labels: Path, tmp_path: Path
    ) -> None:
        lines = (labels / "boat.csv").read_text().splitlines()
        (labels / "boat.csv").write_text("\n".join([*lines[:4], *lines[5:]]))
        with pytest.raises(
            InputError, match=r"do not match the transcript boat: they first depart at word 4"
        ):
            asked(folders[0], model, tmp_path, labels=labels)

    def test_columns(
        self, folders: tuple[Path, Path], model: Path, labels: Path, tmp_path: Path
    ) -> None:
        with pytest.raises(InputError, match="no column 'tense'; they have kind"):
            asked(folders[0], model, tmp_path, labels=labels, phenomena=["tense"])
        table = pd.read_csv(labels / "boat.csv")
        table.assign(tense="past").to_csv(labels / "boat.csv", index=False)
        with pytest.raises(InputError, match="the labels of garden have no column 'tense'"):
            asked(folders[0], model, tmp_path, labels=labels)
        assert asked(folders[0], model, tmp_path, labels=labels, phenomena=["kind"])

    def test_one_label(
        self, folders: tuple[Path, Path], model: Path, labels: Path, tmp_path: Path
    ) -> None:
        for path in labels.glob("*.csv"):
            pd.read_csv(path).assign(kind="a").to_csv(path, index=False)
        with pytest.raises(InputError, match="holds nothing to remove: kind: only the label 'a'"):
            asked(folders[0], model, tmp_path, labels=labels)

    def test_one_label_in_training(
        self, folders: tuple[Path, Path], model: Path, labels: Path, tmp_path: Path
    ) -> None:
        for path in labels.glob("*.csv"):
            kind = "b" if path.stem == "boat" else "a"
            pd.read_csv(path).assign(kind=kind).to_csv(path, index=False)
        task = asked(folders[0], model, tmp_path, labels=labels)
        with pytest.raises(InputError, match="fewer than two labels .* when boat is held out"):
            run_story_removal(task)

    def test_labels_that_changed_since(
        self, folders: tuple[Path, Path], model: Path, labels: Path, tmp_path: Path
    ) -> None:
        task = asked(folders[0], model, tmp_path, labels=labels)
        path = labels / "boat.csv"
        path.write_text(path.read_text().replace(",a", ",b", 1))
        with pytest.raises(InputError, match="have changed since this was asked"):
            run_story_removal(task)
