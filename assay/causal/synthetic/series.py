"""Rows in, the treated series and its donors out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.causal.differences.cells import grouped_sums
from assay.causal.panel import coded, numeric, present
from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Series:
    """One treated series and its donors over the same periods.

    Attributes
    ----------
    periods : ndarray of shape (n_periods,)
        Rising.
    n_pre : int
        Periods before treatment.
    treated : ndarray of shape (n_periods,)
        Outcome of the treated unit, or the plain mean over several.
    donors : ndarray of shape (n_periods, n_donors)
        Outcomes of the donors.
    donor_names : tuple
        As in the data, sorted.
    n_treated : int
        Treated units behind the series.
    treated_units : ndarray of shape (n_periods, n_treated)
        Their outcomes, one by one.
    """

    periods: Floats
    n_pre: int
    treated: Floats
    donors: Floats
    donor_names: tuple[Any, ...]
    n_treated: int
    treated_units: Floats

    @property
    def n_periods(self) -> int:
        """Periods before and after treatment."""
        return int(self.periods.size)

    @property
    def n_donors(self) -> int:
        """Donors in the pool."""
        return len(self.donor_names)


@dataclass(frozen=True, slots=True)
class Cells:
    """Which cell of unit and period each row falls into.

    Attributes
    ----------
    codes : ndarray of shape (n_rows,)
        Cell of a row; the last code, n_units * n_periods, is for rows outside.
    outcomes : ndarray of shape (n_rows,)
    units, periods : ndarray
        Treated units first, then donors; periods rising.
    n_treated : int
        Treated units among `units`.
    n_pre : int
        Periods before treatment.
    """

    codes: Codes
    outcomes: Floats
    units: tuple[Any, ...]
    periods: Floats
    n_treated: int
    n_pre: int

    @property
    def shape(self) -> tuple[int, int]:
        """Units by periods."""
        return len(self.units), int(self.periods.size)

    @property
    def n_rows(self) -> int:
        """Rows that fall into a cell."""
        outside = self.shape[0] * self.shape[1]
        return int(np.count_nonzero(self.codes != outside))


def read_cells(
    frame: pd.DataFrame,
    *,
    unit: str,
    period: str,
    outcome: str,
    treated_units: Sequence[Any],
    treatment_start: float,
    donors: Sequence[Any] | None = None,
    end: float | None = None,
) -> Cells:
    """Assign each row to its unit and period.

    Parameters
    ----------
    frame : DataFrame
        One row, or many, a unit and period. Not changed.
    unit, period, outcome : str
        Columns.
    treated_units : sequence
        Units treated from `treatment_start` on.
    treatment_start : float
        First treated period.
    donors : sequence, optional
        Untreated units to draw on; all others by default.
    end : float, optional
        First period to leave out.

    Raises
    ------
    DataError
        If a unit is unknown or on both sides, or there is no period before or after.
    """
    present(frame, [unit, period, outcome])
    unit_codes, names = coded(frame, unit)
    known = {name: code for code, name in enumerate(names.tolist())}
    treated = _known_units(treated_units, known, unit, "treated")
    pool = [n for n in known if n not in set(treated)] if donors is None else donors
    donor_list = _known_units(pool, known, unit, "donor")
    shared = [name for name in donor_list if name in set(treated)]
    if shared:
        raise DataError(
            f"{len(shared)} units are both treated and donors, first {shared[0]!r}; a "
            "donor must stay untreated"
        )
    times = numeric(frame, period)
    kept = np.unique(times if end is None else times[times < end])
    n_pre = int(np.searchsorted(kept, treatment_start))
    if n_pre < 2 or n_pre == kept.size:
        raise DataError(
            f"{n_pre} periods before {treatment_start:g} and {kept.size - n_pre} from it "
            "on; synthetic control needs at least two before and one after"
        )
    units = (*treated, *donor_list)
    place = np.full(names.size, -1, dtype=np.intp)
    place[[known[name] for name in units]] = np.arange(len(units))
    column = np.minimum(np.searchsorted(kept, times), kept.size - 1)
    inside = (place[unit_codes] >= 0) & (kept[column] == times)
    codes = place[unit_codes] * kept.size + column
    codes[~inside] = len(units) * kept.size
    return Cells(codes, numeric(frame, outcome), units, kept, len(treated), n_pre)


def read_series(cells: Cells) -> Series:
    """Average each cell and split treated from donors.

    Raises
    ------
    DataError
        If a unit misses a period: the message names the units and says what to do.
    """
    n_units, n_periods = cells.shape
    size = n_units * n_periods + 1
    counts = np.bincount(cells.codes, minlength=size)[:-1]
    _refuse_gaps(counts.reshape(n_units, n_periods), cells)
    sums = grouped_sums(cells.codes, cells.outcomes, size)[:-1]
    table = (sums / counts).reshape(n_units, n_periods)
    split = cells.n_treated
    return Series(
        periods=cells.periods,
        n_pre=cells.n_pre,
        treated=table[:split].mean(axis=0),
        donors=np.ascontiguousarray(table[split:].T),
        donor_names=cells.units[split:],
        n_treated=split,
        treated_units=np.ascontiguousarray(table[:split].T),
    )


def donor_noise(cells: Cells, series: Series) -> float:
    """Return the mean sampling variance of a donor's cell; 0 with one row a cell."""
    n_cells = cells.shape[0] * cells.shape[1]
    table = np.hstack([series.treated_units, series.donors]).T
    means = np.append(table.ravel(), 0.0)
    squares = (cells.outcomes - means[cells.codes]) ** 2
    counts = np.bincount(cells.codes, minlength=n_cells + 1)[:-1]
    sums = grouped_sums(cells.codes, squares, n_cells + 1)[:-1]
    is_many = counts > 1
    noise = np.zeros(n_cells)
    noise[is_many] = sums[is_many] / (counts[is_many] - 1.0) / counts[is_many]
    return float(noise.reshape(cells.shape)[cells.n_treated :].mean())


def _known_units(
    wanted: Sequence[Any], known: dict[Any, int], unit: str, role: str
) -> list[Any]:
    missing = [name for name in wanted if name not in known]
    if missing:
        raise DataError(
            f"{len(missing)} {role} units are not in column {unit!r}, first "
            f"{missing[0]!r}; it has {len(known)} units"
        )
    if not len(wanted):
        raise DataError(f"there is no {role} unit; name at least one")
    return sorted(set(wanted), key=known.__getitem__)


def _refuse_gaps(counts: NDArray[np.intp], cells: Cells) -> None:
    gaps = (counts == 0).sum(axis=1)
    short = np.flatnonzero(gaps)
    if not short.size:
        return
    named = ", ".join(
        f"{cells.units[i]!r} misses {gaps[i]} of {counts.shape[1]}" for i in short[:5]
    )
    role = "treated units" if short[0] < cells.n_treated else "donors"
    raise DataError(
        f"{short.size} {role} have no rows in some periods ({named}); leave these units "
        "out of the donors, shorten the panel with `end`, or fill the periods yourself"
    )


def weight_table(series: Series, weights: Floats) -> pd.DataFrame:
    """Return the columns donor and weight, donors without weight left out, by size."""
    table = pd.DataFrame({"donor": list(series.donor_names), "weight": weights})
    table = table[table["weight"] != 0]
    return table.sort_values(
        "weight", key=np.abs, ascending=False, kind="stable", ignore_index=True
    )
