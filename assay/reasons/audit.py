"""Whether the reasons named are what an adverse decision hangs on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from assay.contract import Contract
from assay.errors import DataError
from assay.reasons.explainer import Explainer
from assay.reasons.ranking import Reason

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Probabilities: TypeAlias = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found over adverse decisions. Shares are of `n_named` rows.

    Attributes
    ----------
    n_rows, n_named : int
        Adverse rows, and those of them with at least one reason.
    named_lowers_share : float
        Where the fields named, moved to their usual values, lower the probability.
    random_lowers_share : float
        The same for as many fields drawn from those not named.
    same_share : float
        Where all numbers under noise name the same set of texts.
    same_four_share : float
        Where they leave the same texts among the four weightiest, named or not.
    first_same_share : float
        Where they name the same text first.
    named_flips_share, random_flips_share : float
        Where moving them also ends the adverse decision; NaN without a threshold.
    random_matches_share, random_half_share : float
        Where the fields drawn lower the log-odds at least as much as those named; at
        least half as much.
    random_beside_best_share : float
        What `random_lowers_share` would be, had the fields been named whose move, each
        alone, lowers the probability most: a naming that knows the answers.
    mean_named : float
        Reasons a row.
    """

    n_rows: int
    n_named: int
    named_lowers_share: float
    random_lowers_share: float
    same_share: float
    first_same_share: float
    named_flips_share: float
    random_flips_share: float
    random_matches_share: float
    same_four_share: float
    random_half_share: float
    random_beside_best_share: float
    mean_named: float


def reasons_audit(
    explainer: Explainer,
    probabilities: Probabilities,
    matrix: Floats,
    contract: Contract,
    *,
    rng: np.random.Generator,
    noise: float = 0.01,
    threshold: float = math.nan,
) -> Audit:
    """Return how the reasons of adverse rows stand up to moving what they name.

    Parameters
    ----------
    explainer : Explainer
        Of the version.
    probabilities : callable
        From a design matrix to the version's probabilities, (n_rows,).
    matrix : ndarray of shape (n_rows, n_features)
        Adverse rows.
    contract : Contract
        The version's.
    rng : Generator
        Draws fields and noise.
    noise : float
        Standard deviation of the factor on each number, which stays within its bounds
        and, where it counts, whole.
    threshold : float
        Probability from which a decision is adverse; without it no flips are counted.

    Raises
    ------
    DataError
        If no row has a reason.
    """
    contributions = explainer.contributions(matrix)
    reasons = [explainer.texts.ranked(row) for row in contributions]
    has_reason = np.array([bool(of_row) for of_row in reasons], dtype=bool)
    if not has_reason.any():
        raise DataError(f"none of {len(matrix)} adverse rows has a reason to audit")
    rows, contributions = matrix[has_reason], contributions[has_reason]
    named = [of_row for of_row in reasons if of_row]
    is_named = _named_fields(named, contract)
    noisy = explainer.contributions(_with_noise(rows, contract, noise, rng))
    moved = _Moves(probabilities, rows, explainer.usual)
    after_named = moved.after(is_named)
    after_drawn = moved.after(_drawn_fields(is_named, rng))
    after_beside = moved.after(_drawn_fields(moved.best(is_named.sum(axis=1)), rng))
    fall, other_fall = moved.fall(after_named), moved.fall(after_drawn)
    return Audit(
        n_rows=len(matrix),
        n_named=len(rows),
        named_lowers_share=_share(after_named < moved.before),
        random_lowers_share=_share(after_drawn < moved.before),
        **_stability(explainer, named, contributions, noisy),
        named_flips_share=_flips_share(after_named, threshold),
        random_flips_share=_flips_share(after_drawn, threshold),
        random_matches_share=_share((other_fall > 0) & (other_fall >= fall)),
        random_half_share=_share((other_fall > 0) & (other_fall >= fall / 2)),
        random_beside_best_share=_share(after_beside < moved.before),
        mean_named=float(np.mean([len(of_row) for of_row in named])),
    )


class _Moves:
    """What the version says of rows after some of their fields took the usual value."""

    def __init__(self, probabilities: Probabilities, rows: Floats, usual: Floats) -> None:
        self._probabilities, self._rows, self._usual = probabilities, rows, usual
        self.before = probabilities(rows)

    def after(self, is_moved: Flags) -> Floats:
        """Return the probabilities with these fields moved, shape (n_rows,)."""
        return self._probabilities(np.where(is_moved, self._usual, self._rows))

    def fall(self, after: Floats) -> Floats:
        """Return by how much the log-odds fell, shape (n_rows,)."""
        return np.asarray(logit(self.before) - logit(after), dtype=np.float64)

    def best(self, n_fields: NDArray[np.int64]) -> Flags:
        """Return the fields whose move, each alone, lowers most; so many in each row."""
        n_features = self._rows.shape[1]
        falls = [self.fall(self.after(row)) for row in np.eye(n_features, dtype=np.bool_)]
        order = np.stack(falls, axis=1).argsort(axis=1)[:, ::-1]
        return np.asarray(order.argsort(axis=1) < n_fields[:, None], dtype=np.bool_)


def _stability(
    explainer: Explainer,
    named: Sequence[tuple[Reason, ...]],
    contributions: Floats,
    noisy: Floats,
) -> dict[str, float]:
    pairs = [
        (explainer.texts.ranked(row), then)
        for row, then in zip(noisy, named, strict=True)
    ]
    fours = [
        (explainer.texts.weightiest(now), explainer.texts.weightiest(then))
        for now, then in zip(noisy, contributions, strict=True)
    ]
    same = [{a.text for a in now} == {b.text for b in then} for now, then in pairs]
    first = [bool(now) and now[0].text == then[0].text for now, then in pairs]
    return {
        "same_share": _share(np.array(same)),
        "first_same_share": _share(np.array(first)),
        "same_four_share": _share(np.array([now == then for now, then in fours])),
    }


def _flips_share(after: Floats, threshold: float) -> float:
    return math.nan if math.isnan(threshold) else _share(after < threshold)


def _named_fields(named: Sequence[tuple[Reason, ...]], contract: Contract) -> Flags:
    """Return which features each row's reasons name, (n_rows, n_features)."""
    names = [{name for each in of_row for name in each.fields} for of_row in named]
    return np.array(
        [[field.name in of_row for field in contract.features] for of_row in names]
    )


def _drawn_fields(is_named: Flags, rng: np.random.Generator) -> Flags:
    """Return as many features of each row as are named, drawn among the others."""
    order = np.where(is_named, np.inf, rng.random(is_named.shape)).argsort(axis=1)
    n_drawn = np.minimum(is_named.sum(axis=1), (~is_named).sum(axis=1))
    return np.asarray(order.argsort(axis=1) < n_drawn[:, None], dtype=np.bool_)


def _with_noise(
    rows: Floats, contract: Contract, noise: float, rng: np.random.Generator
) -> Floats:
    found = rows.copy()
    for column, field in enumerate(contract.features):
        if field.is_numeric:
            moved = rows[:, column] * (1 + noise * rng.standard_normal(len(rows)))
            moved = np.rint(moved) if field.dtype == "integer" else moved
            found[:, column] = np.clip(moved, field.minimum, field.maximum)
    return found


def _share(flags: NDArray[np.bool_]) -> float:
    return float(np.mean(flags))
