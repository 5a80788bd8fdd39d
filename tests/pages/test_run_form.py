"""The Run page's form: whatever is put into it, it answers in words."""

import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from backend import catalog
from backend.datasets import MAX_BYTES
from backend.errors import InputError
from backend.jobs.config import Task
from backend.paths import ASSETS
from pages.shared.uploads import keep_upload
from tests.helpers import sentence_frame
from tests.pages.conftest import RUN, Open, add_run, cards, is_well, words


def csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode()


def changed(**columns: object) -> bytes:
    return csv(sentence_frame().assign(**columns))


def upload(app: AppTest, content: bytes, name: str = "mine.csv") -> AppTest:
    app.segmented_control(key="run_data").set_value("upload").run()
    return app.file_uploader[0].set_value((name, content, "text/csv")).run()


def choose(app: AppTest, responses: list[str], group: str | None = None) -> AppTest:
    app.multiselect(key="run_responses").set_value(responses)
    if group is not None:
        app.selectbox(key="run_group").set_value(group)
    return app.run()


def refused(app: AppTest, *said: str) -> bool:
    """One error box with these words, no traceback, nothing to start."""
    assert not app.exception
    (error,) = app.error
    missing = [text for text in said if text not in error.value]
    assert not missing, error.value
    return not [button for button in app.button if button.key == "run_start"]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Task]:
    """Tasks that the page would have started."""
    tasks: list[Task] = []
    monkeypatch.setattr("pages.shared.request.start_job", tasks.append)
    return tasks


# What is right


def test_the_demo_is_ready_to_start_and_its_cost_is_told(
    open_app: Open, started: list[Task], store: Path
) -> None:
    app = open_app(RUN)
    assert is_well(app)
    labels = cards(app)
    assert set(labels) == {"Time", "Memory", "Fits", "Download", "Disk"}
    assert labels["Download"] == "none"
    app.button(key="run_start").click().run()
    (task,) = started
    assert task.config.dataset == "demo-sentences"
    assert task.config.evidence == "simulated"
    assert task.config.split == "grouped"
    assert task.store == store.resolve()


def test_an_uploaded_table_is_run_as_it_was_chosen(
    open_app: Open, started: list[Task], store: Path
) -> None:
    app = upload(open_app(RUN), csv(sentence_frame()), "My recording.csv")
    assert "Choose at least one column of responses." in [info.value for info in app.info]
    choose(app, ["left_ifg", "left_ptl"], "passage")
    assert is_well(app)
    app.segmented_control(key="run_split").set_value("contiguous")
    app.segmented_control(key="run_pooling").set_value("last")
    app.number_input(key="run_seed").set_value(3)
    app.selectbox(key="run_compression").set_value("bnb-nf4").run()
    app.button(key="run_start").click().run()
    (task,) = started
    config = task.config
    assert (config.dataset, config.evidence) == ("My recording", "measured")
    assert (config.sentence, config.responses) == ("sentence", ("left_ifg", "left_ptl"))
    assert (config.group, config.split, config.pooling, config.seed) == (
        "passage", "contiguous", "last", 3,
    )  # fmt: skip
    assert config.compression == "bnb-nf4"
    assert task.data_path.parent == store.resolve() / "uploads"
    assert task.data_path.read_bytes() == csv(sentence_frame())


def test_a_table_on_disk_is_run_from_where_it_is(
    open_app: Open, started: list[Task], table: Path
) -> None:
    app = open_app(RUN)
    app.segmented_control(key="run_data").set_value("path").run()
    app.text_input(key="run_path").set_value(str(table)).run()
    choose(app, ["left_ifg"])
    app.button(key="run_start").click().run()
    (task,) = started
    assert task.data_path == table.resolve()
    assert task.config.dataset == "toy"
    assert task.config.split == "contiguous"


def test_a_tab_separated_upload_is_read_as_one(open_app: Open) -> None:
    content = sentence_frame().to_csv(index=False, sep="\t").encode()
    app = upload(open_app(RUN), content, "mine.TSV")
    assert app.selectbox(key="run_sentence").options == list(sentence_frame().columns)


def test_a_known_data_set_is_recognised_by_its_content(open_app: Open) -> None:
    content = (ASSETS / "demo" / "sentences.csv").read_bytes()
    app = upload(open_app(RUN), content, "renamed.csv")
    assert is_well(app)
    assert app.multiselect(key="run_responses").value == [
        "simulated_meaning", "simulated_length", "simulated_noise",
    ]  # fmt: skip


def test_another_table_brings_its_own_columns(open_app: Open, started: list[Task]) -> None:
    app = choose(upload(open_app(RUN), csv(sentence_frame())), ["left_ifg"], "passage")
    other = sentence_frame().rename(columns={"left_ifg": "amygdala", "sentence": "text"})
    upload(app, csv(other.drop(columns=["left_ptl", "passage"])))
    assert not app.exception
    assert app.selectbox(key="run_sentence").value == "text"
    assert app.multiselect(key="run_responses").options == ["amygdala"]
    assert app.multiselect(key="run_responses").value == []
    choose(app, ["amygdala"])
    app.button(key="run_start").click().run()
    assert (started[0].config.responses, started[0].config.group) == (("amygdala",), None)


def test_a_run_that_is_in_the_store_is_said_to_be_there(
    open_app: Open, started: list[Task], store: Path
) -> None:
    app = open_app(RUN)
    assert not app.success
    app.button(key="run_start").click().run()
    add_run(store, **started[0].config.model_dump())
    app.run()
    assert "This very run is in the store" in app.success[0].value


def test_shuffled_folds_are_warned_of_before_they_run(open_app: Open) -> None:
    app = open_app(RUN)
    app.segmented_control(key="run_split").set_value("shuffled").run()
    assert "Shuffled folds leak" in app.warning[0].value


def test_repeated_sentences_are_warned_of_before_they_run(open_app: Open) -> None:
    frame = sentence_frame()
    frame.loc[39, "sentence"] = frame.loc[0, "sentence"]
    app = choose(upload(open_app(RUN), csv(frame)), ["left_ifg"])
    assert "1 sentence(s) stand both in training and in held-out folds" in app.warning[0].value


def test_a_run_that_does_not_fit_in_memory_cannot_be_started(
    open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.jobs.planner.free_memory", lambda kind: 16e9)
    app = open_app(RUN)
    app.selectbox(key="run_model").set_value("falcon3-7b-base").run()
    assert "needs 29." in app.error[0].value
    assert "What fits: falcon3-7b-base with bnb-int8" in app.error[0].value
    assert app.button(key="run_start").disabled
    app.selectbox(key="run_compression").set_value("bnb-nf4").run()
    assert is_well(app)
    assert not app.button(key="run_start").disabled


def test_a_gated_model_without_a_token_cannot_be_started(
    open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    app = open_app(RUN)
    app.selectbox(key="run_model").set_value("llama-3.2-1b").run()
    assert "set the environment variable HF_TOKEN" in app.error[0].value
    assert app.button(key="run_start").disabled


def test_models_of_the_catalogue_are_offered_with_their_size_and_whether_they_fit(
    open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.shared.model_form.free_memory", lambda kind: 16e9)
    options = open_app(RUN).selectbox(key="run_model").options
    assert len(options) == len(catalog.models())
    assert "Pythia-160M · 162.3M · fits" in options
    assert "Falcon3-7B-Base · 7.5B · needs 29 GB" in options


def test_a_random_twin_is_run_under_its_own_name(open_app: Open, started: list[Task]) -> None:
    app = open_app(RUN)
    app.toggle(key="run_random").set_value(True).run()
    assert is_well(app)
    app.button(key="run_start").click().run()
    assert started[0].config.model == started[0].model_name == "minilm-l6:random"


def test_what_is_still_to_be_chosen_is_asked_for_and_is_no_error(open_app: Open) -> None:
    app = open_app(RUN)
    app.segmented_control(key="run_data").set_value("upload").run()
    assert is_well(app)
    assert "Upload a table" in words(app)
    app.segmented_control(key="run_data").set_value("path").run()
    assert is_well(app)
    assert "Give the path of a table" in words(app)
    app.segmented_control(key="run_data").set_value("demo").run()
    app.segmented_control(key="run_model_source").set_value("folder").run()
    assert is_well(app)
    assert "Give the folder of a saved model." in words(app)
    app.segmented_control(key="run_model_source").set_value("hub").run()
    assert is_well(app)
    assert "Give the model's name on the Hugging Face hub." in words(app)


# Files that are no tables


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        ("sentence,r\nGrüße,1\n".encode("latin-1"), "is not UTF-8 text: byte 0xfc in line 2"),
        (b"sentence,r\nx\x00,1\n", "contains NUL bytes"),
        (b"sentence,r\na,1\nb,2,3\n", "is not a regular table"),
        (b"sentence,r\na,b,1\n", "is not a regular table"),
        (b"\x89PNG\r\n\x1a\n", "is not UTF-8 text"),
    ],
)
def test_an_upload_that_is_no_table_is_refused(open_app: Open, content: bytes, said: str) -> None:
    assert refused(upload(open_app(RUN), content), said)


def test_an_upload_over_the_limit_is_refused_and_not_kept(open_app: Open, store: Path) -> None:
    app = upload(open_app(RUN), b"x" * (MAX_BYTES + 1))
    assert refused(app, "mine.csv has 20.0 MB", "up to 20 MB are accepted", "split the file")
    assert not store.exists()


@pytest.mark.parametrize(
    "name", ["../../evil.csv", "/etc/evil.csv", "a\\b.csv", "x" * 300 + ".csv", ".csv", "e\x00.csv"]
)
def test_an_upload_is_kept_by_its_content_whatever_it_is_called(store: Path, name: str) -> None:
    content = csv(sentence_frame())
    sent = io.BytesIO(content)
    path = keep_upload(SimpleNamespace(name=name, size=len(content), getvalue=sent.getvalue))
    assert path.parent == store / "uploads"
    assert path.suffix == ".csv"
    assert path.read_bytes() == content
    assert [p for p in store.rglob("*") if p.is_file()] == [path]


def test_an_upload_over_the_limit_is_never_read_into_memory(store: Path) -> None:
    def getvalue() -> bytes:
        raise AssertionError("it was read")

    sent = SimpleNamespace(name="big.csv", size=MAX_BYTES + 1, getvalue=getvalue)
    with pytest.raises(InputError, match="up to 20 MB"):
        keep_upload(sent)


@pytest.mark.parametrize("name", ["x" * 200 + ".csv", "<b>![x](y).csv", "..csv", "😀.csv"])
def test_an_odd_file_name_does_not_bring_the_page_down(open_app: Open, name: str) -> None:
    app = choose(upload(open_app(RUN), csv(sentence_frame()), name), ["left_ifg"])
    assert not app.exception
    if len(name) > 120:
        assert refused(app, "dataset", "120 characters")
    else:
        assert not app.error


# Tables that cannot be run


@pytest.mark.parametrize(
    ("content", "responses", "group", "said"),
    [
        (csv(sentence_frame(19)), ["left_ifg"], None, "has 19 rows; at least 20"),
        (changed(left_ifg=np.nan), ["left_ifg"], None, "is missing (NaN) in rows 2, 3"),
        (changed(left_ifg="much"), ["left_ifg"], None, "holds 'much'"),
        (changed(left_ifg=np.inf), ["left_ifg"], None, "holds 'inf'"),
        (changed(left_ifg=1.5), ["left_ifg"], None, "is constant (1.5 in every row)"),
        (changed(passage="one"), ["left_ifg"], "passage", "holds one group ('one')"),
        (changed(passage=" "), ["left_ifg"], "passage", "is blank in rows"),
        (changed(sentence=" "), ["left_ifg"], None, "is blank in rows"),
        (csv(sentence_frame()), ["passage"], None, "holds 'passage 0'"),
        (csv(sentence_frame()), ["left_ifg"], "left_ifg", "given more than once"),
    ],
)
def test_a_table_that_cannot_be_run_is_refused(
    open_app: Open, content: bytes, responses: list[str], group: str | None, said: str
) -> None:
    assert refused(choose(upload(open_app(RUN), content), responses, group), said)


# Paths


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("missing.csv", "no such file: "),
        ("~nobody-at-all/x.csv", "no such file or folder: ~nobody-at-all/x.csv"),
        ("x" * 5000, "no such file or folder: xxx"),
        ("a\x00b.csv", "no such file"),
        (".", "is a folder"),
    ],
)
def test_a_path_that_leads_to_no_table_is_refused(open_app: Open, path: str, said: str) -> None:
    app = open_app(RUN)
    app.segmented_control(key="run_data").set_value("path").run()
    app.text_input(key="run_path").set_value(path).run()
    assert refused(app, said)
    assert len(app.error[0].value) < 500


def test_a_file_on_disk_over_the_limit_is_refused(open_app: Open, tmp_path: Path) -> None:
    big = tmp_path / "big.csv"
    with big.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    app = open_app(RUN)
    app.segmented_control(key="run_data").set_value("path").run()
    app.text_input(key="run_path").set_value(str(big)).run()
    assert refused(app, "big.csv has 20.0 MB", "up to 20 MB")


# Models


def model_from(app: AppTest, source: str, typed: str) -> AppTest:
    app.segmented_control(key="run_model_source").set_value(source).run()
    return app.text_input(key={"folder": "run_folder", "hub": "run_hub"}[source]).set_value(
        typed
    ).run()  # fmt: skip


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("no-such-folder", "there is no folder no-such-folder"),
        ("~nobody-at-all/model", "no such file or folder: ~nobody-at-all/model"),
        ("x" * 5000, "no such file or folder: xxx"),
        ("a\x00b", "there is no folder"),
    ],
)
def test_a_folder_that_is_not_there_is_refused(open_app: Open, folder: str, said: str) -> None:
    assert refused(model_from(open_app(RUN), "folder", folder), said)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (None, "holds no config.json"),
        ("", "is not readable JSON"),
        ("{", "is not readable JSON"),
        ("[]", "does not hold a model's configuration"),
    ],
)
def test_a_folder_that_holds_no_model_is_refused(
    open_app: Open, tmp_path: Path, config: str | None, said: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    if config is not None:
        (folder / "config.json").write_text(config)
    assert refused(model_from(open_app(RUN), "folder", str(folder)), said)


def test_weights_that_are_cut_short_are_refused(open_app: Open, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"\xff" * 20)
    assert refused(model_from(open_app(RUN), "folder", str(folder)), "not a whole safetensors")


def test_a_saved_model_can_be_run(open_app: Open, started: list[Task], gpt2_folder: Path) -> None:
    app = model_from(open_app(RUN), "folder", str(gpt2_folder))
    assert is_well(app)
    app.button(key="run_start").click().run()
    assert started[0].config.model == gpt2_folder.name
    assert started[0].config.model_fingerprint


@pytest.mark.parametrize("name", ["../etc/passwd", "a/b/c", " ", "a\x00b", "org/<script>"])
def test_what_is_no_hub_name_is_refused(open_app: Open, name: str) -> None:
    assert refused(model_from(open_app(RUN), "hub", name), "not of the form of a hub name")


def test_a_model_on_the_hub_is_said_to_need_a_download_that_nothing_was_asked_of(
    open_app: Open,
) -> None:
    app = model_from(open_app(RUN), "hub", "organisation/model")
    assert is_well(app)
    labels = cards(app)
    assert labels["Download"] == "unknown"
    assert labels["Time"] == labels["Memory"] == "unknown"
