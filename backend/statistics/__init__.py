"""Intervals, tests and corrections shared by runs, tables, pages and figures."""

from backend.statistics.intervals import Interval, mean_interval, t_half_width

__all__ = ["Interval", "mean_interval", "t_half_width"]
