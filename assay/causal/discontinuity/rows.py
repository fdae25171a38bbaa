"""A table in, the checked columns of a design with a cutoff out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.causal.discontinuity.cells import Sample, fold
from assay.causal.discontinuity.contrast import Columns
from assay.causal.panel import binary, coded, numeric, present
from assay.causal.rows import refuse_collinear
from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows of a design with a cutoff, as columns of numbers.

    Attributes
    ----------
    running, outcome : ndarray of shape (n_rows,)
    cutoff : float
    treated_above : bool
        Whether treatment is at or above the cutoff.
    treatment : ndarray of shape (n_rows,) or None
        Treatment received, in a fuzzy design.
    covariates : tuple of (str, ndarray of shape (n_rows,))
        Fixed before treatment.
    adjusted : tuple of str
        Covariates partialled out of the estimate.
    clusters : ndarray of shape (n_rows,) or None
    """

    running: Floats
    outcome: Floats
    cutoff: float
    treated_above: bool = True
    treatment: Floats | None = None
    covariates: tuple[tuple[str, Floats], ...] = ()
    adjusted: tuple[str, ...] = ()
    clusters: NDArray[np.intp] | None = None

    @property
    def sign(self) -> float:
        """What turns right minus left into treated minus untreated."""
        return 1.0 if self.treated_above else -1.0

    @property
    def columns(self) -> Columns:
        """What the columns of :meth:`sample` are."""
        return Columns(self.treatment is not None, len(self.adjusted))

    def sample(self, kept: NDArray[np.bool_] | None = None) -> Sample:
        """Fold the rows (those in `kept`) around the cutoff."""
        extra = [values for name, values in self.covariates if name in self.adjusted]
        treatment = [] if self.treatment is None else [self.treatment]
        columns = [self.outcome, *treatment, *extra]
        part = slice(None) if kept is None else kept
        return fold(
            self.running[part],
            [values[part] for values in columns],
            cutoff=self.cutoff,
            clusters=None if self.clusters is None else self.clusters[part],
        )


def read_rows(
    frame: pd.DataFrame,
    outcome: str,
    running: str,
    cutoff: float,
    treated_above: bool,
    treatment: str | None,
    covariates: Sequence[str],
    adjust_for: Sequence[str],
    cluster: str | None,
    missing_outcome: str,
) -> tuple[Rows, Floats]:
    """Check the columns of a table; return its rows, and the running variable of all.

    Parameters
    ----------
    frame, outcome, running, cutoff, treated_above, treatment, covariates, adjust_for,
    cluster, missing_outcome
        As in :func:`assay.causal.discontinuity.sharp_jump`.

    Raises
    ------
    DataError
        If a column is missing or not finite, or a covariate to adjust for is not
        among the covariates.
    """
    extra = [name for name in (treatment, cluster) if name is not None]
    present(frame, [outcome, running, *covariates, *extra])
    everyone = numeric(frame, running)
    if missing_outcome == "drop":
        frame = frame[frame[outcome].notna()]
    elif missing_outcome != "refuse":
        raise ValueError(
            f"missing_outcome must be 'refuse' or 'drop', got {missing_outcome!r}"
        )
    columns = [numeric(frame, name) for name in (running, outcome, *covariates)]
    received = None if treatment is None else binary(frame, treatment)
    clusters = None if cluster is None else coded(frame, cluster)[0]
    extra_keys = (item for item in (received, clusters) if item is not None)
    order = _by_content([*columns, *extra_keys])
    score, result, *others = (item[order] for item in columns)
    named = tuple(zip(covariates, others, strict=True))
    _refuse_repeated(dict(named), adjust_for)
    return Rows(
        running=score,
        outcome=result,
        cutoff=float(cutoff),
        treated_above=treated_above,
        treatment=None if received is None else received[order],
        covariates=named,
        adjusted=tuple(adjust_for),
        clusters=None if clusters is None else clusters[order],
    ), everyone


def _refuse_repeated(covariates: dict[str, Floats], adjust_for: Sequence[str]) -> None:
    """Refuse covariates to adjust for that are not there or follow from the others."""
    stray = [name for name in adjust_for if name not in covariates]
    if stray:
        raise DataError(f"adjust_for names {stray}, which are not among the covariates")
    if adjust_for:
        columns = [covariates[name] for name in adjust_for]
        design = np.column_stack([np.ones_like(columns[0]), *columns])
        refuse_collinear(design, ("intercept", *adjust_for))


def _by_content(columns: Sequence[NDArray[Any]]) -> NDArray[np.intp]:
    """Return an order of rows that does not depend on how they came."""
    order = np.argsort(columns[0])
    ordered = columns[0][order]
    if np.all(ordered[1:] > ordered[:-1]):
        return order
    return np.lexsort(columns[::-1])


def share_off_rule(
    rows: Rows, widths: tuple[float, float], received: Floats | None
) -> float | None:
    """Return the share of rows within `widths` of the cutoff not treated by the rule.

    None where the treatment received is not known.
    """
    if received is None:
        return None
    offsets = rows.running - rows.cutoff
    near = (offsets > -widths[0]) & (offsets < widths[1])
    by_rule = (offsets >= 0) == rows.treated_above
    return float(np.mean(received[near] != by_rule[near]))
