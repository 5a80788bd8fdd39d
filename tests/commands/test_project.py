import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from backend.cortex.projection import project_volume, region_means
from backend.cortex.regions import surface_regions

AFFINE = np.array([[4.0, 0, 0, -72], [0, 4, 0, -106], [0, 0, 4, -64], [0, 0, 0, 1]])
STARTS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.fixture
def volume(tmp_path):
    """Noise over the whole head."""
    values = np.random.default_rng(0).normal(0.2, 0.1, size=(37, 46, 38)).astype(np.float32)
    path = tmp_path / "map.nii.gz"
    nib.save(nib.Nifti1Image(values, AFFINE), path)
    return path


def test_region_means_are_printed(cli, volume):
    outcome = cli("project", volume)
    assert outcome.code == 0
    assert "vertices of fsaverage5 have data" in outcome.out
    table = region_means(project_volume(volume), surface_regions())
    for mean in table["mean"]:
        assert f"{mean:.3f}" in outcome.out


def test_the_csv_holds_every_region_and_its_source(cli, volume, tmp_path):
    out = tmp_path / "regions.csv"
    assert cli("project", volume, "--csv", out).code == 0
    table = pd.read_csv(out)
    expected = region_means(project_volume(volume), surface_regions())
    assert table["roi"].tolist() == expected["roi"].tolist()
    assert table["mean"].to_numpy() == pytest.approx(expected["mean"].to_numpy())
    assert table["citation"].str.contains(r"\d{4}").all()


def test_a_mask_and_a_radius_are_obeyed(cli, volume, tmp_path):
    mask = np.zeros((37, 46, 38), dtype=np.int8)
    mask[:18] = 1
    path, out = tmp_path / "mask.nii.gz", tmp_path / "regions.csv"
    nib.save(nib.Nifti1Image(mask, AFFINE), path)
    outcome = cli("project", volume, "--mask", path, "--radius", 5, "--csv", out)
    assert outcome.code == 0
    assert "no data" in outcome.out
    table = pd.read_csv(out).set_index("hemisphere")
    assert table.loc["right", "mean"].isna().all()
    assert table.loc["left", "mean"].notna().all()
    assert table["n_targets"].max() < 40


@pytest.mark.parametrize("kind", STARTS)
def test_a_flat_map_is_drawn(cli, volume, tmp_path, kind):
    out = tmp_path / f"map.{kind}"
    outcome = cli("project", volume, "--figure", out, "--label", "Pearson r", "--simulated")
    assert outcome.code == 0
    assert out.read_bytes().startswith(STARTS[kind])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.nii.gz"], "there is no file nowhere.nii.gz"),
        (["{volume}", "--mask", "nowhere.nii"], "there is no file nowhere.nii"),
        (["{volume}", "--radius", "0"], "positive number of millimetres"),
        (["{volume}", "--figure", "map.gif"], "end it in .png, .svg or .pdf"),
        (["{volume}", "--csv", "nowhere/regions.csv"], "cannot be written"),
    ],
)
def test_what_cannot_be_used_is_said(cli, volume, arguments, message):
    outcome = cli("project", *(word.format(volume=volume) for word in arguments))
    assert outcome.code == 2
    assert message in outcome.err
    assert "Traceback" not in outcome.err
