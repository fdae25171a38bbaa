"""Prove that a graph answers as its trainer does, where graphs usually go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline

from assay.bundle import Scorer
from assay.contract import Contract, Field
from assay.errors import DataError, ParityError
from assay.models.trees import flat_trees

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.int64]
Columns: TypeAlias = Mapping[str, NDArray[Any]]

LIMIT = 1e-9
"""Largest difference in probability that passes."""

MOST_TEXTS = 1_000
"""Texts compared: an encoder takes milliseconds for one."""

UNSEEN_WORD = "a word that no contract lists"

_SHARES = {"threshold": 0.5, "missing": 0.1, "unseen": 0.1, "bounds": 0.1}


class Trainer(Protocol):
    """What a graph is compared with: a fitted pipeline under its contract."""

    @property
    def contract(self) -> Contract:
        """What it was fitted under."""

    @property
    def pipeline(self) -> Pipeline:
        """From a typed frame to log-odds."""

    def probabilities(self, frame: pd.DataFrame) -> Floats:
        """Return calibrated probabilities of label 1 for typed rows, (n_rows,)."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How far a graph was from its trainer, and on what.

    Attributes
    ----------
    n_rows : int
        Rows compared.
    largest_difference : float
        In probability.
    n_threshold_rows : int
        Rows with a value exactly at a split threshold or one unit in the last place
        beside it, below and above.
    n_missing_rows, n_unseen_rows, n_bounds_rows : int
        Rows with values made missing, words outside the contract, or values at the
        contract's bounds.
    """

    n_rows: int
    largest_difference: float
    n_threshold_rows: int
    n_missing_rows: int
    n_unseen_rows: int
    n_bounds_rows: int


def check_parity(
    graph: bytes,
    fitted: Trainer,
    frame: pd.DataFrame,
    *,
    n_rows: int = 10_000,
    limit: float = LIMIT,
    seed: int = 0,
) -> Parity:
    """Compare a graph's probabilities with its trainer's on the rows that tell.

    Parameters
    ----------
    graph : bytes
        The ONNX model.
    fitted : Trainer
        Its trainer.
    frame : DataFrame
        Typed rows to draw from; it is not changed.
    n_rows : int
        Rows compared: a fifth as drawn, half at split thresholds, a tenth each with
        missing values, unseen words and values at the contract's bounds. Where a model
        has no thresholds or a contract no words, rows stay as drawn. Of texts all are
        as drawn, and `MOST_TEXTS` at most.
    limit : float
        Largest difference that passes.
    seed : int
        Of the draw.

    Raises
    ------
    ParityError
        If a probability differs by more than `limit` or is not a number; the message
        names the kind of row that differs most.
    DataError
        If `frame` has no rows.
    """
    if fitted.contract.free_text is not None:
        n_rows = min(n_rows, MOST_TEXTS)
    rows, kinds = parity_rows(fitted, frame, n_rows=n_rows, seed=seed)
    expected = fitted.probabilities(rows)
    found = Scorer(graph, fitted.contract).probabilities(
        feature_columns(rows, fitted.contract)
    )
    differences = np.abs(found - expected)
    differences[~np.isfinite(differences)] = np.inf
    worst = int(np.argmax(differences))
    n_wrong = int(np.count_nonzero(differences > limit))
    if n_wrong:
        raise ParityError(
            f"{n_wrong} of {n_rows} probabilities of the graph differ from the "
            f"trainer's by up to {differences[worst]:.3g}, more than {limit:g}; the "
            f"worst is a row of kind {kinds[worst]!r}. The version must not be registered"
        )
    return Parity(
        n_rows=n_rows,
        largest_difference=float(differences[worst]),
        n_threshold_rows=kinds.count("threshold"),
        n_missing_rows=kinds.count("missing"),
        n_unseen_rows=kinds.count("unseen"),
        n_bounds_rows=kinds.count("bounds"),
    )


def parity_rows(
    fitted: Trainer, frame: pd.DataFrame, *, n_rows: int, seed: int
) -> tuple[pd.DataFrame, list[str]]:
    """Return rows on which a graph may go wrong, and the kind of each.

    Raises
    ------
    DataError
        If `frame` has no rows.
    """
    if frame.empty:
        raise DataError("no rows to draw from; give the snapshot that was trained on")
    rng = np.random.default_rng(seed)
    features = fitted.contract.features
    drawn = rng.integers(len(frame), size=n_rows)
    columns = {
        field.name: frame[field.name].to_numpy()[drawn].copy()
        if field.has_text_categories or field.is_free_text
        else frame[field.name].to_numpy(np.float64, na_value=np.nan)[drawn]
        for field in features
    }
    kinds = ["drawn"] * n_rows
    edges = np.cumsum([0, *(round(share * n_rows) for share in _SHARES.values())])
    for kind, start, end in zip(_SHARES, edges[:-1], edges[1:], strict=True):
        rows = np.arange(start, end)
        if _CHANGES[kind](columns, rows, fitted, rng):
            kinds[start:end] = [kind] * len(rows)
    return pd.DataFrame(columns), kinds


def feature_columns(frame: pd.DataFrame, contract: Contract) -> dict[str, Any]:
    """Return the features of a typed frame by name, as a graph's feeds are made from."""
    return {field.name: frame[field.name].to_numpy() for field in contract.features}


def _to_thresholds(
    columns: Mapping[str, NDArray[Any]],
    rows: Rows,
    fitted: Trainer,
    rng: np.random.Generator,
) -> bool:
    """Put one value a row at or beside a threshold: each of them while rows last."""
    classifier = fitted.pipeline[-1]
    if not isinstance(classifier, HistGradientBoostingClassifier):
        return False
    trees = flat_trees(classifier)
    pairs = [
        (field.name, threshold)
        for column, field in enumerate(fitted.contract.features)
        if not field.has_text_categories
        for threshold in trees.thresholds_of(column)
    ]
    if not pairs:
        return False
    values = np.array([threshold for _, threshold in pairs])
    beside = np.stack(
        (values, np.nextafter(values, -np.inf), np.nextafter(values, np.inf))
    )
    picks = np.resize(rng.permutation(beside.size), len(rows))
    for row, pick in zip(rows, picks, strict=True):
        columns[pairs[pick % len(pairs)][0]][row] = beside.ravel()[pick]
    return True


def _to_missing(
    columns: Mapping[str, NDArray[Any]],
    rows: Rows,
    fitted: Trainer,
    rng: np.random.Generator,
) -> bool:
    """Take each value away with a chance of a third; from one row in ten all."""
    if fitted.contract.free_text is not None:
        return False  # it may not be missing
    for field in fitted.contract.features:
        chosen = rows[(rng.random(len(rows)) < 1 / 3) | (np.arange(len(rows)) % 10 == 0)]
        columns[field.name][chosen] = None if field.has_text_categories else np.nan
    return True


def _to_unseen(
    columns: Mapping[str, NDArray[Any]],
    rows: Rows,
    fitted: Trainer,
    rng: np.random.Generator,
) -> bool:
    """Replace words by one that the contract does not list, codes by one between."""
    categories = [field for field in fitted.contract.features if field.categories]
    for field in categories:
        chosen = rows[rng.random(len(rows)) < 0.5]
        columns[field.name][chosen] = (
            UNSEEN_WORD if field.has_text_categories else float(max(field.categories)) + 1
        )
    return bool(categories)


def _to_bounds(
    columns: Mapping[str, NDArray[Any]],
    rows: Rows,
    fitted: Trainer,
    rng: np.random.Generator,
) -> bool:
    changed = False
    for field in fitted.contract.features:
        for value in extremes(field):
            chosen = rows[rng.random(len(rows)) < 0.3]
            columns[field.name][chosen] = value
            changed = True
    return changed


def extremes(field: Field) -> tuple[float | str, ...]:
    """Return the contract's bounds of a number, or its first and last category."""
    if field.is_free_text:
        return ()  # its maximum is a length
    if field.categories:
        return field.categories[0], field.categories[-1]
    if field.dtype == "boolean":
        return 0.0, 1.0
    return tuple(v for v in (field.minimum, field.maximum) if v is not None)


_CHANGES = {
    "threshold": _to_thresholds,
    "missing": _to_missing,
    "unseen": _to_unseen,
    "bounds": _to_bounds,
}
