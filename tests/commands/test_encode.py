"""``encode``: what it prints and stores, and what it says of every input that cannot be used."""

import argparse
import os
import re
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from backend.commands.encode import parse_layers
from backend.paths import PROJECT
from backend.store.queries import baseline_scores, layer_curves, runs
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from tests.helpers import (
    Terminal,
    leftovers,
    run_process,
    save_clip,
    save_t5,
    sentence_frame,
    wait_until,
    write_table,
)


@pytest.fixture
def encode(cli, table, gpt2_folder, store):
    """Run ``encode`` on the toy table and the tiny model, where nothing else is said."""

    def run(*extra, dataset=table, model=gpt2_folder, response="left_ifg"):
        columns = ["--sentence", "sentence", "--response", response]
        return cli(
            "encode", "--dataset", dataset, *columns, "--model", model, "--out", store, *extra
        )  # fmt: skip

    return run


@pytest.fixture
def refuses(encode, store):
    """Run ``encode`` and return the one error that it prints."""

    def run(*extra, **options) -> str:
        outcome = encode(*extra, **options)
        assert outcome.code == 2
        assert len(outcome.errors) == 1, outcome.err
        assert "Traceback" not in outcome.out + outcome.err
        assert not store.exists()
        return outcome.errors[0]

    return run


# What it prints and stores


def numbers_below(text: str, roi: str) -> list[list[float]]:
    """Rows of a response's printed table."""
    lines = text.split(f"\n{roi}\n")[1].splitlines()
    assert " ".join(lines[0].split()) == "layer r sd over folds baseline r unique R2"
    rows = []
    for line in lines[1:]:
        if not re.fullmatch(r"[\s\d.+-]+", line):
            break
        rows.append([float(cell) for cell in line.split()])
    return rows


def test_prints_a_table_of_every_layer_and_stores_the_run(encode, store):
    outcome = encode("--response", "left_ptl")
    assert outcome.code == 0
    reader = ResultStore(store)
    assert len(runs(reader)) == 1
    assert (
        "toy: tiny-gpt2, none (32.0 bits per weight), contiguous folds, 40 sentences" in outcome.out
    )
    curves = layer_curves(reader, Selection()).set_index(["roi", "layer"])
    unique = layer_curves(reader, Selection(), "unique_r2").set_index(["roi", "layer"])
    floors = baseline_scores(reader, Selection()).set_index(["roi", "baseline"])
    for roi in ("left_ifg", "left_ptl"):
        rows = numbers_below(outcome.out, roi)
        assert [row[0] for row in rows] == [0, 1, 2]
        for layer, r, sd, floor, added in rows:
            assert r == pytest.approx(curves.loc[(roi, layer), "mean"], abs=6e-4)
            assert sd == pytest.approx(curves.loc[(roi, layer), "sd"], abs=6e-4)
            assert floor == pytest.approx(floors.loc[(roi, "all nuisance"), "mean"], abs=6e-4)
            assert added == pytest.approx(unique.loc[(roi, layer), "mean"], abs=6e-4)


def test_prints_each_baseline_and_a_verdict(encode):
    out = encode("--layers", "0").out
    for name in ("length", "frequency", "position", "oasm", "static-embedding"):
        assert re.search(rf"{name} -?\d\.\d{{3}}", out)
    assert "BASELINES" in out.upper()
    assert "SIMULATED" not in out


def test_simulated_responses_are_marked(encode):
    out = encode("--layers", "0", "--simulated").out
    assert "SIMULATED RESPONSES" in out


def test_a_second_time_says_that_the_run_is_there_already(encode, store):
    first = encode("--layers", "0,2")
    (created,) = runs(ResultStore(store))["created_at"]
    second = encode("--layers", "0,2")
    assert second.code == 0
    assert "is in" in second.out
    assert "already" in second.out
    assert numbers_below(second.out, "left_ifg") == numbers_below(first.out, "left_ifg")
    assert runs(ResultStore(store))["created_at"].tolist() == [created]


def test_again_computes_it_once_more(encode, store):
    encode("--layers", "0")
    (created,) = runs(ResultStore(store))["created_at"]
    outcome = encode("--layers", "0", "--again")
    assert "already" not in outcome.out
    (again,) = runs(ResultStore(store))["created_at"]
    assert again > created


def test_options_reach_the_request(encode, store):
    outcome = encode(
        "--group", "passage", "--layers", "1-2", "--pooling", "last", "--folds", "5", "--seed", "3",
        "--name", "my study", "--citation", "Me 2026", "--ceiling", "left_ifg=0.5",
        "--device", "cpu",
    )  # fmt: skip
    assert outcome.code == 0
    config = runs(ResultStore(store))["config"].map(_read_config)[0]
    assert (config.group, config.split, config.n_folds) == ("passage", "grouped", 5)
    assert (config.layers, config.pooling, config.seed) == ((1, 2), "last", 3)
    assert (config.dataset, config.citation, config.ceilings) == ("my study", "Me 2026", (0.5,))


def _read_config(text):
    from backend.jobs.config import EncodingConfig

    return EncodingConfig.model_validate_json(text)


def test_shuffled_folds_are_warned_of(encode):
    outcome = encode("--layers", "0", "--split", "shuffled")
    assert outcome.code == 0
    assert "warning: Shuffled folds leak" in outcome.out


def test_duplicated_sentences_are_warned_of_and_still_run(encode, tmp_path):
    frame = sentence_frame()
    frame.loc[39, "sentence"] = frame.loc[0, "sentence"]
    outcome = encode("--layers", "0", dataset=write_table(tmp_path / "twice.csv", frame))
    assert outcome.code == 0
    assert "warning: 1 sentence(s) stand both in training and in held-out folds" in outcome.out
    assert numbers_below(outcome.out, "left_ifg")


def test_the_store_of_the_environment_is_used_without_out(
    cli, table, gpt2_folder, tmp_path, monkeypatch
):
    monkeypatch.setenv("CORTEXSCALE_STORE", str(tmp_path / "mine"))
    outcome = cli(
        "encode", "--dataset", table, "--sentence", "sentence", "--response", "left_ifg",
        "--model", gpt2_folder, "--layers", "0",
    )  # fmt: skip
    assert outcome.code == 0
    assert len(runs(ResultStore(tmp_path / "mine"))) == 1


# Data that cannot be used


def test_no_such_file(refuses, tmp_path):
    message = refuses(dataset=tmp_path / "nowhere.csv")
    assert "no such file" in message
    assert "demo-sentences" in message


def test_a_folder(refuses, tmp_path):
    assert "--sentence belongs to a table of sentences" in refuses(dataset=tmp_path)


def test_no_such_column(refuses):
    message = refuses(response="right_ifg")
    assert (
        "no column 'right_ifg'; its columns are: sentence, left_ifg, left_ptl, passage" in message
    )


def test_no_such_group_column(refuses):
    assert "no column 'story'" in refuses("--group", "story")


def test_columns_that_are_not_named(cli, table, gpt2_folder, store):
    outcome = cli("encode", "--dataset", table, "--model", gpt2_folder, "--out", store)
    assert outcome.code == 2
    assert "--sentence" in outcome.errors[0]
    assert "--response" in outcome.errors[0]


def test_an_empty_file(refuses, tmp_path):
    path = tmp_path / "empty.csv"
    path.touch()
    assert "empty.csv is empty; a header and at least 20 rows are needed" in refuses(dataset=path)


def test_a_header_alone(refuses, tmp_path):
    path = write_table(tmp_path / "header.csv", sentence_frame().iloc[:0])
    assert "has 0 rows; at least 20" in refuses(dataset=path)


def test_fewer_than_twenty_rows(refuses, tmp_path):
    path = write_table(tmp_path / "short.csv", sentence_frame(19))
    assert "has 19 rows; at least 20" in refuses(dataset=path)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("NaN", "is missing (NaN) in row 5 "),
        ("", "is missing (NaN) in row 5 "),
        ("loud", "holds 'loud' in row 5 (the header is row 1); finite numbers are accepted"),
        ("inf", "holds 'inf' in row 5 (the header is row 1); finite numbers are accepted"),
    ],
)
def test_responses_that_are_no_numbers(refuses, tmp_path, cell, message):
    frame = sentence_frame().astype({"left_ifg": object})
    frame.loc[3, "left_ifg"] = cell
    assert message in refuses(dataset=write_table(tmp_path / "bad.csv", frame))


def test_constant_responses(refuses, tmp_path):
    path = write_table(tmp_path / "flat.csv", sentence_frame().assign(left_ifg=1.5))
    assert "is constant (1.5 in every row)" in refuses(dataset=path)


def test_a_group_column_with_one_group(refuses, tmp_path):
    path = write_table(tmp_path / "one.csv", sentence_frame(n_groups=1))
    message = refuses("--group", "passage", dataset=path)
    assert "holds one group" in message
    assert "Leave the group out" in message


def test_text_that_is_not_utf8(refuses, table):
    table.write_bytes(table.read_bytes() + "naïve,1,1,p\n".encode("latin-1"))
    message = refuses()
    assert "not UTF-8 text: byte 0xef in line 42" in message
    assert "iconv" in message


def test_nul_bytes(refuses, table):
    table.write_bytes(table.read_bytes() + b"a\x00b,1,1,p\n")
    assert "contains NUL bytes" in refuses()


def test_a_ragged_table(refuses, table):
    table.write_text(table.read_text() + "a sentence, unquoted,1,1,p\n")
    message = refuses()
    assert "not a regular table" in message
    assert "line 42" in message


def test_a_file_of_50_megabytes(refuses, table):
    with table.open("r+b") as file:
        file.truncate(50_000_000)
    assert "has 50.0 MB; sentence tables of up to 20 MB are accepted" in refuses()


def test_too_many_folds(refuses):
    assert "ask for at most 8" in refuses("--folds", "9")


def test_a_gap_that_leaves_nothing(refuses):
    assert "ask for a smaller gap" in refuses("--gap", "19")


def test_a_ceiling_of_an_unknown_response(refuses):
    message = refuses("--ceiling", "right_ifg=0.5")
    assert "'right_ifg', which is not among the responses: left_ifg" in message


def test_a_ceiling_that_is_no_correlation(refuses):
    assert "a correlation above 0 and up to 1" in refuses("--ceiling", "left_ifg=40")


# Models that cannot be used


def test_a_model_that_does_not_exist(refuses):
    message = refuses(model="no-such-organisation/no-such-model")
    assert "'no-such-organisation/no-such-model' could not be loaded" in message
    assert "Accepted are the catalogue's names (minilm-l6" in message


def test_a_name_that_is_no_model(refuses):
    assert "not in the catalogue (python -m backend models" in refuses(model="two words")


def test_a_folder_without_config(refuses, tmp_path):
    folder = tmp_path / "photographs"
    folder.mkdir()
    message = refuses(model=folder)
    assert "holds no config.json" in message
    assert "save_pretrained" in message


def test_an_encoder_decoder(refuses, tmp_path):
    message = refuses(model=save_t5(tmp_path / "t5"))
    assert "choose a decoder or an encoder" in message


def test_a_model_without_hidden_states_for_text(refuses, tmp_path):
    message = refuses(model=save_clip(tmp_path / "clip"))
    assert "choose a transformer language model" in message


def test_a_missing_tokenizer(refuses, gpt2_copy):
    for path in gpt2_copy.glob("tokenizer*"):
        path.unlink()
    message = refuses(model=gpt2_copy)
    assert "comes without its tokenizer" in message
    assert "tokenizer.save_pretrained" in message


def test_corrupt_weights(refuses, gpt2_copy):
    (gpt2_copy / "model.safetensors").write_bytes(b"garbage" * 100)
    message = refuses(model=gpt2_copy)
    assert "not a whole safetensors file" in message
    assert "copy or download it again" in message


def test_weights_cut_short(refuses, gpt2_copy):
    path = gpt2_copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    assert "could not be loaded" in refuses(model=gpt2_copy)


def test_a_model_too_big_for_memory(refuses, monkeypatch):
    monkeypatch.setattr(
        "backend.features.memory.psutil.virtual_memory", lambda: SimpleNamespace(available=1000)
    )
    message = refuses()
    assert "are free on cpu" in message
    assert "Nothing was loaded" in message


def test_layers_out_of_range(refuses):
    assert "no layer 7; tiny-gpt2 has layers 0 (embeddings) to 2" in refuses("--layers", "1,7")


@pytest.mark.parametrize(
    ("option", "value", "hint"),
    [
        ("--layers", "a-b", "write numbers and ranges, such as 0-3,6"),
        ("--layers", "1-", "write numbers and ranges"),
        ("--layers", "", "write numbers and ranges"),
        ("--layers", "3-1", "ranges run upwards"),
        ("--layers", "0-999999999", "names a layer beyond 999"),
        ("--ceiling", "left_ifg", "not of the form COLUMN=R"),
        ("--ceiling", "left_ifg=high", "not of the form COLUMN=R"),
        ("--compression", "gzip", "bnb-nf4"),
        ("--split", "random", "contiguous"),
        ("--folds", "many", "invalid int value"),
    ],
)
def test_a_malformed_option(encode, store, option, value, hint):
    outcome = encode(option, value)
    assert outcome.code == 2
    assert hint in outcome.err
    assert "Traceback" not in outcome.err
    assert not store.exists()


@pytest.mark.parametrize(
    ("text", "layers"), [("0", (0,)), ("0-3,6", (0, 1, 2, 3, 6)), ("2, 1,1-2", (1, 2))]
)
def test_layers_are_numbers_and_ranges(text, layers):
    assert parse_layers(text) == layers


@pytest.mark.parametrize("text", ["-1", "1,,2", "1.5", "²"])
def test_what_is_no_list_of_layers(text):
    with pytest.raises(argparse.ArgumentTypeError, match="is not a list of layers"):
        parse_layers(text)


def test_a_store_that_cannot_be_written(encode, store):
    store.write_text("a file")
    outcome = encode("--layers", "0")
    assert outcome.code == 2
    assert "Name another folder with --out" in outcome.errors[0]
    assert store.read_text() == "a file"


# As processes


def test_a_missing_column_in_a_process_of_its_own(table, gpt2_folder, store):
    outcome = run_process(
        "encode", "--dataset", table, "--sentence", "text", "--response", "left_ifg",
        "--model", gpt2_folder, "--out", store,
    )  # fmt: skip
    assert outcome.code == 2
    assert outcome.err == (
        "error: toy.csv has no column 'text'; its columns are: "
        "sentence, left_ifg, left_ptl, passage.\n"
    )


def test_a_missing_model_in_a_process_of_its_own(table, store):
    outcome = run_process(
        "encode", "--dataset", table, "--sentence", "sentence", "--response", "left_ifg",
        "--model", "no-such-organisation/no-such-model", "--out", store,
    )  # fmt: skip
    assert outcome.code == 2
    assert len(outcome.errors) == 1
    assert "Traceback" not in outcome.err


def test_ctrl_c_leaves_no_shard(store, tmp_path):
    terminal = Terminal()
    process = subprocess.Popen(
        [sys.executable, "-m", "backend", "encode", "--dataset", "demo-sentences",
         "--model", "minilm-l6", "--out", str(store)],
        cwd=PROJECT, stdout=terminal.theirs, stderr=terminal.theirs,
        # A shell that starts the tests in the background lets them ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    try:
        wait_until(lambda: "fitting layers" in terminal.said())
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) == 130
    finally:
        process.kill()
    said = terminal.said()
    terminal.close()
    assert "interrupted: nothing half written is left in the store" in said
    assert "Traceback" not in said
    assert runs(ResultStore(store)).empty
    assert leftovers(tmp_path) == []
    assert not list(tmp_path.rglob("*.parquet"))
