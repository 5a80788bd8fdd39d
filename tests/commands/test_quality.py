import lzma

import pytest

from backend.store.queries import model_quality
from backend.store.reader import ResultStore
from tests.family.texts import paragraphs


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "novel.txt"
    path.write_text(paragraphs(3000))
    return path


@pytest.fixture
def quality(cli, gpt2_folder, text, store):
    def quality(*options, model=gpt2_folder):
        return cli(
            "quality", "--model", model, "--text", text, "--store", store, "--device", "cpu",
            *options,
        )  # fmt: skip

    return quality


def stored(store):
    return model_quality(ResultStore(store))


def methods(outcome) -> list[str]:
    """Compressions in the printed table, which may follow other lines."""
    return [line.split()[1] for line in outcome.out.splitlines() if line.startswith("tiny-gpt2 ")]


def test_a_model_is_measured_and_printed(quality, store):
    outcome = quality()
    assert outcome.code == 0, outcome.err
    head, row, _, read, speed = outcome.out.splitlines()
    assert head.split("  ")[0] == "model"
    (measured,) = stored(store).to_dict("records")
    assert row.split() == [
        "tiny-gpt2", "none", "32.00", f"{measured['sparsity']:.3f}",
        f"{measured['bytes_on_disk'] / 1e6:.2f}",
        f"{measured['bytes_in_memory'] / 1e6:.2f}", f"{measured['perplexity']:,.2f}",
        f"{measured['bits_per_byte']:.3f}", f"{measured['tokens_per_second']:,.0f}",
    ]  # fmt: skip
    assert read == f"on novel.txt, {measured['n_tokens']:,.0f} tokens scored, in windows of 64"
    assert speed == f"tokens/s over passes of 4 windows on {measured['device']}"


def test_what_is_in_the_store_is_measured_again_only_when_asked(quality, store):
    quality()
    (first,) = stored(store)["created_at"]
    second = quality("--compression", "none", "--compression", "bnb-nf4")
    assert f"1 of 2 in {store} already (--again measures them once more)" in second.out
    table = stored(store).set_index("compression")
    assert table.loc["none", "created_at"] == first
    # Both are printed, whenever they were measured.
    assert methods(second) == ["none", "bnb-nf4"]
    assert quality("--again").code == 0
    assert stored(store).set_index("compression").loc["none", "created_at"] > first


def test_without_a_text_the_demos_stories_are_read(cli, gpt2_folder, store):
    outcome = cli("quality", "--model", gpt2_folder, "--store", store, "--tokens", 200)
    assert outcome.code == 0, outcome.err
    assert "on demo-stories, 199 tokens scored" in outcome.out


def test_a_compressed_text_reads_as_the_plain_one(quality, store, text):
    quality()
    packed = text.with_name("novel.txt.xz")
    packed.write_bytes(lzma.compress(text.read_bytes()))
    assert "1 of 1" in quality("--text", packed).out


def test_models_and_a_random_twin_stand_under_one_another(cli, gpt2_folder, llama_folder, quality):
    outcome = quality("--model", f"{gpt2_folder}:random")
    assert outcome.code == 0, outcome.err
    names = [line.split()[0] for line in outcome.out.splitlines()[1:3]]
    assert names == ["tiny-gpt2", "tiny-gpt2:random"]


def test_a_model_that_fails_does_not_stop_the_others(quality, llama_folder, store):
    # It was saved without its head.
    outcome = quality("--model", llama_folder)
    assert outcome.code == 2
    (error,) = outcome.errors
    assert error.startswith("tiny-llama, none: tiny-llama was saved without the head")
    assert outcome.out.splitlines()[1].startswith("tiny-gpt2")
    assert len(stored(store)) == 1
    alone = quality(model=llama_folder)
    assert alone.code == 2
    assert alone.errors[0].startswith("tiny-llama was saved without the head")


def test_all_measures_each_compression_that_the_model_allows(quality, monkeypatch, store):
    from backend import catalog

    kept = ("none", "bnb-int8", "gptq-w4a16", "magnitude-50")
    few = {name: catalog.compressions()[name] for name in kept}
    monkeypatch.setattr("backend.commands.quality.catalog.compressions", lambda: few)
    outcome = quality("--compression", "all")
    assert outcome.code == 0, outcome.err
    # GPT-2's layers are not ones that llm-compressor quantises.
    assert methods(outcome) == ["none", "bnb-int8", "magnitude-50"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--compression", "gptq-w4a16"], "gptq-w4a16 cannot be used on tiny-gpt2: gpt2 keeps"),
        (["--compression", "zip"], "unknown compression 'zip'"),
        (["--text", "nowhere.txt"], "the held-out text nowhere.txt cannot be read"),
        (["--window", "65"], "windows of 65 tokens were asked for"),
        (["--tokens", "10"], "has 10 tokens; at least one window of 64 is needed"),
        (["--model", "no such model"], "no model 'no such model'"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(quality, store, options, message):
    outcome = quality(*options)
    assert outcome.code == 2
    assert message in outcome.errors[0]
    assert not store.exists()


@pytest.mark.parametrize("value", ["0", "-5", "many"])
def test_a_number_of_tokens_is_a_number(quality, value):
    outcome = quality("--tokens", value)
    assert outcome.code == 2
    assert "is not a number of tokens, such as 20000" in outcome.err


def test_calibration_on_the_held_out_text_is_refused(quality, text, tmp_path, store):
    mixed = tmp_path / "mixed.txt"
    mixed.write_text(paragraphs(4000, seed=5) + "\n" + text.read_text()[:300])
    outcome = quality("--compression", "wanda-50", "--calibration", mixed)
    assert outcome.code == 2
    assert "the calibration text mixed.txt shares 8 consecutive words" in outcome.errors[0]
    assert not store.exists()


def test_a_calibrated_method_is_shown_the_users_text(quality, tmp_path, store):
    other = tmp_path / "other.txt"
    other.write_text(paragraphs(20_000, seed=5))
    outcome = quality("--compression", "wanda-50", "--calibration", other)
    assert outcome.code == 0, outcome.err
    (row,) = stored(store).to_dict("records")
    assert row["calibration"] == "other.txt"
    assert row["sparsity"] > 0.1


def test_an_interruption_keeps_what_is_measured_and_writes_nothing_half(
    quality, monkeypatch, store
):
    from backend.jobs import quality as job

    write = job.write_quality

    def write_and_stop(*arguments):
        write(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "write_quality", write_and_stop)
    outcome = quality("--compression", "none", "--compression", "bnb-nf4")
    assert outcome.code == 130
    assert "interrupted" in outcome.err
    assert stored(store)["compression"].tolist() == ["none"]


def test_help_teaches(cli):
    outcome = cli("quality", "--help")
    assert outcome.code == 0
    for part in (
        "examples:",
        "--compression all",
        "perplexity per token",
        "NAME:random",
        "--again",
    ):
        assert part in outcome.out
