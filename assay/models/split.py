"""Split rows into training, calibration and holdout; by time where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.contract import Contract
from assay.errors import ConfigError, DataError

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Split:
    """Row positions of a frame by use; no row has two.

    Attributes
    ----------
    train, calibration, holdout : ndarray of int
        Positions in the frame, sorted by event time where there is one. No fit and no
        choice sees the holdout.
    n_unlabelled : int
        Rows left out because their label is not known yet.
    """

    train: Rows
    calibration: Rows
    holdout: Rows
    n_unlabelled: int

    @property
    def sizes(self) -> dict[str, int]:
        """Number of rows by use."""
        return {
            "train": len(self.train),
            "calibration": len(self.calibration),
            "holdout": len(self.holdout),
            "unlabelled": self.n_unlabelled,
        }


def labelled_rows(frame: pd.DataFrame, contract: Contract) -> tuple[Rows, Floats]:
    """Return positions and labels of the rows whose outcome is known.

    Positions are in order of event time where there is one (rows of the same time in
    the frame's order), else in the frame's order.

    Raises
    ------
    DataError
        If there are fewer rows or bad outcomes than the contract's gates ask for, if
        one outcome is absent, or a label is neither 0 nor 1.
    """
    name = contract.label.field
    if name not in frame.columns:
        raise DataError(f"the label {name!r} has no column; training needs one")
    labels = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    rows = np.flatnonzero(~np.isnan(labels))
    known = labels[rows]
    n_odd = int(np.count_nonzero((known != 0) & (known != 1)))
    if n_odd:
        raise DataError(f"label {name!r} has {n_odd} values that are neither 0 nor 1")
    _check_enough(known, contract, len(frame))
    times = event_times(frame, contract)
    if times is not None:
        rows = rows[np.argsort(times[rows], kind="stable")]
    return rows, labels[rows]


def event_times(frame: pd.DataFrame, contract: Contract) -> Rows | None:
    """Return event times in nanoseconds, shape (n_rows,), or None without a time.

    Raises
    ------
    DataError
        If the column is absent or a time is missing.
    """
    if contract.event_time is None:
        return None
    name = contract.event_time.name
    if name not in frame.columns:
        raise DataError(f"the event time {name!r} has no column; rows cannot be ordered")
    times = pd.to_datetime(frame[name], utc=True)
    n_missing = int(times.isna().sum())
    if n_missing:
        raise DataError(f"event time {name!r} is missing in {n_missing} rows")
    return np.asarray(times.dt.as_unit("ns").astype(np.int64), dtype=np.int64)


def split_rows(
    frame: pd.DataFrame,
    contract: Contract,
    *,
    holdout_share: float = 0.2,
    calibration_share: float = 0.15,
    seed: int = 0,
) -> Split:
    """Split the labelled rows of a typed frame.

    With an event time the newest labelled rows are the holdout, those before them the
    calibration part, the oldest the training part; rows of one instant stay together,
    so that shares are met as nearly as ties allow. Without one each class is dealt by
    `seed`; texts that are equal but for case and outer blanks go to one part, so that
    nothing in the holdout was learned by heart.

    Parameters
    ----------
    frame : DataFrame
        Typed rows; the label is NaN while it is not known.
    contract : Contract
        Names label and event time, and asks for a least number of rows.
    holdout_share, calibration_share : float in (0, 1)
        Shares of the labelled rows. Their sum stays below 1.
    seed : int
        Of the deal without a time.

    Raises
    ------
    ConfigError
        If the shares leave nothing to train on.
    DataError
        If there are too few rows or bad outcomes, or a part would hold one class only.
    """
    if not (0 < holdout_share < 1 and 0 < calibration_share < 1 - holdout_share):
        raise ConfigError(
            f"holdout_share {holdout_share:g} and calibration_share "
            f"{calibration_share:g} must be above 0 and sum to less than 1"
        )
    rows, labels = labelled_rows(frame, contract)
    times = event_times(frame, contract)
    cuts = (1 - holdout_share - calibration_share, 1 - holdout_share)
    if times is None and contract.free_text is not None:
        texts = frame[contract.free_text.name].iloc[rows]
        parts = _dealt_by_text(rows, labels, texts, cuts, seed)
    elif times is None:
        parts = _dealt(rows, labels, cuts, seed)
    else:
        parts = _in_time(rows, times[rows], cuts)
    split = Split(*parts, n_unlabelled=len(frame) - len(rows))
    by_row = pd.Series(labels, index=rows)
    for use in ("train", "calibration", "holdout"):
        _check_both_classes(by_row[getattr(split, use)].to_numpy(), use)
    return split


def folds_of(
    labels: Floats, times: Rows | None, n_folds: int, seed: int
) -> Iterator[tuple[Rows, Rows]]:
    """Yield (training, test) positions into `labels`, one pair a fold.

    With times, which must be sorted, the rows are cut into ``n_folds + 1`` blocks and
    each fold trains on all blocks before the one that it tests. Without, rows are
    stratified and shuffled by `seed`, as scikit-learn's StratifiedKFold does.

    Raises
    ------
    DataError
        If a fold would train or test on one class only.
    """
    from sklearn.model_selection import StratifiedKFold

    if times is None:
        n_rarer = int(min(labels.sum(), len(labels) - labels.sum()))
        if n_rarer < n_folds:
            raise DataError(
                f"{n_folds} folds need {n_folds} rows of each class, the rarer one has "
                f"{n_rarer}; ask for fewer folds"
            )
        dealt = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
        yield from dealt.split(np.zeros(len(labels)), labels)
        return
    shares = np.arange(1, n_folds + 1) / (n_folds + 1)
    edges = [*(_cut(times, share) for share in shares), len(labels)]
    for start, end in pairwise(edges):
        _check_both_classes(labels[:start], "training part of a fold")
        _check_both_classes(labels[start:end], "test part of a fold")
        yield np.arange(start), np.arange(start, end)


def _in_time(
    rows: Rows, times: Rows, cuts: tuple[float, float]
) -> tuple[Rows, Rows, Rows]:
    first, second = _cut(times, cuts[0]), _cut(times, cuts[1])
    if not 0 < first < second < len(rows):
        raise DataError(
            f"{len(rows)} labelled rows have {len(np.unique(times))} distinct times, too "
            "few to cut three parts without splitting an instant; give more days or a "
            "finer event time"
        )
    return rows[:first], rows[first:second], rows[second:]


def _cut(times: Rows, share: float) -> int:
    """Return the position nearest to a share of the rows that splits no instant."""
    wanted = round(share * len(times))
    before = int(np.searchsorted(times, times[min(wanted, len(times) - 1)], side="left"))
    after = int(np.searchsorted(times, times[min(wanted, len(times) - 1)], side="right"))
    return before if wanted - before <= after - wanted else after


def _dealt(
    rows: Rows, labels: Floats, cuts: tuple[float, float], seed: int
) -> tuple[Rows, Rows, Rows]:
    rng = np.random.default_rng(seed)
    parts: list[list[Rows]] = [[], [], []]
    for value in (0.0, 1.0):
        dealt = rng.permutation(rows[labels == value])
        edges = [round(cut * len(dealt)) for cut in cuts]
        for part, piece in zip(parts, np.split(dealt, edges), strict=True):
            part.append(piece)
    train, calibration, holdout = (np.sort(np.concatenate(part)) for part in parts)
    return train, calibration, holdout


def _dealt_by_text(
    rows: Rows, labels: Floats, texts: pd.Series, cuts: tuple[float, float], seed: int
) -> tuple[Rows, Rows, Rows]:
    groups = pd.factorize(texts.str.strip().str.lower())[0]
    _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    dealt = _dealt(np.arange(len(first)), labels[first], cuts, seed)
    train, calibration, holdout = (rows[np.isin(group, part)] for part in dealt)
    return train, calibration, holdout


def _check_enough(labels: Floats, contract: Contract, n_received: int) -> None:
    n_rows, n_positives = len(labels), int(labels.sum())
    if n_rows < contract.gates.min_rows or n_positives < contract.gates.min_positives:
        raise DataError(
            f"{n_rows} of {n_received} rows have a known label, {n_positives} of them "
            f"bad; contract {contract.name!r} asks for {contract.gates.min_rows} rows "
            f"and {contract.gates.min_positives} bad ones. Wait for labels to mature, "
            "give more data, or lower gates.min_rows and gates.min_positives"
        )
    _check_both_classes(labels, "labelled data")


def _check_both_classes(labels: Floats, use: str) -> None:
    n_positives = int(labels.sum())
    if not 0 < n_positives < len(labels):
        raise DataError(
            f"the {use} holds {len(labels)} rows, {n_positives} of them bad; both "
            "outcomes are needed: give more data or another share"
        )
