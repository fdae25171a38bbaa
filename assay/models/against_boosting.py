"""A network against boosting on the same rows: which of the two to prefer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.evaluation import Evaluation, Interval, compare_on_holdout
from assay.models.challenger import fit_challenger
from assay.models.fitted import Fitted


@dataclass(frozen=True, slots=True)
class AgainstBoosting:
    """A network and boosting with its defaults, fitted and measured on one split.

    Attributes
    ----------
    network, boosting : Evaluation
        On the same holdout.
    differences : dict of str to Interval
        Network minus boosting, paired.
    prefers_network : bool
        Whether the network is shown to be better.
    why : str
        The figures that decided.
    """

    network: Evaluation
    boosting: Evaluation
    differences: dict[str, Interval]
    prefers_network: bool
    why: str


def against_boosting(
    fitted: Fitted, frame: pd.DataFrame, *, holdout_share: float, calibration_share: float
) -> AgainstBoosting:
    """Fit boosting on a network's own split and compare the two.

    Parameters
    ----------
    fitted : Fitted
        The network.
    frame : DataFrame
        The rows that it was fitted on.
    holdout_share, calibration_share : float in (0, 1)
        How they were split.

    Notes
    -----
    The network is preferred only if its AUC is higher, or its cost lower, by the end of
    the 95 % interval that speaks against it, and neither is shown to be worse. Otherwise
    boosting is: its reasons are exact, it answers sooner and trains without a device.
    """
    rival = fit_challenger(
        frame,
        fitted.contract,
        seed=fitted.seed,
        holdout_share=holdout_share,
        calibration_share=calibration_share,
        folds=0,
    )
    differences = compare_on_holdout(
        fitted.holdout_labels,
        rival.holdout_probabilities,
        fitted.holdout_probabilities,
        champion_threshold=rival.threshold,
        challenger_threshold=fitted.threshold,
        costs=fitted.contract.decision.costs,
        rng=np.random.default_rng([fitted.seed, 6]),
    )
    prefers, why = preference(differences["auc"], differences["cost"])
    return AgainstBoosting(fitted.evaluation, rival.evaluation, differences, prefers, why)


def preference(auc: Interval, cost: Interval) -> tuple[bool, str]:
    """Return whether to prefer the network, and why.

    Parameters
    ----------
    auc, cost : Interval
        Network minus boosting.

    Examples
    --------
    >>> preference(Interval(0.01, 0.004, 0.016), Interval(-1.0, -3.0, 1.0))[0]
    True
    """
    figures = f"AUC {auc}, cost a row {cost}, network minus boosting"
    if auc.high < 0 or cost.low > 0:
        return False, f"boosting: the network is worse ({figures})"
    if auc.low > 0 or cost.high < 0:
        return True, f"the network: it is better ({figures})"
    return False, (
        f"boosting: no difference is shown ({figures}), and its reasons are exact, it "
        "answers sooner and trains without a device"
    )
