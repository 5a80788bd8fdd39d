import json
import os
import time

import pytest
from filelock import FileLock

from backend.compression.cached import find_or_make, models_folder
from backend.features.cache import StateCache, entry_lock, list_entries
from backend.features.contexts import ContextSettings
from backend.features.story_states import extract_story_states
from tests.features.stories import random_story


@pytest.fixture
def folder(gpt2, tmp_path, monkeypatch):
    """A cache of three entries: two models, one of them for two contexts, one entry old."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(folder))
    for model, context in (("tiny", 8), ("tiny", 16), ("other", 16)):
        cache = StateCache(folder, model, None, "none")
        states = extract_story_states(gpt2, random_story(40), ContextSettings(context), cache)
    month_ago = time.time() - 31 * 86400
    os.utime(states.folder / "meta.json", (month_ago, month_ago))
    return folder


def interrupt(folder, n: int = 1):
    """Turn entries into what a kill leaves."""
    entries = list_entries(folder)[:n]
    for entry in entries:
        meta = json.loads((entry.folder / "meta.json").read_text())
        (entry.folder / "meta.json").write_text(json.dumps({**meta, "windows_done": 2}))
        entry.folder.rename(entry.folder.with_name(entry.folder.name + ".part"))
    return [entry.folder.with_name(entry.folder.name + ".part") for entry in entries]


def test_an_empty_cache_is_said_to_be_empty(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "cache"))
    done = cli("cache")
    assert done.code == 0
    assert done.out == f"the cache {tmp_path / 'cache'} is empty\n"


def test_the_list_names_every_entry_and_their_total(cli, folder):
    lines = cli("cache").out.splitlines()
    assert lines[0].split() == [
        "model", "compression", "mode", "context", "pooling", "story", "words", "layers", "size",
        "last", "used", "state",
    ]  # fmt: skip
    assert len(lines) == 6
    n_bytes = [entry.n_bytes for entry in list_entries(folder)]
    assert lines[3].split()[:10] == [
        "other", "none", "strided", "16", "last", "tale", "40", "3", f"{n_bytes[2] / 1000:.1f}",
        "kB",
    ]  # fmt: skip
    assert lines[3].endswith("complete")
    assert lines[5] == f"3 entries, {sum(n_bytes) / 1000:.1f} kB in {folder}"
    # 40 words x 3 layers x 32 dimensions x 2 bytes, and what says so.
    assert all(7_680 < size < 10_000 for size in n_bytes)


def test_filters_choose_what_is_listed(cli, folder):
    interrupt(folder)
    for filters, n in (
        (["--model", "tiny"], 2),
        (["--older-than", "30"], 1),
        (["--older-than", "0"], 3),
        (["--incomplete"], 1),
        (["--model", "other", "--older-than", "40"], 0),
        (["--all"], 3),
    ):
        out = cli("cache", *filters).out
        assert out.count("tale") == n, filters
    assert "no entry fits" in cli("cache", "--older-than", "40").out


def test_listing_is_not_using(cli, folder):
    before = [entry.used for entry in list_entries(folder)]
    cli("cache")
    assert [entry.used for entry in list_entries(folder)] == before


@pytest.mark.parametrize(
    ("filters", "n_left"),
    [(["--model", "tiny"], 1), (["--older-than", "30"], 2), (["--all"], 0), (["--incomplete"], 3)],
)
def test_pruning_removes_what_fits_and_says_so(cli, folder, filters, n_left):
    done = cli("cache", "--prune", *filters)
    assert done.code == 0
    assert len(list_entries(folder)) == n_left
    assert f"removed {3 - n_left} entr" in done.out
    assert done.out.count("tale") == 3 - n_left


def test_pruning_what_is_incomplete_takes_damaged_and_foreign_entries_too(cli, folder):
    interrupt(folder)
    broken = list_entries(folder)[-1]
    (folder / "0123456789abcdef-v0").mkdir()
    (broken.folder / "meta.json").write_text("{")
    listed = cli("cache", "--incomplete").out
    assert "interrupted (2 of " in listed
    assert f"damaged: {broken.folder.name}" in listed
    assert "another version (this is 1): 0123456789abcdef-v0" in listed
    assert "removed 3 entries" in cli("cache", "--prune", "--incomplete").out
    assert [entry.state for entry in list_entries(folder)] == ["complete"]


def test_pruning_leaves_what_is_being_written(cli, folder):
    (busy,) = interrupt(folder)
    with entry_lock(folder, busy.name, timeout=1):
        out = cli("cache", "--prune", "--all").out
    assert "removed 2 entries" in out
    assert f"kept tale ({busy.name}): a run is writing it" in out
    assert busy.exists()


def test_pruning_touches_nothing_that_is_no_entry(cli, folder):
    (folder / "notes").mkdir()
    (folder / "thesis.txt").write_text("years of work")
    cli("cache", "--prune", "--all")
    assert (folder / "thesis.txt").exists()
    assert (folder / "notes").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--prune"], "--prune does not say what to remove; add --older-than DAYS"),
        (["--all", "--incomplete"], "--all goes with no other filter"),
        (["--model", "gpt3"], "no states of a model 'gpt3'; it has those of other, tiny"),
    ],
)
def test_what_cannot_be_meant_is_refused(cli, folder, arguments, message):
    done = cli("cache", *arguments)
    assert done.code == 2
    assert message in done.err
    assert len(list_entries(folder)) == 3


@pytest.mark.parametrize("days", ["-1", "soon", "nan"])
def test_days_that_are_no_number_are_refused(cli, folder, days):
    done = cli("cache", "--older-than", days)
    assert done.code == 2
    assert "is not a number of days, such as 30" in done.err


def test_the_help_teaches(cli):
    out = cli("cache", "--help").out
    assert "python -m backend cache --prune --older-than 30" in out
    assert "Everything here can be computed again" in out


@pytest.fixture
def copies(tmp_path, monkeypatch):
    """A cache of two copies of models, and of one that a kill left unfinished."""
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "cache"))

    def write(folder):
        (folder / "model.safetensors").write_bytes(b"0" * 1000)
        return {}

    for model, compression in (("tiny", "wanda-50"), ("other", "gptq-w4a16")):
        find_or_make({"model": model, "compression": compression}, write)
    (models_folder() / "tiny-0123456789abcdef.part").mkdir()
    return models_folder()


def test_copies_of_models_are_listed_by_themselves(cli, copies):
    assert cli("cache").out.splitlines()[-1].startswith("3 copies, ")
    lines = cli("cache", "--copies").out.splitlines()
    assert lines[0].split() == ["model", "compression", "size", "made", "state"]
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["other", "gptq-w4a16"], ["?", "?"], ["tiny", "wanda-50"],
    ]  # fmt: skip
    assert lines[-1].startswith("3 copies, ")


@pytest.mark.parametrize(
    ("wanted", "left"), [(("--model", "tiny"), 2), (("--incomplete",), 2), (("--all",), 0)]
)
def test_copies_are_pruned_by_the_same_filters(cli, copies, wanted, left):
    assert cli("cache", "--copies", "--prune", *wanted).code == 0
    assert len([path for path in copies.iterdir() if path.name != ".locks"]) == left


def test_a_copy_that_is_being_written_stays(cli, copies):
    name = next(path.name for path in copies.iterdir() if path.name.startswith("other"))
    with FileLock(copies / ".locks" / f"{name}.lock"):
        done = cli("cache", "--copies", "--prune", "--all")
    assert f"kept {name}: a process is writing it" in done.out
    assert (copies / name).exists()


def test_an_unknown_model_has_no_copies(cli, copies):
    done = cli("cache", "--copies", "--model", "huge")
    assert done.code == 2
    assert "it has those of other, tiny" in done.err
