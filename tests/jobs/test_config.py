import json

import pytest
from pydantic import ValidationError

from backend.compression import Calibration
from backend.jobs.config import EncodingConfig, Task
from tests.helpers import make_config, run_python

OTHER_VALUES = {
    "dataset": "another",
    "data_sha256": "1" * 64,
    "sentence": "text",
    "responses": ("left_ifg", "right_ifg"),
    "group": "passage",
    "ceilings": (0.7, None),
    "evidence": "simulated",
    "citation": "Other et al. 2026",
    "subject": "UTS03",
    "modality": "fMRI",
    "hemisphere": "left",
    "model": "other",
    "model_fingerprint": "ab" * 8,
    "trust_remote_code": True,
    "compression": "bnb-nf4",
    "calibration": Calibration(text="novel.txt", sha256="2" * 64),
    "layers": (0, 1),
    "pooling": "last",
    "split": "shuffled",
    "n_folds": 5,
    "gap": 3,
    "seed": 7,
}


def test_every_field_has_another_value_here():
    assert set(OTHER_VALUES) == set(EncodingConfig.model_fields)


@pytest.mark.parametrize("field", OTHER_VALUES)
def test_run_id_differs_when_any_field_changes(field):
    assert make_config(**{field: OTHER_VALUES[field]}).run_id != make_config().run_id


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_run_id_is_the_same_in_another_process(monkeypatch, hash_seed):
    monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
    config = make_config(**OTHER_VALUES)
    code = (
        "import sys; from backend.jobs.config import EncodingConfig; "
        "print(EncodingConfig.model_validate_json(sys.argv[1]).run_id)"
    )
    assert run_python(code, config.model_dump_json()) == config.run_id


def test_run_id_survives_a_round_trip_through_json():
    config = make_config(**OTHER_VALUES)
    assert EncodingConfig.model_validate_json(config.model_dump_json()) == config


def test_unknown_fields_are_refused():
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        make_config(alpha=1.0)


def test_a_config_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        make_config().seed = 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"compression": "gzip"}, "unknown compression 'gzip'; accepted are none, bnb-int8"),
        ({"ceilings": (0.5,)}, "one entry per response"),
        ({"ceilings": (0.0, None)}, "above 0 and up to 1"),
        ({"ceilings": (1.2, None)}, "above 0 and up to 1"),
        ({"ceilings": (float("nan"), None)}, "above 0 and up to 1"),
        ({"responses": (), "ceilings": ()}, "responses"),
        ({"n_folds": 1}, "n_folds"),
        ({"gap": -1}, "gap"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"dataset": ""}, "dataset"),
        ({"dataset": "x" * 121}, "dataset"),
        ({"data_sha256": "not a hash"}, "data_sha256"),
        ({"split": "random"}, "split"),
        ({"pooling": "max"}, "pooling"),
    ],
)
def test_values_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        make_config(**changes)


def test_a_task_survives_a_round_trip_through_json(task):
    assert Task.model_validate_json(task.model_dump_json()) == task


def test_the_request_holds_no_path_of_this_machine(task):
    assert task.data_path.is_absolute()
    for value in json.loads(task.config.model_dump_json()).values():
        assert "/" not in str(value)


def test_a_request_of_before_there_was_calibration_keeps_its_hash():
    config = EncodingConfig(
        dataset="toy",
        data_sha256="0" * 64,
        citation="none",
        model="toy",
        sentence="sentence",
        responses=("left_ifg",),
        ceilings=(0.5,),
        n_folds=5,
        gap=2,
        compression="bnb-nf4",
    )
    assert config.run_id == "80b18c6891432498"
