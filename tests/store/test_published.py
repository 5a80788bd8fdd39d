import pytest

from backend import catalog
from backend.errors import InputError
from backend.store.published import LPP_LAYERS, SCALING_MODELS, SPLIT_CONFOUND, read_published
from backend.store.schema import PUBLISHED
from tests.helpers import REFERENCE

FILES = {
    SPLIT_CONFOUND: "dataset,model,split,metric,mean,sem,n_subjects\n"
    "Pereira2018,GPT2-XL,shuffled,pearson_r,0.398,0.01,10\n"
    "Pereira2018,OASM,contiguous,pearson_r,0.0,0.02,10\n",
    SCALING_MODELS: "model_name,n_parameters,ppl,hellaswag\nopt-125m,125000000,27.6,0.29\n",
    LPP_LAYERS: "variant,layer,mean_r_over_9_runs,sem\nBase,4,0.05,0.01\n",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_every_figure_has_its_own_row(folder):
    table = read_published(folder)
    assert list(table.columns) == PUBLISHED.names
    assert len(table) == 2 + 2 + 1


def test_values_are_those_of_the_files(folder):
    table = read_published(folder).set_index(["model", "metric"])["value"]
    assert table["GPT2-XL", "pearson_r"] == 0.398
    assert table["opt-125m", "perplexity"] == 27.6
    assert table["opt-125m", "hellaswag"] == 0.29
    assert table["Llama-3.1-8B base", "pearson_r"] == 0.05


def test_only_the_replication_is_unreviewed(folder):
    table = read_published(folder)
    assert set(table.loc[~table["reviewed"], "citation"]) == {"lpp-replication"}


def test_a_column_that_a_source_lacks_is_missing_rather_than_zero(folder):
    table = read_published(folder).set_index("citation")
    assert table.loc["bonnasse-gahot2024", ["sem", "n", "dataset"]].isna().all().all()


def test_every_figure_cites_the_catalogue(folder):
    assert set(read_published(folder)["citation"]) <= set(catalog.citations())


@pytest.mark.parametrize("name", list(FILES))
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"has no {name}"):
        read_published(folder)


def test_the_published_confound_of_the_real_files():
    if not REFERENCE.exists():
        pytest.skip("the published figures in ../shared/reference are not here")
    table = read_published(REFERENCE)
    values = table[(table["metric"] == "pearson_r") & table["dataset"].str.contains("Pereira")]
    by_key = values.set_index(["model", "split"])["value"]
    assert by_key["GPT2-XL", "shuffled"] == pytest.approx(0.398, abs=1e-3)
    assert by_key["GPT2-XL", "contiguous"] == pytest.approx(0.140, abs=1e-3)
