"""Intervals, tests and corrections shared by runs, tables, pages and figures."""

from backend.statistics.bootstrap import (
    BootstrapInterval,
    bootstrap_interval,
    crossed_bootstrap_interval,
    expanded_tails,
    resample_weights,
)
from backend.statistics.equivalence import Equivalence, tost
from backend.statistics.intervals import Interval, mean_interval, t_half_width, t_half_widths
from backend.statistics.paired import PairedDifference, paired_difference
from backend.statistics.permutation import benjamini_hochberg, block_permutation_p

__all__ = [
    "BootstrapInterval",
    "Equivalence",
    "Interval",
    "PairedDifference",
    "benjamini_hochberg",
    "block_permutation_p",
    "bootstrap_interval",
    "crossed_bootstrap_interval",
    "expanded_tails",
    "mean_interval",
    "paired_difference",
    "resample_weights",
    "t_half_width",
    "t_half_widths",
    "tost",
]
