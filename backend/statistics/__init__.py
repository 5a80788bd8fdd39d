"""Intervals, tests and corrections shared by runs, tables, pages and figures."""

from backend.statistics.intervals import Interval, mean_interval, t_half_width
from backend.statistics.permutation import benjamini_hochberg, block_permutation_p

__all__ = [
    "Interval",
    "benjamini_hochberg",
    "block_permutation_p",
    "mean_interval",
    "t_half_width",
]
