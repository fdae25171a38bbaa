"""Whether a label leaks: training on shuffled labels, and features alone."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from assay.errors import AssayError
from assay.evaluation import Interval, auc_interval
from assay.evaluation.comparison import feature_auc, shuffled_error
from assay.examination.subject import Subject
from assay.features import as_number, design_matrix
from assay.models.estimators import log_odds_of_matrix
from assay.promotion.evidence import ShuffledLabels

N_FITS = 3


def shuffled_labels(subject: Subject, n_fits: int = N_FITS) -> ShuffledLabels | None:
    """Return the mean AUC on shuffled labels after training on shuffled labels.

    The whole path from the snapshot on is taken with the known labels dealt anew: split,
    features, fit. A step that looks at the labels of the holdout shows as an AUC away
    from 0.5. None where a deal leaves nothing to fit.
    """
    contract, rng = subject.contract, subject.stream(1)
    name = contract.label.field
    known = np.flatnonzero(subject.frame[name].notna().to_numpy())
    aucs, variances = [], []
    for _ in range(n_fits):
        dealt = subject.frame[name].to_numpy(np.float64, na_value=np.nan, copy=True)
        dealt[known] = rng.permutation(dealt[known])
        frame = subject.frame.assign(**{name: dealt})
        try:
            split = subject.recipe.split(frame, contract)
        except AssayError:
            return None
        train, _ = design_matrix(frame.iloc[split.train], contract)
        pipeline = subject.recipe.pipeline(contract, train, dealt[split.train])
        matrix, _ = design_matrix(frame.iloc[split.holdout], contract)
        scores = expit(log_odds_of_matrix(pipeline, matrix))
        labels = dealt[split.holdout]
        aucs.append(auc_interval(labels, scores).value)
        variances.append(shuffled_error(labels) ** 2)
    error = float(np.sqrt(np.sum(variances))) / n_fits
    return ShuffledLabels(float(np.mean(aucs)), error, n_fits)


def feature_aucs(subject: Subject) -> dict[str, Interval]:
    """Return the AUC of each feature alone, learned on training rows, on the holdout.

    Of a text it is that of its length: its words are the model itself.
    """
    contract = subject.contract
    train = subject.frame.iloc[subject.split.train]
    seen, names = design_matrix(train, contract)
    unseen, _ = design_matrix(subject.holdout, contract)
    labels = train[contract.label.field].to_numpy(np.float64)
    return {
        name: feature_auc(
            (as_number(seen[:, column], contract.features[column]), labels),
            (as_number(unseen[:, column], contract.features[column]), subject.labels),
            is_category=bool(contract.features[column].categories),
        )
        for column, name in enumerate(names)
    }
