"""Values of responses that nothing can be fitted to."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from backend.datasets.findings import Findings

MIN_TRS = 10
_BLOCK_BYTES = 64_000_000


def check_values(responses: NDArray[np.float32], label: str, findings: Findings) -> None:
    """Note values that nothing can be fitted to.

    Parameters
    ----------
    responses : ndarray of float32, shape (n_trs, n_targets)
    label : str
        The run's name.
    findings : Findings
        Gains a problem for fewer than 10 TRs, for NaN or infinity and for a run in which every
        target is constant, and a warning for some constant targets.
    """
    n_trs, n_targets = responses.shape
    if n_trs < MIN_TRS or n_targets == 0:
        findings.problems.append(
            f"{label} has {n_trs} TR{'s' * (n_trs != 1)} of {n_targets:,} targets; at least "
            f"{MIN_TRS} TRs of one target are needed. Its shape must be [TRs, targets]."
        )
        return
    lowest, highest, bad_trs = _extremes(responses)
    bad = ~(np.isfinite(lowest) & np.isfinite(highest))
    if bad.any():
        _note_not_finite(responses, bad, bad_trs, label, findings)
        return
    constant = highest - lowest <= 1e-6 * np.maximum(np.abs(highest), np.abs(lowest))
    if constant.all():
        findings.problems.append(
            f"{label}: every target is constant, so there is nothing to predict. Leave the run "
            "out, or export it again."
        )
    elif constant.any():
        findings.warnings.append(
            f"{label}: {int(constant.sum()):,} of {n_targets:,} targets are constant (first: "
            f"{int(np.argmax(constant))}); they are kept, and predict at r = 0."
        )


def _blocks(responses: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    rows = max(1, _BLOCK_BYTES // (4 * responses.shape[1]))
    for first in range(0, len(responses), rows):
        yield responses[first : first + rows]


def _extremes(
    responses: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], int]:
    """Find each target's smallest and largest value, NaN among them, and count TRs with one."""
    lowest = np.full(responses.shape[1], np.inf, dtype=np.float32)
    highest = -lowest
    n_bad = 0
    for block in _blocks(responses):
        low, high = block.min(axis=0), block.max(axis=0)
        lowest, highest = np.minimum(lowest, low), np.maximum(highest, high)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            n_bad += int((~np.isfinite(block)).any(axis=1).sum())
    return lowest, highest, n_bad


def _note_not_finite(
    responses: NDArray[np.float32],
    bad: NDArray[np.bool_],
    n_bad_trs: int,
    label: str,
    findings: Findings,
) -> None:
    targets = np.flatnonzero(bad)
    holes = np.zeros(len(targets), dtype=np.int64)
    for block in _blocks(responses):
        holes += (~np.isfinite(block[:, targets])).sum(axis=0)
    n_trs, n_targets = responses.shape
    throughout = targets[holes == n_trs]
    message = (
        f"{label}: NaN or infinite values in {n_bad_trs:,} of {n_trs:,} TRs and {len(targets):,} "
        f"of {n_targets:,} targets (first: {int(targets[0])})"
    )
    if throughout.size:
        findings.problems.append(
            f"{message}; {throughout.size:,} target(s) have no value in any TR (first: "
            f"{int(throughout[0])}). Leave these out of the mask and of every run, or set them to "
            "0: constant targets are kept, and predict at r = 0."
        )
    else:
        findings.problems.append(
            f"{message}. Interpolate these TRs, or cut them off the run's ends and say so by "
            "'start', before fitting."
        )
