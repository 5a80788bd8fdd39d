"""Compressions: a registry, one plugin per method, calibration text, and copies on disk.

What this package offers at its top imports no torch; the plugins do, once they are at work.
"""

from backend.compression.calibration import (
    Calibration,
    CalibrationText,
    choose_calibration,
    load_calibration,
)
from backend.compression.registry import applies, find_compression, method_of, needs_calibration

__all__ = [
    "Calibration",
    "CalibrationText",
    "applies",
    "choose_calibration",
    "find_compression",
    "load_calibration",
    "method_of",
    "needs_calibration",
]
