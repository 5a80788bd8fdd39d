import pytest

from backend.errors import InputError
from backend.sweeps.cells import lay_out
from backend.sweeps.config import Sweep, read_sweep


def sweep_file(tmp_path, text, name="first.yaml"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_a_sweep_is_named_by_its_file_and_fills_in_the_rest(tmp_path):
    text = "models: [minilm-l6]\ndatasets: [demo-sentences]\n"
    sweep = read_sweep(sweep_file(tmp_path, text))
    assert (sweep.name, sweep.compressions, sweep.contexts, sweep.seeds) == (
        "first", ("none",), (128,), (0,),
    )  # fmt: skip
    assert sweep.datasets[0].dataset == "demo-sentences"


def test_everything_wrong_is_told_at_once_with_the_nearest_key(tmp_path):
    text = (
        "modles: [a]\ncompressions: [bnb-nf5]\n"
        "datasets: [{dataset: demo-cortex, subject: [sub-01]}]\n"
    )
    with pytest.raises(InputError) as caught:
        read_sweep(sweep_file(tmp_path, text))
    said = str(caught.value)
    assert "'modles' is not a key it knows; did you mean 'models'?" in said
    assert "did you mean 'subjects'?" in said
    assert "did you mean 'bnb-nf4'?" in said
    assert "'models' is missing" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a\n", "no keys with values"),
        ("models: [a\n", "is not YAML"),
        ("a: &a [x]\nb: *a\n", "aliases"),
        ("models: [a, a]\ndatasets: [b]\n", "twice"),
        ("models: []\ndatasets: [b]\n", "models"),
        ("name: ../up\nmodels: [a]\ndatasets: [b]\n", "name"),
        ("models: [a]\ndatasets: [b]\ncontexts: []\n", "contexts"),
    ],
)  # fmt: skip
def test_what_is_no_sweep_is_refused(tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        read_sweep(sweep_file(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.yaml cannot be read"):
        read_sweep(tmp_path / "nothing.yaml")


def test_paths_are_relative_to_the_file(tmp_path, table, gpt2_folder):
    text = f"models: [model]\ndatasets: [{{dataset: {table.name}, sentence: s, responses: [r]}}]\n"
    (tmp_path / "model").symlink_to(gpt2_folder)
    sweep = read_sweep(sweep_file(tmp_path, text))
    assert sweep.datasets[0].dataset == str(tmp_path / table.name)
    assert sweep.models == (str(tmp_path / "model"),)


def test_all_stands_for_every_compression(tmp_path):
    sweep = Sweep(name="a", models=("m",), compressions="all", datasets=("demo-sentences",))
    assert len(sweep.compressions) > 20


def lay(**changes):
    given = {"name": "a", "models": ("minilm-l6",), "datasets": ("demo-sentences",), **changes}
    return lay_out(Sweep(**given))


def test_full_precision_comes_first_and_twins_last():
    cells = lay(
        models=("cortexscale-1m", "cortexscale-1m:random"), compressions=("bnb-nf4", "none"),
        datasets=("demo-sentences", {"dataset": "demo-cortex", "subjects": ["sub-02"]}),
        contexts=(64, 128),
    )  # fmt: skip
    places = ("demo-sentences", "demo-cortex, sub-02", "demo-cortex, sub-02")
    order = [(cell.model[14:], cell.compression, cell.place.title, cell.context) for cell in cells]
    contexts = (None, 64, 128)
    full = [
        (twin, "none", place, context)
        for place, context in zip(places, contexts, strict=True)
        for twin in ("", ":random")
    ]
    rest = [
        (twin, "bnb-nf4", place, context)
        for twin in ("", ":random")
        for place, context in zip(places, contexts, strict=True)
    ]
    assert order == full + rest


def test_what_shall_come_first_does():
    cells = lay(
        models=("cortexscale-1m", "minilm-l6"), compressions=("none", "bnb-nf4"),
        datasets=({"dataset": "demo-cortex", "subjects": ["sub-01", "sub-02"]},),
        first=("sub-02", "bnb-nf4"),
    )  # fmt: skip
    order = [(cell.place.subject, cell.compression, cell.model) for cell in cells]
    assert order == [
        (subject, compression, model)
        for subject in ("sub-02", "sub-01")
        for compression in ("bnb-nf4", "none")
        for model in ("cortexscale-1m", "minilm-l6")
    ]
    with pytest.raises(InputError, match=r"'bnb-nf5' shall come first.*mean 'bnb-nf4'"):
        lay(models=("minilm-l6",), compressions=("bnb-nf4",), first=("bnb-nf5",))


def test_a_data_set_may_have_compressions_of_its_own():
    own = {"dataset": "demo-cortex", "subjects": ["sub-02"], "compressions": ["none"]}
    cells = lay(compressions=("none", "bnb-nf4"), datasets=("demo-sentences", own))
    assert [(cell.place.title, cell.compression) for cell in cells] == [
        ("demo-sentences", "none"),
        ("demo-cortex, sub-02", "none"),
        ("demo-sentences", "bnb-nf4"),
    ]


def test_a_misspelt_compression_of_a_data_set_is_named(tmp_path):
    text = "models: [a]\ndatasets: [{dataset: demo-cortex, compressions: [bnb-nf5]}]\n"
    with pytest.raises(InputError, match="did you mean 'bnb-nf4'"):
        read_sweep(sweep_file(tmp_path, text))


def test_every_subject_is_meant_unless_some_are_named():
    assert len(lay(datasets=("demo-cortex",))) == 3


def test_everything_that_is_not_there_is_told_at_once():
    with pytest.raises(InputError) as caught:
        lay(
            models=("no model!", "minilm-l6"),
            datasets=({"dataset": "demo-cortex", "subjects": ["sub-1", "sub-02"]}, "nowhere.csv"),
        )
    said = str(caught.value)
    assert "no subject 'sub-1'; did you mean 'sub-01'?" in said
    assert "no model 'no model!'" in said
    assert "nowhere.csv" in said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"dataset": "demo-sentences", "targets": "regions"}, "targets belongs to stories"),
        ({"dataset": "demo-cortex", "group": "passage"}, "group belongs to a table"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(data, said):
    with pytest.raises(InputError, match=said):
        lay(datasets=(data,))
