"""Strain a version: fields missing, out of range, off by a unit, and a recession."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from assay.contract import Contract, Field
from assay.contract.request import request_model
from assay.errors import DataError
from assay.evaluation import Interval, auc_interval, share_interval
from assay.evaluation.comparison import auc_gain
from assay.examination.subject import Subject
from assay.models.parity import feature_columns
from assay.promotion.evidence import StressKind, StressResult, demanded_stress
from assay.simulate.drift import Drift
from assay.simulate.lender import COLUMNS, simulate_lender

Floats: TypeAlias = NDArray[np.float64]

N_RECESSION_ROWS = 5_000
_EXTRA_BAD = 0.5
_SIMULATED = date(2026, 1, 1)


def stress_results(subject: Subject) -> tuple[StressResult, ...]:
    """Return every stress test that the contract asks for and the version can take.

    A test on a field that the version does not know is left out, which the gate refuses.
    """
    known = {field.name: field for field in subject.contract.features}
    tests: dict[StressKind, Callable[[Subject, Field], StressResult]] = {
        "missing_refused": _missing_refused,
        "missing_loss": _missing_loss,
        "out_of_range": _out_of_range,
        "noise": _noise,
    }
    found = [
        tests[kind](subject, known[name])
        for kind, name in demanded_stress(subject.gates)
        if kind in tests and name in known
    ]
    return (*found, _recession(subject))


def _missing_refused(subject: Subject, field: Field) -> StressResult:
    rows = [{**row, field.name: None} for row in _valid_rows(subject)]
    rows += [
        {name: value for name, value in row.items() if name != field.name} for row in rows
    ]
    return _refused("missing_refused", subject, field, rows)


def _out_of_range(subject: Subject, field: Field) -> StressResult:
    if field.is_free_text:
        too_long = "x" * (int(field.maximum or 0) + 1)
        rows = [{**row, field.name: too_long} for row in _valid_rows(subject)]
        return _refused("out_of_range", subject, field, rows)
    step = 1.0 if field.dtype == "integer" else 0.0
    beyond = []
    if field.minimum is not None:
        beyond.append(min(field.minimum - step, np.nextafter(field.minimum, -np.inf)))
    if field.maximum is not None:
        beyond.append(max(field.maximum + step, np.nextafter(field.maximum, np.inf)))
    rows = [
        {**row, field.name: float(value)}
        for row in _valid_rows(subject)
        for value in beyond
    ]
    return _refused("out_of_range", subject, field, rows)


def _missing_loss(subject: Subject, field: Field) -> StressResult:
    columns = feature_columns(subject.holdout, subject.contract)
    n_rows = len(subject.labels)
    empty = None if field.has_text_categories else np.nan
    columns[field.name] = np.full(n_rows, empty, dtype=object if empty is None else float)
    without = subject.scorer.probabilities(columns)
    lost = auc_gain(subject.labels, without, subject.probabilities)
    return StressResult("missing_loss", field.name, n_rows, found=lost)


def _noise(subject: Subject, field: Field) -> StressResult:
    columns = feature_columns(subject.holdout, subject.contract)
    values = subject.holdout[field.name].to_numpy(np.float64, na_value=np.nan)
    step = 1.0 if field.dtype == "integer" else noise_step(values)
    signs = subject.stream(2).choice((-1.0, 1.0), size=len(values))
    columns[field.name] = np.clip(
        values + step * signs,
        -np.inf if field.minimum is None else field.minimum,
        np.inf if field.maximum is None else field.maximum,
    )
    moved = subject.scorer.probabilities(columns) < subject.threshold
    n_flipped = float(np.count_nonzero(moved != subject.approved))
    share = share_interval(n_flipped, len(values))
    return StressResult("noise", field.name, len(values), found=share)


def noise_step(values: Floats) -> float:
    """Return one unit, or a hundredth of the spread where that is less.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        NaN where missing. The spread is the interquartile range, or the standard
        deviation where that range is zero.
    """
    known = values[~np.isnan(values)]
    if known.size == 0:
        return 1.0
    low, high = np.quantile(known, (0.25, 0.75))
    spread = float(high - low) or float(known.std())
    return min(1.0, spread / 100)


def _recession(subject: Subject) -> StressResult:
    contract = subject.contract
    needed = {contract.label.field, *(field.name for field in contract.features)}
    if needed <= set(COLUMNS):
        rows, labels = _simulated_recession(contract, subject.bundle.manifest.seed)
        scores = subject.scorer.probabilities(feature_columns(rows, contract))
        sample = f"simulated lender, {len(labels)} applications"
    else:
        labels, scores = _unforeseen(subject), subject.probabilities
        sample = f"{_EXTRA_BAD:.0%} more bad outcomes at random, {len(labels)} rows"
    found: Interval | None
    try:
        found = auc_interval(labels, scores)
    except DataError:
        found = None
    return StressResult("recession", sample, len(labels), found=found)


def _simulated_recession(contract: Contract, seed: int) -> tuple[pd.DataFrame, Floats]:
    world = simulate_lender(
        n_applicants=N_RECESSION_ROWS,
        start=_SIMULATED,
        days=90,
        seed=seed,
        drift=Drift("recession", _SIMULATED),
    )
    return world.frame, world.frame[contract.label.field].to_numpy(np.float64)


def _unforeseen(subject: Subject) -> Floats:
    """Return the outcomes with good ones turned bad by a shock that no input shows."""
    good = np.flatnonzero(subject.labels == 0)
    n_more = min(len(good) - 1, round(_EXTRA_BAD * float(subject.labels.sum())))
    turned = subject.labels.copy()
    turned[subject.stream(3).permutation(good)[:n_more]] = 1.0
    return turned


def _valid_rows(subject: Subject) -> list[dict[str, Any]]:
    """Return the golden rows that the present contract takes as requests."""
    model = request_model(subject.gates)
    rows = [dict(row) for row in subject.bundle.golden.rows]
    return [row for row in rows if not _is_refused(model, row)]


def _refused(
    kind: StressKind, subject: Subject, field: Field, rows: list[dict[str, Any]]
) -> StressResult:
    model = request_model(subject.gates)
    n_refused = sum(_is_refused(model, row) for row in rows)
    return StressResult(kind, field.name, len(rows), n_refused)


def _is_refused(model: type[BaseModel], row: dict[str, Any]) -> bool:
    try:
        model.model_validate(row)
    except ValidationError:
        return True
    return False
