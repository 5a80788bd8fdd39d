"""The task from a table to a shard, and what its scores promise."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from backend.datasets import SentenceRecording
from backend.datasets.simulate import autocorrelated_noise
from backend.encoding.banded import BandedFold, BandKernels
from backend.encoding.folds import make_folds
from backend.encoding.parallel import map_parallel
from backend.encoding.ridge import fit_predict
from backend.encoding.scores import pearson_r, r2
from backend.errors import CancelledError, InputError
from backend.features import baselines
from backend.features.extraction import extract_sentence_states, static_embeddings
from backend.jobs.encode import run_encoding
from backend.jobs.progress import Silent
from backend.jobs.request import build_task, choose_data
from backend.jobs.sentence_fit import fit_layer, fit_nuisance, score_folds, with_static
from backend.stimuli import Sentences
from backend.store.queries import baseline_scores, gains_over_baselines, layer_curves, runs
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from tests.helpers import leftovers, random_sentences, sentence_frame, write_table


def fit_all(recording, static, folds):
    nuisance = fit_nuisance(recording, folds, Silent())
    return with_static(nuisance, recording, static, folds, Silent())


class Steps:
    """Progress that remembers what it was told, and may stop the work."""

    def __init__(self, stop_in: str | None = None) -> None:
        self.stages: list[tuple[str, int]] = []
        self.done: list[int] = []
        self.stop_in = stop_in

    def stage(self, name, total):
        self.stages.append((name, total))
        self.done.append(0)

    def advance(self, n=1):
        self.done[-1] += n
        if self.stages[-1][0] == self.stop_in:
            raise CancelledError("stop")


@pytest.fixture(scope="module")
def scored(tmp_path_factory, gpt2_folder):
    """A finished run with known inputs: task, recording and store."""
    folder = tmp_path_factory.mktemp("scored")
    data = choose_data(str(write_table(folder / "toy.csv")), "sentence", ["left_ifg", "left_ptl"])
    task, recording = build_task(
        data, str(gpt2_folder), folder / "store", ceilings={"left_ifg": 0.9}, gap=1, device="cpu"
    )
    run_encoding(task)
    return task, recording, ResultStore(task.store)


def folds_of(task, recording):
    config = task.config
    return make_folds(len(recording.sentences), config.split, config.n_folds, gap=config.gap)


def test_layer_scores_are_those_of_the_ridge(scored, gpt2, tmp_path):
    task, recording, store = scored
    path, _ = extract_sentence_states(gpt2, recording.sentences, tmp_path / "states.npy")
    rows = store.query("SELECT * FROM roi_scores").set_index(["layer", "fold", "roi"])["r"]
    for layer, features in enumerate(np.load(path)):
        for place, fold in enumerate(folds_of(task, recording)):
            predicted = fit_predict(features, recording.responses, fold)
            expected = pearson_r(predicted, recording.responses[fold.test])
            got = rows.loc[layer, place][list(recording.targets)]
            np.testing.assert_allclose(got, expected, atol=1e-5)


def test_unique_r2_is_what_the_layer_adds_to_all_nuisance_baselines(scored, gpt2, tmp_path):
    task, recording, store = scored
    path, _ = extract_sentence_states(gpt2, recording.sentences, tmp_path / "s.npy", layers=[2])
    features = np.load(path)[0]
    rows = store.query("SELECT * FROM roi_scores WHERE layer = 2").set_index(["fold", "roi"])
    for place, fold in enumerate(folds_of(task, recording)):
        model = BandedFold(recording.responses, fold)
        for name, build in baselines.NUISANCE.items():
            band = BandKernels.of(build(recording.sentences), fold, baselines.scaling_of(name))
            model = model.extend(band)
        held_out = recording.responses[fold.test]
        joint = r2(model.extend(BandKernels.of(features, fold)).predict(), held_out)
        got = rows.loc[place].loc[list(recording.targets)]
        np.testing.assert_allclose(
            got["unique_r2"], joint - r2(model.predict(), held_out), atol=1e-5
        )
        np.testing.assert_allclose(
            got["baseline_r"], pearson_r(model.predict(), held_out), atol=1e-5
        )


def test_each_baseline_is_scored_on_the_same_folds(scored, gpt2):
    task, recording, store = scored
    features = {name: build(recording.sentences) for name, build in baselines.NUISANCE.items()}
    features[baselines.STATIC] = static_embeddings(gpt2, recording.sentences)
    rows = store.query("SELECT * FROM baseline_scores")
    assert set(rows["baseline"]) == {*features, baselines.JOINT}
    rows = rows.set_index(["baseline", "fold", "roi"]).sort_index()["r"]
    for name, values in features.items():
        for place, fold in enumerate(folds_of(task, recording)):
            predicted = fit_predict(
                values, recording.responses, fold, scaling=baselines.scaling_of(name)
            )
            expected = pearson_r(predicted, recording.responses[fold.test])
            got = rows.loc[name, place][list(recording.targets)]
            np.testing.assert_allclose(got, expected, atol=1e-5)


def test_normalised_r_is_r_over_the_ceiling_where_one_is_known(scored):
    rows = scored[2].query("SELECT * FROM roi_scores").set_index("roi")
    known, unknown = rows.loc["left_ifg"], rows.loc["left_ptl"]
    np.testing.assert_allclose(known["r_normalized"], known["r"] / 0.9, rtol=1e-5)
    assert unknown["r_normalized"].isna().all()
    assert unknown["ceiling"].isna().all()


def test_the_run_says_what_was_measured(scored, gpt2):
    task, recording, store = scored
    (row,) = store.query("SELECT * FROM runs").to_dict("records")
    assert row["run_id"] == task.config.run_id
    assert row["config"] == task.config.model_dump_json()
    assert row["n_parameters"] == gpt2.weights.n_parameters
    assert row["bits_per_weight"] == 32.0
    assert (row["n_samples"], row["n_words"]) == (40, recording.sentences.n_words)
    assert row["n_folds"] == task.config.n_folds
    assert row["seconds"] == pytest.approx(row["extraction_seconds"] + row["fit_seconds"])
    assert row["peak_memory_bytes"] > 1e8
    assert row["device"].startswith("CPU")


def test_target_scores_and_their_space_belong_together(scored):
    _, recording, store = scored
    targets = store.query("SELECT * FROM target_scores ORDER BY layer")
    (space,) = store.query("SELECT * FROM spaces").to_dict("records")
    assert targets["layer"].tolist() == [0, 1, 2]
    assert set(targets["space"]) == {space["space"]}
    assert list(space["target_rois"]) == list(recording.targets)
    means = store.query(
        "SELECT avg(r) AS r FROM roi_scores WHERE layer = 1 GROUP BY roi ORDER BY roi"
    )
    np.testing.assert_allclose(targets["r"][1], means["r"], rtol=1e-5)


def test_the_same_config_gives_the_same_scores(scored, tmp_path):
    task, _, store = scored
    run_encoding(task.model_copy(update={"store": tmp_path}))
    again = ResultStore(tmp_path)
    for table, columns in (
        ("roi_scores", ["r", "baseline_r", "unique_r2"]),
        ("baseline_scores", ["r", "r2"]),
    ):
        sql = f"SELECT * FROM {table} ORDER BY ALL"
        keys = ["layer", "roi", "fold"] if table == "roi_scores" else ["baseline", "roi", "fold"]
        first, second = (s.query(sql).sort_values(keys)[columns] for s in (store, again))
        np.testing.assert_allclose(first, second, atol=1e-5)


def test_scores_follow_the_seed_of_a_shuffle_alone(task):
    changed = {}
    for split in ("contiguous", "shuffled"):
        means = []
        for seed in (0, 1):
            config = task.config.model_copy(update={"split": split, "seed": seed, "layers": (1,)})
            run_encoding(task.model_copy(update={"config": config}))
            means.append(
                ResultStore(task.store).query(
                    "SELECT avg(r) AS r FROM roi_scores WHERE run_id = ?", [config.run_id]
                )["r"][0]
            )
        changed[split] = abs(means[0] - means[1]) > 1e-5
    assert changed == {"contiguous": False, "shuffled": True}


def test_progress_counts_every_step(task):
    steps = Steps()
    run_encoding(task, steps)
    assert [name for name, _ in steps.stages] == [
        "loading the model", "reading sentences", "fitting baselines", "fitting layers",
    ]  # fmt: skip
    assert steps.done == [total for _, total in steps.stages]
    assert dict(steps.stages)["fitting layers"] == 3 * task.config.n_folds


@pytest.mark.parametrize("stage", ["loading the model", "reading sentences", "fitting layers"])
def test_work_that_is_stopped_writes_nothing(task, stage):
    with pytest.raises(CancelledError):
        run_encoding(task, Steps(stop_in=stage))
    assert runs(ResultStore(task.store)).empty
    assert not task.store.exists()


def test_an_input_that_has_become_bad_writes_nothing(task):
    task.data_path.write_text("sentence,left_ifg\n")
    with pytest.raises(InputError):
        run_encoding(task)
    assert not task.store.exists()


def test_no_scratch_file_is_left(task, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    run_encoding(task)
    assert list(scratch.iterdir()) == []
    assert leftovers(task.store) == []


def test_warnings_are_stored_beside_the_scores(tmp_path, gpt2_folder, store):
    frame = sentence_frame()
    frame.loc[39, "sentence"] = frame.loc[0, "sentence"]
    data = choose_data(str(write_table(tmp_path / "t.csv", frame)), "sentence", ["left_ifg"])
    task, _ = build_task(data, str(gpt2_folder), store, split="shuffled", layers=[0])
    run_encoding(task)
    (warnings,) = runs(ResultStore(store))["warnings"]
    assert len(warnings) == 2


@pytest.mark.parametrize("compression", ["bnb-int8", "bnb-nf4"])
def test_a_compressed_run_is_filed_beside_the_uncompressed_one(table, store, compression):
    data = choose_data(str(table), "sentence", ["left_ifg"])
    for name in ("none", compression):
        task, _ = build_task(data, "minilm-l6", store, compression=name, layers=[0, 6])
        run_encoding(task)
    table = runs(ResultStore(store)).set_index("compression")
    assert table.loc[compression, "bits_per_weight"] < table.loc["none", "bits_per_weight"] == 32
    curves = layer_curves(ResultStore(store), Selection())
    r = curves.set_index(["layer", "compression"])["mean"]
    # Embeddings are left alone, blocks are not.
    assert r[0, compression] == pytest.approx(r[0, "none"], abs=1e-4)
    assert r[6, compression] != pytest.approx(r[6, "none"], abs=1e-4)


# A planted leak: features that know sample order, responses that are alike in neighbours.

N = 300


def smoothed_identity() -> np.ndarray:
    place = np.arange(N)
    return np.exp(-((place[:, None] - place[None, :]) ** 2) / (2 * 3.0**2)).astype(np.float32)


def sinusoids() -> np.ndarray:
    phase = np.arange(N)[:, None] / N * np.pi * np.arange(1, 81)[None, :]
    return np.hstack([np.sin(phase), np.cos(phase)]).astype(np.float32)


LEAKS = {"smoothed identity": smoothed_identity, "sinusoids": sinusoids}


@pytest.fixture(scope="module")
def drifting() -> SentenceRecording:
    """Responses of 300 samples that know nothing of the sentences, but of their neighbours."""
    responses = [autocorrelated_noise(N, 0.9, seed) for seed in (1, 2, 3)]
    return SentenceRecording(
        Sentences(tuple(random_sentences(N))),
        np.column_stack(responses).astype(np.float32),
        ("a", "b", "c"),
    )


@pytest.fixture(scope="module")
def leaked(drifting):
    """Scores of each leak, of OASM, and what each adds to the baselines, by split."""
    nothing = np.random.default_rng(0).normal(size=(N, 4)).astype(np.float32)
    results = {}
    for split in ("contiguous", "shuffled"):
        folds = make_folds(N, split, 6, gap=8)
        base = fit_all(drifting, nothing, folds)
        for name, build in LEAKS.items():
            scores, unique = fit_layer(build(), drifting.responses, folds, base, Silent())
            results[name, split] = scores.r.mean(), base.scores["oasm"].r.mean(), unique
    return results


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_scores_high_on_shuffled_folds_alone(leaked, leak):
    assert leaked[leak, "shuffled"][0] > 0.6
    assert leaked[leak, "contiguous"][0] < 0.15


@pytest.mark.parametrize("leak", LEAKS)
def test_oasm_catches_the_leak(leaked, leak):
    r, oasm, _ = leaked[leak, "shuffled"]
    assert oasm > r - 0.05
    assert leaked[leak, "contiguous"][1] < 0.1


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_adds_nothing_to_the_baselines(leaked, leak):
    unique = leaked[leak, "shuffled"][2]
    assert unique.mean() < 0.01


def test_a_leaking_model_is_reported_as_not_beating_its_baselines(
    drifting, gpt2_folder, store, tmp_path, monkeypatch
):
    frame = pd.DataFrame({"sentence": drifting.sentences.texts, "a": drifting.responses[:, 0]})
    data = choose_data(str(write_table(tmp_path / "drift.csv", frame)), "sentence", ["a"])

    def leaking(*arguments, **options):
        return {0: smoothed_identity()}

    monkeypatch.setattr("backend.jobs.encode.read_sentence_states", leaking)
    task, _ = build_task(data, str(gpt2_folder), store, split="shuffled")
    run_encoding(task)
    (gain,) = gains_over_baselines(ResultStore(store), Selection()).to_dict("records")
    assert gain["r"] > 0.6
    assert not gain["beats"]
    assert gain["strongest_r"] > gain["r"] - 0.05


def test_a_model_of_the_signal_is_reported_as_beating_its_baselines(
    gpt2_folder, store, tmp_path, monkeypatch
):
    random = np.random.default_rng(0)
    states = random.normal(size=(N, 8)).astype(np.float32)
    frame = pd.DataFrame(
        {
            "sentence": random_sentences(N),
            "a": states @ random.normal(size=8) + random.normal(size=N),
        }
    )
    data = choose_data(str(write_table(tmp_path / "signal.csv", frame)), "sentence", ["a"])

    def informed(*arguments, **options):
        return {0: states}

    monkeypatch.setattr("backend.jobs.encode.read_sentence_states", informed)
    task, _ = build_task(data, str(gpt2_folder), store)
    run_encoding(task)
    (gain,) = gains_over_baselines(ResultStore(store), Selection()).to_dict("records")
    assert gain["beats"]
    assert gain["unique_r2"] > 0.5


def test_a_length_response_is_credited_to_length_and_not_to_the_model(minilm, tmp_path):
    """A joint model with one penalty would credit the model with what length explains."""
    n = 240
    sentences = Sentences(tuple(random_sentences(n)))
    n_words = baselines.length(sentences)[:, :1]
    noise = np.random.default_rng(0).normal(size=(n, 1))
    responses = (n_words / n_words.std() + noise).astype(np.float32)
    path, _ = extract_sentence_states(minilm, sentences, tmp_path / "s.npy", layers=[0])
    features = np.load(path)[0]
    folds = make_folds(n, "contiguous", 6)
    recording = SentenceRecording(sentences, responses, ("a",))
    base = fit_all(recording, features, folds)
    scores, unique = fit_layer(features, responses, folds, base, Silent())
    assert scores.r.mean() > 0.5
    assert unique.mean() < 0.01


# The real file, with the expectations that were measured once outside this project.


@pytest.fixture(scope="module")
def real(pereira, tmp_path_factory):
    """Pereira 2018 and every layer of MiniLM on contiguous folds, as ``encode`` computes it."""
    folder = tmp_path_factory.mktemp("pereira")
    task, _ = build_task(choose_data(str(pereira)), "minilm-l6", folder, device="cpu")
    assert task.config.split == "contiguous"
    run_encoding(task)
    return ResultStore(folder)


@pytest.fixture(scope="module")
def real_shuffled(pereira, minilm, tmp_path_factory):
    """The same layers, and OASM, on shuffled folds: mean r of each."""
    task, recording = build_task(
        choose_data(str(pereira)), "minilm-l6", pereira, split="shuffled", device="cpu"
    )
    out = tmp_path_factory.mktemp("states") / "states.npy"
    path, layers = extract_sentence_states(minilm, recording.sentences, out)
    folds = make_folds(len(recording.sentences), "shuffled", task.config.n_folds)

    def mean_r(features, scaling="each"):
        fit = partial(fit_predict, features, recording.responses, scaling=scaling)
        return score_folds(list(map_parallel(fit, folds)), recording.responses, folds).r.mean()

    by_layer = {layer: mean_r(states) for layer, states in zip(layers, np.load(path), strict=True)}
    return pd.Series(by_layer), mean_r(baselines.oasm(recording.sentences), "together")


def test_real_contiguous_scores_are_those_expected(real):
    layers = layer_curves(real, Selection()).set_index("layer")["mean"]
    floors = baseline_scores(real, Selection()).set_index("baseline")["mean"]
    assert 0.46 <= layers.max() <= 0.54
    assert 0.32 <= floors["length"] <= 0.46
    assert floors["oasm"] <= 0.05


def test_real_shuffled_folds_inflate_every_layer_and_oasm(real, real_shuffled):
    contiguous = layer_curves(real, Selection()).set_index("layer")["mean"]
    shuffled, oasm = real_shuffled
    assert contiguous.index.tolist() == shuffled.index.tolist() == list(range(7))
    assert (shuffled > contiguous).all()
    assert 0.25 <= oasm <= 0.40


def test_real_run_is_measured_and_cites_its_source(real):
    table = runs(real)
    assert set(table["evidence"]) == {"measured"}
    assert table["source"].str.startswith("Pereira et al. 2018").all()
    assert set(table["n_samples"]) == {627}
