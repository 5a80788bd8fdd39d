import hashlib

import pandas as pd
import pytest
import yaml
from pydantic import ValidationError

from backend import catalog
from backend.catalog.entries import Reference, RoiEntry
from backend.catalog.load import FOLDER
from backend.paths import ASSETS

READERS = {
    "models.yaml": catalog.models,
    "compressions.yaml": catalog.compressions,
    "datasets.yaml": catalog.datasets,
    "citations.yaml": catalog.citations,
    "families.yaml": catalog.families,
    "findings.yaml": catalog.findings,
    "claims.yaml": catalog.published_claims,
    "rois.yaml": catalog.rois,
    "hierarchy.yaml": catalog.hierarchy,
    "story_datasets.yaml": catalog.story_datasets,
}


def test_every_yaml_file_has_a_reader():
    assert {path.name for path in FOLDER.glob("*.yaml")} == set(READERS)


@pytest.mark.parametrize("name", READERS)
def test_every_entry_of_the_file_is_read(name):
    entries = READERS[name]()
    assert set(entries) == set(yaml.safe_load((FOLDER / name).read_text(encoding="utf-8")))
    assert entries


def test_citations_of_data_sets_findings_regions_and_compressions_are_in_the_list():
    cited = [
        *catalog.datasets().values(),
        *catalog.findings().values(),
        *catalog.rois().values(),
        *catalog.hierarchy().values(),
        *(entry for name, entry in catalog.compressions().items() if name != "none"),
    ]
    assert {entry.citation for entry in cited} <= set(catalog.citations())


def test_every_region_has_one_place_in_the_hierarchy_and_later_stages_come_later():
    stages = list(catalog.hierarchy().values())
    assert [stage.place for stage in stages] == [1, 2, 3, 4]
    named = [roi for stage in stages for roi in stage.rois]
    assert sorted(named) == sorted(catalog.rois())
    assert catalog.places()["AC"] < catalog.places()["pSTS"] < catalog.places()["BA45"]
    contested = {stage.contested for stage in stages} - {None}
    assert contested <= set(catalog.citations())


def test_every_citation_but_the_projects_own_can_be_read_somewhere():
    for key, citation in catalog.citations().items():
        assert citation.url.startswith("https://") or key.startswith("cortexscale")


def test_every_family_has_its_papers():
    assert set(catalog.families()) == {entry.family for entry in catalog.models().values()}
    cited = {key for family in catalog.families().values() for key in family.citations}
    assert cited <= set(catalog.citations())


def test_a_reference_says_what_its_words_say():
    for key, citation in catalog.citations().items():
        reference = citation.reference
        if not key.startswith("cortexscale"):
            assert str(reference.year) in citation.text, key
            first = reference.authors[0].split(",")[0].strip("{}")
            assert first.split()[-1] in citation.text, key
        if reference.arxiv:
            assert citation.url.endswith(reference.arxiv), key


@pytest.mark.parametrize("kind", ["article", "inproceedings", "misc"])
def test_a_venue_belongs_to_articles_and_papers_in_proceedings(kind):
    fields = {"kind": kind, "authors": ["A, B"], "title": "c", "year": 2000}
    wrong = fields if kind != "misc" else {**fields, "venue": "d"}
    with pytest.raises(ValidationError, match="need a venue, misc has none"):
        Reference.model_validate(wrong)


def test_a_key_that_nobody_reads_is_refused():
    with pytest.raises(ValidationError, match="Extra inputs"):
        Reference.model_validate({"kind": "misc", "authors": ["a"], "isbn": "c"})


def test_ceilings_are_correlations_of_responses_that_are_there():
    for entry in catalog.datasets().values():
        assert set(entry.ceilings) <= set(entry.responses)
        assert all(0 < ceiling <= 1 for ceiling in entry.ceilings.values())


def test_full_precision_stands_first():
    assert next(iter(catalog.compressions())) == "none"


@pytest.mark.parametrize(
    "name", [name for name, entry in catalog.datasets().items() if entry.file is not None]
)
def test_a_shipped_data_set_has_its_checksum_and_columns(name):
    entry = catalog.datasets()[name]
    path = ASSETS / entry.file
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert catalog.dataset_with_checksum(sha256) == (name, entry)
    columns = pd.read_csv(path, nrows=1).columns
    assert {entry.sentence, entry.group, *entry.responses} <= set(columns)


def test_the_real_file_has_the_checksum_and_columns_of_its_entry(pereira):
    sha256 = hashlib.sha256(pereira.read_bytes()).hexdigest()
    name, entry = catalog.dataset_with_checksum(sha256)
    assert name == "pereira2018-language-network"
    assert {entry.sentence, *entry.responses} <= set(pd.read_csv(pereira, nrows=1).columns)


def test_an_unknown_checksum_is_no_data_set():
    assert catalog.dataset_with_checksum("0" * 64) is None


def test_the_language_regions_have_their_published_centres():
    centres = {name: roi.left for name, roi in catalog.rois().items() if name != "AC"}
    assert centres == {
        "TP": (-48, 15, -27),
        "aSTS": (-54, -12, -12),
        "pSTS": (-51, -39, 3),
        "AG_TPJ": (-52, -56, 22),
        "BA44": (-50, 12, 16),
        "BA45": (-52, 28, 10),
        "BA47": (-44, 34, -8),
    }


def test_a_region_without_a_right_centre_is_mirrored():
    roi = catalog.rois()["TP"]
    assert roi.right == "mirrored"
    assert roi.centre("right") == (48, 15, -27)
    assert catalog.rois()["AC"].centre("right") == (46, -14, 8)


@pytest.mark.parametrize(
    "wrong",
    [{"left": (48, 15, -27)}, {"right": (-48, 15, -27)}, {"radius": 0}, {"left": (-48, 15)}],
    ids=str,
)
def test_a_region_on_the_wrong_side_or_of_no_size_is_refused(wrong):
    right = catalog.rois()["TP"].model_dump()
    with pytest.raises(ValidationError):
        RoiEntry.model_validate(right | wrong)
