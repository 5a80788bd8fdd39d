"""Public data sets, one file each: what they are, what comes of them, and how it is laid out."""

from collections.abc import Mapping

from backend.datasets.fetch.deniz2019 import DENIZ2019, fetch_deniz2019
from backend.datasets.fetch.holmes import (
    FLASH_HOLMES,
    HOLMES,
    fetch_flash_holmes,
    fetch_holmes,
)
from backend.datasets.fetch.lebel2023 import LEBEL2023, fetch_lebel2023
from backend.datasets.fetch.narratives import NARRATIVES, fetch_narratives
from backend.datasets.fetch.pereira2018 import PEREIRA2018, fetch_pereira2018
from backend.datasets.fetch.petitprince import PETITPRINCE, fetch_petitprince
from backend.datasets.fetch.source import Fetched, Source, Wanted, fetch_source
from backend.datasets.fetch.tuckute2024 import TUCKUTE2024, fetch_tuckute2024

SOURCES: Mapping[str, Source] = {
    source.name: source
    for source in (
        LEBEL2023,
        NARRATIVES,
        PETITPRINCE,
        DENIZ2019,
        PEREIRA2018,
        TUCKUTE2024,
        HOLMES,
        FLASH_HOLMES,
    )
}
"""By the name that ``python -m backend fetch`` takes."""

__all__ = [
    "SOURCES",
    "Fetched",
    "Source",
    "Wanted",
    "fetch_deniz2019",
    "fetch_flash_holmes",
    "fetch_holmes",
    "fetch_lebel2023",
    "fetch_narratives",
    "fetch_pereira2018",
    "fetch_petitprince",
    "fetch_source",
    "fetch_tuckute2024",
]
