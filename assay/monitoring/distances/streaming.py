"""The same distances for a window that does not fit into memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from assay.errors import DataError
from assay.monitoring.distances.columns import ColumnDrift, binned_drift, category_drift
from assay.monitoring.profile.columns import (
    CategoryProfile,
    Floats,
    Integers,
    NumberProfile,
    sorted_known,
)
from assay.monitoring.profile.counting import category_counts
from assay.monitoring.profile.reference import Reference


@dataclass(slots=True)
class _Numbers:
    """Counts of one numeric column of the window, against reference values."""

    profile: NumberProfile
    below: Integers = field(init=False)
    within: Integers = field(init=False)
    counts: Integers = field(init=False)
    n_missing: int = 0

    def __post_init__(self) -> None:
        n_points = len(self.profile.values)
        self.below = np.zeros(n_points, dtype=np.int64)
        self.within = np.zeros(n_points, dtype=np.int64)
        self.counts = np.zeros(len(self.profile.edges), dtype=np.int64)

    def add(self, values: Any) -> int:  # noqa: ANN401 # whatever becomes an array
        ordered, n_missing = sorted_known(values)
        self.below += np.searchsorted(ordered, self.profile.values, side="left")
        self.within += np.searchsorted(ordered, self.profile.values, side="right")
        self.counts += np.searchsorted(ordered, self.profile.edges, side="left")
        self.n_missing += n_missing
        return len(ordered)


@dataclass(slots=True)
class _Categories:
    """Rows by category of the window."""

    counts: dict[str, int] = field(default_factory=dict)
    n_missing: int = 0

    def add(self, values: Any) -> None:  # noqa: ANN401 # Series, Arrow or sequence
        found, n_missing = category_counts(values)
        for name, n_rows in found.items():
            self.counts[name] = self.counts.get(name, 0) + n_rows
        self.n_missing += n_missing


def stream_drift(
    reference: Reference, batches: Iterable[Mapping[str, Any]]
) -> tuple[ColumnDrift, ...]:
    """Return how far each column moved, batch by batch; batches may come in any order.

    Parameters
    ----------
    reference : Reference
        Every column of it is looked for, the score too.
    batches : iterable of mapping of str to array
        Frames, Arrow batches read as mappings, or dictionaries of arrays. A column that
        the first batch lacks is not watched.

    Returns
    -------
    tuple of ColumnDrift
        PSI, KS and the measures of shares, equal to those of the whole window; the
        Wasserstein distance is NaN, since it needs the window's own values.

    Raises
    ------
    DataError
        If there is no batch, or a later batch lacks a column.

    Notes
    -----
    Both distribution functions are compared at every kept reference value and just
    below it; between two of them the reference's function is flat, so that the largest
    gap is among these. Memory is two integers a kept reference value.
    """
    numbers: dict[str, _Numbers] = {}
    texts: dict[str, _Categories] = {}
    n_known: dict[str, int] = {}
    is_first = True
    for batch in batches:
        if is_first:
            for name, profile in reference.columns.items():
                if name in batch and isinstance(profile, CategoryProfile):
                    texts[name] = _Categories()
                elif name in batch and isinstance(profile, NumberProfile):
                    numbers[name], n_known[name] = _Numbers(profile), 0
            is_first = False
        absent = [name for name in (*numbers, *texts) if name not in batch]
        if absent:
            raise DataError(f"a batch lacks the columns {', '.join(absent[:10])}")
        for name, counted in numbers.items():
            n_known[name] += counted.add(batch[name])
        for name, found in texts.items():
            found.add(batch[name])
    if is_first:
        raise DataError("there is no batch, and nothing to compare the reference with")
    drifts = {name: _number(name, one, n_known[name]) for name, one in numbers.items()}
    for name, found in texts.items():
        profile = reference.columns[name]
        if isinstance(profile, CategoryProfile):
            drifts[name] = category_drift(name, profile, found.counts, found.n_missing)
    return tuple(drifts[name] for name in reference.columns if name in drifts)


def _number(name: str, counted: _Numbers, n_known: int) -> ColumnDrift:
    profile = counted.profile
    bins = np.diff(np.concatenate(([0], counted.counts, [n_known])))
    return binned_drift(
        name,
        "number",
        np.append(profile.counts, profile.n_missing),
        np.append(bins, counted.n_missing),
        ks=_ks(counted, n_known),
        ks_error=profile.rank_error / max(profile.n_known, 1),
    )


def _ks(counted: _Numbers, n_known: int) -> float:
    ranks = counted.profile.ranks
    if not n_known or not len(ranks):
        return float("nan")
    reached: Floats = ranks / ranks[-1]
    before = np.append(0.0, reached[:-1])
    gaps = counted.within / n_known - reached, counted.below / n_known - before
    return float(max(np.max(np.abs(gaps[0])), np.max(np.abs(gaps[1]))))
