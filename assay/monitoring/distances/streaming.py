"""The same distances for a window that does not fit into memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

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
    """Counts of one numeric column of a window, against reference values."""

    below: Integers
    within: Integers
    counts: Integers
    n_known: int = 0
    n_missing: int = 0

    @classmethod
    def empty(cls, profile: NumberProfile) -> Self:
        n_points, n_bins = len(profile.values), len(profile.edges)
        below, within = np.zeros(n_points, np.int64), np.zeros(n_points, np.int64)
        return cls(below, within, np.zeros(n_bins, np.int64))

    def add(self, profile: NumberProfile, values: Any) -> None:  # noqa: ANN401 # an array
        ordered, n_missing = sorted_known(values)
        self.below += np.searchsorted(ordered, profile.values, side="left")
        self.within += np.searchsorted(ordered, profile.values, side="right")
        self.counts += np.searchsorted(ordered, profile.edges, side="left")
        self.n_known += len(ordered)
        self.n_missing += n_missing

    def join(self, other: _Numbers) -> None:
        self.below += other.below
        self.within += other.within
        self.counts += other.counts
        self.n_known += other.n_known
        self.n_missing += other.n_missing


@dataclass(slots=True)
class _Categories:
    """Rows by category of the window."""

    counts: dict[str, int] = field(default_factory=dict)
    n_missing: int = 0

    def add(self, values: Any) -> None:  # noqa: ANN401 # Series, Arrow or sequence
        self.join(_Categories(*category_counts(values)))

    def join(self, other: _Categories) -> None:
        for name, n_rows in other.counts.items():
            self.counts[name] = self.counts.get(name, 0) + n_rows
        self.n_missing += other.n_missing


@dataclass(slots=True)
class WindowCounts:
    """What a part of a window adds to its distances; parts are joined in any order.

    It holds two integers a kept reference value and no value of the window, so that it
    is small enough to come back from another machine.

    Attributes
    ----------
    numbers, texts : dict
        Counts by column.
    """

    numbers: dict[str, _Numbers] = field(default_factory=dict)
    texts: dict[str, _Categories] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """The columns that are counted."""
        return {*self.numbers, *self.texts}

    def join(self, other: WindowCounts) -> None:
        """Add the counts of another part, which becomes useless.

        Raises
        ------
        DataError
            If one part has columns that the other lacks.
        """
        if apart := sorted(self.names ^ other.names):
            raise DataError(f"a part lacks the columns {', '.join(apart[:10])}")
        for name, numbers in other.numbers.items():
            self.numbers[name].join(numbers)
        for name, texts in other.texts.items():
            self.texts[name].join(texts)

    def drifts(self, reference: Reference) -> tuple[ColumnDrift, ...]:
        """Return how far each counted column moved, as `stream_drift`."""
        found = []
        for name, profile in reference.columns.items():
            if isinstance(profile, NumberProfile) and name in self.numbers:
                found.append(_number(name, profile, self.numbers[name]))
            elif isinstance(profile, CategoryProfile) and name in self.texts:
                text = self.texts[name]
                found.append(category_drift(name, profile, text.counts, text.n_missing))
        return tuple(found)


def count_window(
    reference: Reference, batches: Iterable[Mapping[str, Any]]
) -> WindowCounts:
    """Return the counts of a window, or of a part of one; see `stream_drift`.

    Raises
    ------
    DataError
        If there is no batch, or a later batch lacks a column.
    """
    found: WindowCounts | None = None
    for batch in batches:
        if found is None:
            found = WindowCounts()
            for name, profile in reference.columns.items():
                if name in batch and isinstance(profile, CategoryProfile):
                    found.texts[name] = _Categories()
                elif name in batch and isinstance(profile, NumberProfile):
                    found.numbers[name] = _Numbers.empty(profile)
        absent = [name for name in (*found.numbers, *found.texts) if name not in batch]
        if absent:
            raise DataError(f"a batch lacks the columns {', '.join(absent[:10])}")
        for name, counted in found.numbers.items():
            profile = reference.columns[name]
            assert isinstance(profile, NumberProfile)  # noqa: S101 # it was made of one
            counted.add(profile, batch[name])
        for name, text in found.texts.items():
            text.add(batch[name])
    if found is None:
        raise DataError("there is no batch, and nothing to compare the reference with")
    return found


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
    return count_window(reference, batches).drifts(reference)


def _number(name: str, profile: NumberProfile, counted: _Numbers) -> ColumnDrift:
    n_known = counted.n_known
    bins = np.diff(np.concatenate(([0], counted.counts, [n_known])))
    return binned_drift(
        name,
        "number",
        np.append(profile.counts, profile.n_missing),
        np.append(bins, counted.n_missing),
        ks=_ks(profile.ranks, counted),
        ks_error=profile.rank_error / max(profile.n_known, 1),
    )


def _ks(ranks: Integers, counted: _Numbers) -> float:
    n_known = counted.n_known
    if not n_known or not len(ranks):
        return float("nan")
    reached: Floats = ranks / ranks[-1]
    before = np.append(0.0, reached[:-1])
    gaps = counted.within / n_known - reached, counted.below / n_known - before
    return float(max(np.max(np.abs(gaps[0])), np.max(np.abs(gaps[1]))))
