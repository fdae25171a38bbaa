"""Whether the score's inputs, or the score, predict a protected group."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from assay.contract import Field
from assay.evaluation import Interval, auc_interval
from assay.evaluation.comparison import feature_auc
from assay.evaluation.slices import groups_of
from assay.examination.fairness import named_groups, no_proxy, protected
from assay.examination.subject import Subject
from assay.features import as_number, design_matrix
from assay.models import unfitted_pipeline
from assay.models.estimators import fitted_on_matrix, log_odds_of_matrix
from assay.promotion.evidence import Proxy

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

MOST_ROWS = 20_000
_PARAMETERS: dict[str, float | int] = {"max_iter": 100, "learning_rate": 0.1}


def proxies(subject: Subject) -> tuple[tuple[Proxy, ...], dict[str, dict[str, float]]]:
    """Return how well inputs predict each group, and how well each feature does alone.

    Returns
    -------
    proxies : tuple of Proxy
        Of each group of a protected field that is large enough; a field that has none
        has one entry without a figure.
    alone : dict of str to dict of str to float
        For each protected field the best AUC of each feature over the field's groups.
    """
    contract = subject.contract
    train = subject.frame.iloc[subject.split.train[:MOST_ROWS]]
    seen, names = design_matrix(train, contract)
    unseen, _ = design_matrix(subject.holdout, contract)
    found: list[Proxy] = []
    alone: dict[str, dict[str, float]] = {}
    for field in protected(subject):
        groups = list(named_groups(subject, field))
        if not groups:
            found.append(no_proxy(field))
        for name, member in groups:
            learned = _same_group(subject, field, name, train)
            inputs = _predicted(subject, (seen, learned), (unseen, member))
            score = auc_interval(member, subject.probabilities)
            n_rows = int(member.sum())
            found.append(Proxy(field.name, name, n_rows, inputs, _upwards(score)))
            best = alone.setdefault(field.name, dict.fromkeys(names, 0.0))
            for column, feature in enumerate(names):
                read = contract.features[column]
                auc = feature_auc(
                    (as_number(seen[:, column], read), learned),
                    (as_number(unseen[:, column], read), member.astype(np.float64)),
                    is_category=bool(read.categories),
                )
                best[feature] = max(best[feature], auc.value)
    return tuple(found), alone


def _same_group(subject: Subject, field: Field, name: str, train: pd.DataFrame) -> Floats:
    """Return 1 for the training rows of the group that the holdout names so."""
    values = train[field.name]
    if name == "missing":
        member = values.isna()
    elif field.is_numeric:
        everyone = dict(groups_of(subject.holdout[field.name], field))
        band = subject.holdout[field.name][everyone[name]]
        member = values.between(band.min(), band.max())
    else:
        member = values.astype(object) == _value(field, name)
    return np.asarray(member, dtype=np.float64)


def _value(field: Field, name: str) -> object:
    return next((each for each in field.categories if str(each) == name), name)


def _predicted(
    subject: Subject, seen: tuple[Floats, Floats], unseen: tuple[Floats, Flags]
) -> Interval | None:
    if not 0 < seen[1].sum() < len(seen[1]):
        return None
    reads_text = subject.contract.free_text is not None
    unfitted = unfitted_pipeline(
        "words" if reads_text else "boosting",
        subject.contract,
        {} if reads_text else _PARAMETERS,
        seed=subject.recipe.seed,
    )
    pipeline = fitted_on_matrix(unfitted, *seen)
    return auc_interval(unseen[1], expit(log_odds_of_matrix(pipeline, unseen[0])))


def _upwards(found: Interval) -> Interval:
    """Return the AUC of the better direction: a low score may mark a group as well."""
    if found.value >= 0.5:
        return found
    return Interval(1 - found.value, 1 - found.high, 1 - found.low, found.level)
