"""Labels joined to decisions by their identifier, whatever order they come in."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from assay.errors import DataError

DECISIONS = ("identifier", "decided_at", "probability")
ARRIVALS = ("identifier", "label", "observed_at")


@dataclass(frozen=True, slots=True, eq=False)
class JoinedLabels:
    """Decisions with the labels that are known, and an account of every arrival.

    Attributes
    ----------
    frame : DataFrame
        The decisions in their order, with ``label`` (NaN where not known),
        ``observed_at`` and ``age_days`` at which it was observed.
    unknown : DataFrame
        Arrivals whose identifier no decision has; hand them in again next time.
    n_arrivals : int
        Arrivals handed in: joined + repeated + superseded + unknown.
    n_joined, n_repeated, n_superseded, n_unknown : int
        Labels that count; further arrivals that say the same; earlier arrivals that a
        later one corrected; arrivals without a decision.
    n_corrected : int
        Decisions whose label was corrected.
    n_late : int
        Joined labels that were first observed after maturity and its grace.
    """

    frame: pd.DataFrame
    unknown: pd.DataFrame
    n_arrivals: int
    n_joined: int
    n_repeated: int
    n_superseded: int
    n_unknown: int
    n_corrected: int
    n_late: int


def join_labels(
    decisions: pd.DataFrame,
    arrivals: pd.DataFrame,
    *,
    maturity_days: float,
    grace_days: float = 7.0,
) -> JoinedLabels:
    """Return decisions with their labels; the same arrivals twice change no label.

    Parameters
    ----------
    decisions : DataFrame
        ``identifier`` (distinct), ``decided_at`` (UTC), ``probability`` and others.
    arrivals : DataFrame
        ``identifier``, ``label`` (0 or 1) and ``observed_at`` (UTC), every arrival so
        far in any order, repeats included.
    maturity_days, grace_days : float
        A label first observed later than their sum after the decision counts as late.

    Raises
    ------
    DataError
        If a column is absent, an identifier of the decisions is missing or repeated, or
        a label is not 0 or 1.

    Notes
    -----
    The newest observation of an identifier counts. Of two at the same instant that
    disagree, the bad one counts: the order of a file must not decide.
    """
    _refuse(decisions, arrivals)
    is_known = arrivals["identifier"].isin(decisions["identifier"])
    known, unknown = arrivals[is_known], arrivals[~is_known]
    ordered = known.sort_values(["observed_at", "label"], kind="stable")
    of_one = ordered.groupby("identifier", sort=False)
    newest = of_one.tail(1).set_index("identifier")
    first_seen = of_one["observed_at"].min()
    agrees = ordered["label"].to_numpy() == of_one["label"].transform("last").to_numpy()
    said = known.drop_duplicates(["identifier", "label"])
    n_joined = len(newest)
    n_superseded = int((~agrees).sum())
    frame = decisions.assign(
        label=decisions["identifier"].map(newest["label"]).astype("float64"),
        observed_at=decisions["identifier"].map(newest["observed_at"]),
    )
    age = (frame["observed_at"] - frame["decided_at"]).dt.total_seconds() / 86_400
    first = decisions["identifier"].map(first_seen) - decisions["decided_at"]
    late = first.dt.total_seconds() / 86_400 > maturity_days + grace_days
    return JoinedLabels(
        frame=frame.assign(age_days=age),
        unknown=unknown,
        n_arrivals=len(arrivals),
        n_joined=n_joined,
        n_repeated=len(known) - n_joined - n_superseded,
        n_superseded=n_superseded,
        n_unknown=len(unknown),
        n_corrected=int(said["identifier"].duplicated().sum()),
        n_late=int(late.sum()),
    )


def _refuse(decisions: pd.DataFrame, arrivals: pd.DataFrame) -> None:
    for name, frame, columns in (
        ("decisions", decisions, DECISIONS),
        ("arrivals", arrivals, ARRIVALS),
    ):
        absent = [column for column in columns if column not in frame]
        if absent:
            raise DataError(f"{name} lack the columns {', '.join(absent)}")
    identifiers = decisions["identifier"]
    n_bad = int(identifiers.isna().sum() + identifiers.dropna().duplicated().sum())
    if n_bad:
        raise DataError(
            f"{n_bad} of {len(decisions)} decisions have no identifier of their own; "
            "labels could not be told apart"
        )
    wrong = ~arrivals["label"].isin((0, 1))
    if wrong.any():
        raise DataError(
            f"{int(wrong.sum())} of {len(arrivals)} labels are not 0 or 1; quarantine "
            "them"
        )
