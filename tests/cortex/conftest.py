"""The real volume and parcels, where this checkout has them."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from backend.cortex.surfaces import N_VERTICES, SIDES
from backend.paths import PROJECT

DATA = PROJECT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def lpp() -> Path:
    """The Little Prince in English: noise ceiling, mask, spheres."""
    folder = DATA / "lpp_en"
    if not folder.exists():
        pytest.skip("the real volumes in ../shared/data/lpp_en are not here")
    return folder


@pytest.fixture(scope="session")
def parcels() -> NDArray[np.str_]:
    """HCP-MMP1 parcel of each target; a vertex of fsaverage6 below 10,242 is one of fsaverage5."""
    folder = DATA / "fsaverage6"
    if not folder.exists():
        pytest.skip("the real parcels in ../shared/data/fsaverage6 are not here")
    names = []
    for side in SIDES:
        letter = side[0].upper()
        image = nib.load(folder / f"tpl-fsaverage6_hemi-{letter}_desc-MMP_dseg.label.gii")
        table = image.labeltable.get_labels_as_dict()
        labels = image.darrays[0].data[:N_VERTICES]
        names += [table[label].removesuffix("_ROI")[2:] for label in labels]
    return np.array(names)
