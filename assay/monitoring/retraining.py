"""Whether the data of a changed world is old and large enough to learn from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.contract import Contract
from assay.errors import ConfigError, DataError

HOLDOUT_OF_NEW, CALIBRATION_OF_NEW = 0.5, 0.3
"""Shares of the rows from after the change that judge and that calibrate; the others
help to grow the trees."""
MOST_HOLDOUT, MOST_CALIBRATION = 0.2, 0.15
"""Largest shares of all rows, those of a training without an alert."""
LOOK_AGAIN = timedelta(days=1)


@dataclass(frozen=True, slots=True, eq=False)
class Readiness:
    """Whether to train, on what, and what is lacking.

    Attributes
    ----------
    rows : ndarray of int
        Positions of the rows to train on, by time; empty where it is too early. Each
        has a label that has matured.
    n_matured, n_bad : int
        Matured labels from after the change, and the bad ones among them.
    n_immature : int
        Labels that are known already and do not count: bad outcomes are known earlier
        than good ones, so that labels before maturity show too many bad ones.
    holdout_share, calibration_share : float
        How to split `rows`, so that both parts are wholly from after the change; 0 where
        it is too early.
    reasons : tuple of str
        Why it is too early; empty where it is not.
    look_again : datetime
        When enough labels may have matured.
    """

    rows: NDArray[np.int64]
    n_matured: int
    n_bad: int
    n_immature: int
    holdout_share: float
    calibration_share: float
    reasons: tuple[str, ...]
    look_again: datetime

    @property
    def is_ready(self) -> bool:
        """True where there is enough to learn from."""
        return not self.reasons


def assess_readiness(
    frame: pd.DataFrame,
    contract: Contract,
    *,
    since: datetime,
    as_of: datetime,
    min_matured: int,
) -> Readiness:
    """Return whether enough labels from after a change have matured, and what to use.

    Parameters
    ----------
    frame : DataFrame
        Typed rows that keep the contract; it is not changed.
    contract : Contract
        Names label, maturity, event time and the fewest rows and bad outcomes.
    since : datetime
        First moment of the new world.
    as_of : datetime
        Moment from which one looks.
    min_matured : int
        Fewest matured labels from after the change, at least 1; the contract's gates
        may ask for more.

    Raises
    ------
    ConfigError
        If `min_matured` is below 1.
    DataError
        If the contract names no event time.

    Notes
    -----
    All matured rows are used: the old world's still rank applicants well, and a model of
    the few new ones alone ranks worse. What the new world changes first is the level, so
    that calibration and judgement are made on its rows only.
    """
    if min_matured < 1:
        raise ConfigError(f"min_matured is {min_matured} and must be at least 1")
    if contract.event_time is None:
        raise DataError(
            f"the contract {contract.name!r} names no event_time; nothing says which "
            "rows came after a change"
        )
    needed = max(min_matured, contract.gates.min_rows)
    maturity = timedelta(days=contract.label.maturity_days)
    times = pd.to_datetime(frame[contract.event_time.name], utc=True)
    labels = frame[contract.label.field].to_numpy(np.float64, na_value=np.nan)
    known = ~np.isnan(labels)
    mature = (times <= pd.Timestamp(as_of) - maturity).to_numpy()
    after = (times >= pd.Timestamp(since)).to_numpy()
    usable = known & mature
    n_matured = int((usable & after).sum())
    n_bad = int(np.nansum(labels[usable & after]))
    reasons = _lacking(n_matured, needed, n_bad, contract.gates.min_positives, since)
    order = np.argsort(times.to_numpy(), kind="stable")
    ordered = order[usable[order]]
    new = 0.0 if reasons else n_matured / len(ordered)
    return Readiness(
        rows=ordered[:0] if reasons else ordered,
        n_matured=n_matured,
        n_bad=n_bad,
        n_immature=int((known & ~mature).sum()),
        holdout_share=round(min(MOST_HOLDOUT, HOLDOUT_OF_NEW * new), 6),
        calibration_share=round(min(MOST_CALIBRATION, CALIBRATION_OF_NEW * new), 6),
        reasons=reasons,
        look_again=_expected(times[after & ~mature], needed - n_matured, maturity, as_of),
    )


def _lacking(
    n_matured: int, needed: int, n_bad: int, needed_bad: int, since: datetime
) -> tuple[str, ...]:
    reasons = []
    if n_matured < needed:
        reasons.append(
            f"{n_matured:,} labels of applications since {since:%Y-%m-%d} have matured; "
            f"{needed:,} are the fewest to learn from"
        )
    if n_bad < needed_bad:
        reasons.append(
            f"{n_bad:,} bad outcomes since {since:%Y-%m-%d}; {needed_bad:,} are the "
            "fewest to learn from"
        )
    return tuple(reasons)


def _expected(
    waiting: pd.Series, n_more: int, maturity: timedelta, as_of: datetime
) -> datetime:
    """Return when the last row that is lacking matures; a day on where none waits."""
    if 0 < n_more <= len(waiting):
        last = waiting.sort_values().iloc[n_more - 1]
        found: datetime = (last + maturity).to_pydatetime()
        return max(found, as_of + LOOK_AGAIN)
    return as_of + LOOK_AGAIN
