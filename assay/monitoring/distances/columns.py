"""How far one column moved from its reference, by every measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from assay.contract import Contract
from assay.monitoring.distances.ordered import ks_distance, wasserstein
from assay.monitoring.distances.shares import (
    chi_square,
    jensen_shannon,
    population_stability,
)
from assay.monitoring.profile.columns import (
    CategoryProfile,
    Integers,
    NumberProfile,
    bin_counts,
    sorted_known,
)
from assay.monitoring.profile.counting import category_counts
from assay.monitoring.profile.reference import (
    LENGTH,
    SCORE,
    Reference,
    as_numbers,
    text_lengths,
    watched_fields,
)

Kind: TypeAlias = Literal["number", "category"]


@dataclass(frozen=True, slots=True, eq=False)
class ColumnDrift:
    """How far one column moved.

    Attributes
    ----------
    name : str
        Column, or ``"length of <text>"``, or ``"score"``.
    kind : {"number", "category"}
        What it was compared as.
    reference_counts, current_counts : ndarray of shape (n_bins,)
        Rows by bin; the last bin holds rows without a value. Of a category the bin
        before it holds values that the reference has no place for.
    psi : float
        Population stability index over these bins, in nats.
    ks : float
        KS distance of the known values, in [0, 1]; NaN for a category.
    ks_error : float
        Most that `ks` may be off because the reference is a sketch.
    wasserstein : float
        In the column's unit; NaN for a category, or where it was not asked for.
    jensen_shannon : float
        Of the bins.
    chi_square, degrees : float and int
        Pearson's statistic of the bins.
    missing_before, missing_now : float
        Shares of rows without a value.
    """

    name: str
    kind: Kind
    reference_counts: Integers
    current_counts: Integers
    psi: float
    ks: float
    ks_error: float
    wasserstein: float
    jensen_shannon: float
    chi_square: float
    degrees: int
    missing_before: float
    missing_now: float

    @property
    def n_current(self) -> int:
        """Rows of the window."""
        return int(self.current_counts.sum())


def number_drift(
    name: str, profile: NumberProfile, values: ArrayLike, *, with_area: bool = True
) -> ColumnDrift:
    """Return how far a numeric column moved; one sort serves every measure.

    Parameters
    ----------
    name : str
        Column.
    profile : NumberProfile
        Its reference.
    values : array-like of shape (n_rows,)
        The window; NaN is missing.
    with_area : bool, default=True
        Whether to compute the Wasserstein distance, which merges both samples.

    Raises
    ------
    DataError
        If a value is infinite.
    """
    ordered, n_missing = sorted_known(values)
    return binned_drift(
        name,
        "number",
        np.append(profile.counts, profile.n_missing),
        np.append(bin_counts(ordered, profile.edges), n_missing),
        ks=ks_distance(profile, ordered),
        ks_error=profile.rank_error / max(profile.n_known, 1),
        area=wasserstein(profile, ordered) if with_area else float("nan"),
    )


def category_drift(
    name: str, profile: CategoryProfile, counts: Mapping[str, int], n_missing: int
) -> ColumnDrift:
    """Return how far a categorical column moved, from rows by category."""
    known = [counts.get(category, 0) for category in profile.categories]
    n_unseen = sum(counts.values()) - sum(known)
    return binned_drift(
        name,
        "category",
        np.append(profile.counts, [0, profile.n_missing]),
        np.array([*known, n_unseen, n_missing], dtype=np.int64),
    )


def frame_drift(
    reference: Reference,
    frame: pd.DataFrame,
    contract: Contract,
    probabilities: ArrayLike | None = None,
    *,
    with_area: bool = True,
) -> tuple[ColumnDrift, ...]:
    """Return how far each feature, text length and the score moved.

    Parameters
    ----------
    reference : Reference
        Of the champion.
    frame : DataFrame of n_rows
        The window's typed rows.
    contract : Contract
        Names the features.
    probabilities : array-like of shape (n_rows,), optional
        Calibrated probabilities of the window.
    with_area : bool
        As in `number_drift`.

    Raises
    ------
    DataError
        If a feature has no column or a value is infinite.
    """
    found = []
    for field in watched_fields(contract, frame):
        is_text = field.dtype == "text"
        name = LENGTH + field.name if is_text else field.name
        if name not in reference.columns:
            continue
        profile = reference.columns[name]
        if isinstance(profile, CategoryProfile):
            found.append(
                category_drift(name, profile, *category_counts(frame[field.name]))
            )
        else:
            values = (text_lengths if is_text else as_numbers)(frame[field.name])
            found.append(number_drift(name, profile, values, with_area=with_area))
    scores = reference.columns.get(SCORE)
    if probabilities is not None and isinstance(scores, NumberProfile):
        found.append(number_drift(SCORE, scores, probabilities, with_area=with_area))
    return tuple(found)


def binned_drift(
    name: str,
    kind: Kind,
    before: Integers,
    now: Integers,
    *,
    ks: float = float("nan"),
    ks_error: float = 0.0,
    area: float = float("nan"),
) -> ColumnDrift:
    """Return a column's drift from rows by bin, the last bin for missing rows."""
    held = (before + now) > 0
    before, now = before[held], now[held]
    is_empty = not len(before)
    statistic, degrees = (float("nan"), 0) if is_empty else chi_square(before, now)
    n_before, n_now = int(before.sum()), int(now.sum())
    # The bin of missing rows is the last one, unless nobody is missing.
    missing_before, missing_now = (before[-1], now[-1]) if held[-1] else (0, 0)
    return ColumnDrift(
        name=name,
        kind=kind,
        reference_counts=before,
        current_counts=now,
        psi=float("nan") if is_empty else float(population_stability(before, now)),
        ks=ks,
        ks_error=ks_error,
        wasserstein=area,
        jensen_shannon=float("nan") if is_empty else jensen_shannon(before, now),
        chi_square=statistic,
        degrees=degrees,
        missing_before=float(missing_before / n_before) if n_before else float("nan"),
        missing_now=float(missing_now / n_now) if n_now else float("nan"),
    )
