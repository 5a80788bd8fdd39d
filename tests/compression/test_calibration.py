"""Calibration text: chosen, refused where it holds a stimulus, cut into windows."""

import pytest
from pydantic import ValidationError

from backend.compression import Calibration, choose_calibration, load_calibration
from backend.compression.calibration import (
    SHIPPED,
    default_length,
    shared_words,
    shipped_text,
    token_windows,
)
from backend.demo import demo_stories
from backend.errors import InputError, ModelError
from backend.features.loading import load_model
from backend.features.sources import resolve_model
from backend.jobs.calibration import calibration_of, compression_as_shown
from backend.jobs.config import EncodingConfig
from backend.jobs.request import build_task, choose_data
from backend.jobs.stories import choose_stories
from backend.jobs.story_request import build_story_task
from tests.features.stories import byte_level
from tests.helpers import make_config, sentence_frame

SHOWN = Calibration(text="demo-sentences", sha256="0" * 64)


@pytest.fixture
def text_file(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("Somebody counted all of the herons on the far bank twice. " * 400)
    return path


def test_the_demo_cortex_is_calibrated_on_the_sentences(tiny_folder, tmp_path):
    data = choose_stories("demo-cortex")
    task = build_story_task(data, str(tiny_folder), tmp_path, compression="wanda-50")
    assert task.config.calibration.text == "demo-sentences"
    # The shipped text holds nothing of any story, the held-out one included.
    text = load_calibration(task.config.calibration, task.calibration_path)
    for words in demo_stories().values():
        assert shared_words(text.words, [" ".join(words.words)]) is None


def test_the_demo_sentences_are_calibrated_on_the_stories(tiny_folder, tmp_path):
    task, recording = build_task(
        choose_data("demo-sentences"), str(tiny_folder), tmp_path, compression="gptq-w4a16"
    )
    shown = task.config.calibration
    assert (shown.text, shown.length) == ("demo-stories", 64)
    text = calibration_of(task.config, None, [" ".join(recording.sentences.texts)])
    assert text.words == shipped_text("demo-stories")


def test_the_held_out_story_is_refused_and_quoted(tiny_folder, tmp_path):
    story = demo_stories()["the-last-key"]
    passage = " ".join(story.words[100:112])
    path = tmp_path / "leak.txt"
    path.write_text(f"Something else altogether. {passage.upper()}! And then more of it.")
    with pytest.raises(InputError, match="shares 8 consecutive words") as caught:
        build_story_task(
            choose_stories("demo-cortex"), str(tiny_folder), tmp_path, compression="awq-w4a16",
            calibration=path, split="test-story", test_stories=("the-last-key",),
        )  # fmt: skip
    assert shared_words(passage, [passage]) in str(caught.value)


def test_a_sentence_of_the_table_is_refused(table, tiny_folder, tmp_path):
    sentence = max(sentence_frame()["sentence"], key=len)
    path = tmp_path / "leak.txt"
    path.write_text(f"Before it. {sentence}")
    data = choose_data(str(table), "sentence", ["left_ifg"])
    with pytest.raises(InputError, match="has seen what is held out"):
        build_task(data, str(tiny_folder), tmp_path, compression="wanda-50", calibration=path)


def test_seven_words_in_common_are_allowed_and_eight_are_not():
    stimulus = "it was the one who'd left that nobody in the village had known well"
    seven = "and nobody - in the village had KNOWN well, they said"
    assert shared_words(seven.replace("well", "better"), [stimulus]) is None
    assert (
        shared_words(f"that {seven[4:]}", [stimulus]) == "that nobody in the village had known well"
    )
    # Apostrophes are written in several ways.
    assert shared_words("was the one whod left that nobody in", [stimulus])


def test_a_data_set_of_both_shipped_texts_asks_for_another():
    with pytest.raises(InputError, match="give another text with --calibration FILE"):
        choose_calibration([shipped_text(name) for name in SHIPPED])


def test_the_text_is_checked_again_when_the_run_starts(text_file):
    text = choose_calibration([], text_file)
    config = make_config(compression="wanda-50", calibration=text.calibration)
    with pytest.raises(InputError, match="shares 8 consecutive words"):
        calibration_of(config, text_file, ["then all of the herons on the far bank twice were"])
    text_file.write_text("Another text. " * 400)
    with pytest.raises(InputError, match="has changed since this run was asked for"):
        calibration_of(config, text_file, [])
    text_file.unlink()
    with pytest.raises(InputError, match="cannot be read: No such file"):
        calibration_of(config, text_file, [])


def test_a_text_that_does_not_ship_needs_its_file():
    with pytest.raises(InputError, match="does not ship with the project"):
        load_calibration(Calibration(text="novel.txt", sha256="0" * 64), None)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\xff\xfe\x00bad", "is not UTF-8"), (b" \n", "is empty"), (None, "cannot be read")],
)
def test_files_that_are_no_text_are_refused(tmp_path, content, message):
    path = tmp_path / "text.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        choose_calibration([], path)


def test_windows_do_not_overlap_and_follow_the_seed(text_file):
    tokenizer = byte_level()
    texts = [choose_calibration([], text_file, 5, 16, seed) for seed in (0, 0, 1)]
    first, again, other = (token_windows(text, tokenizer) for text in texts)
    assert first == again != other
    assert [len(window) for window in first] == [16] * 5
    ids = tokenizer(texts[0].words)["input_ids"]
    blocks = [ids[at : at + 16] for at in range(0, len(ids) - 15, 16)]
    assert all(window in blocks for window in first)


def test_a_text_too_short_is_refused_with_what_there_is_and_is_needed(tiny, models_cache, tmp_path):
    path = tmp_path / "short.txt"
    path.write_text("Only a few words.")
    text = choose_calibration([], path, n_samples=8, length=32)
    with pytest.raises(InputError, match=r"has \d+ tokens of this model, and 256 are needed"):
        load_model(tiny, "wanda-30", "cpu", text)
    assert not list(models_cache.rglob("*.part"))


def test_windows_longer_than_the_model_reads_are_refused(tiny, models_cache):
    with pytest.raises(InputError, match="this model reads up to 64; give --length 64 or less"):
        load_model(tiny, "wanda-30", "cpu", choose_calibration([], length=65))


def test_a_calibrated_method_without_its_text_is_refused(tiny, models_cache):
    with pytest.raises(InputError, match="gptq-w4a16 needs calibration text"):
        load_model(tiny, "gptq-w4a16", "cpu")


def test_the_length_is_what_a_small_model_reads():
    assert default_length({"max_position_embeddings": 64}) == 64
    assert default_length({"n_positions": 1024}) == 128
    assert default_length({}) == 128


def test_a_text_for_a_method_that_reads_none_is_refused(table, tiny_folder, tmp_path, text_file):
    data = choose_data(str(table), "sentence", ["left_ifg"])
    with pytest.raises(InputError, match="rtn-w4a16 looks at no calibration text"):
        build_task(data, str(tiny_folder), tmp_path, compression="rtn-w4a16", calibration=text_file)


def test_a_method_that_does_not_apply_is_refused_before_anything_starts(table, tmp_path):
    data = choose_data(str(table), "sentence", ["left_ifg"])
    with pytest.raises(
        ModelError, match="gptq-w4a16 cannot be used on minilm-l6: it is calibrated"
    ):
        build_task(data, "minilm-l6", tmp_path, compression="gptq-w4a16")


def test_requests_without_calibration_keep_their_hash():
    config = make_config()
    assert config.calibration is None
    old = {key: value for key, value in config.model_dump().items() if key != "calibration"}
    assert EncodingConfig.model_validate(old).run_id == config.run_id
    calibrated = make_config(compression="wanda-50", calibration=SHOWN)
    other = SHOWN.model_copy(update={"n_samples": 8})
    assert make_config(compression="wanda-50", calibration=other).run_id != calibrated.run_id


def test_states_are_kept_apart_by_what_the_model_was_shown():
    plain = make_config(compression="bnb-nf4")
    first = make_config(compression="wanda-50", calibration=SHOWN)
    second = make_config(compression="wanda-50", calibration=SHOWN.model_copy(update={"seed": 1}))
    assert compression_as_shown(plain) == "bnb-nf4"
    assert len({compression_as_shown(config) for config in (first, second)}) == 2


def test_a_calibrated_request_has_to_name_its_text():
    with pytest.raises(ValidationError, match="awq-w4a16 needs to be told its calibration text"):
        make_config(compression="awq-w4a16")


def test_a_model_of_another_calibration_is_another_copy(tiny, calibration, compressed, tmp_path):
    before = compressed("wanda-10").weights
    other = choose_calibration([], n_samples=4, length=32)
    assert load_model(tiny, "wanda-10", "cpu", other).weights.sparsity == pytest.approx(
        before.sparsity, abs=1e-3
    )
    assert resolve_model(tiny.location) == tiny
