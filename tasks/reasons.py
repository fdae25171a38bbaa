"""From a fitted challenger to the file that explains its decisions."""

from __future__ import annotations

import pandas as pd

from assay.bundle import Scorer
from assay.features import design_matrix
from assay.models import Fitted
from assay.models.trees import flat_trees
from assay.reasons import (
    Explainer,
    explainer_bytes,
    linear_table,
    network_table,
    tree_table,
)
from assay.reasons.explainer import Table
from assay.reasons.quotes import log_odds
from assay.reasons.quoting import graph_document, words_document
from assay.reasons.ranking import most_usual


def explainer_of(fitted: Fitted, frame: pd.DataFrame) -> Explainer:
    """Return what explains a model's decisions, in calibrated log-odds.

    Parameters
    ----------
    fitted : Fitted
        The model.
    frame : DataFrame
        The snapshot that it was fitted on; its training rows are the baseline.

    Raises
    ------
    DataError
        If a tree is deeper than 8.
    """
    contract, calibrator = fitted.contract, fitted.calibrator
    seen, _ = design_matrix(frame.iloc[fitted.split.train], contract)
    calibration = calibrator.slope, calibrator.intercept
    classifier = fitted.pipeline[-1]
    table: Table
    if fitted.algorithm == "boosting":
        table = tree_table(flat_trees(classifier), seen.shape[1], *calibration)
    elif fitted.algorithm == "logistic":
        table = linear_table(fitted.pipeline["columns"], classifier, seen, *calibration)
    else:
        network = classifier.network_.calibrated(*calibration)
        table = network_table(network, seen, seed=fitted.seed)
    return Explainer.of(table, most_usual(seen, contract), contract)


def quotes_document(fitted: Fitted) -> bytes:
    """Return the file of reasons of a model that reads a text."""
    calibrator, classifier = fitted.calibrator, fitted.pipeline[-1]
    if fitted.algorithm == "words":
        numbers = classifier.numbers()
        return words_document(
            [[numbers[word] for word in term] for term in classifier.terms_],
            classifier.idf_,
            calibrator.slope * classifier.weights_,
            calibrator.slope * classifier.intercept_ + calibrator.intercept,
        )
    scorer = Scorer(fitted.graph(), fitted.contract)
    alone = scorer.probability_of_tokens(scorer.read("").ids)
    return graph_document(log_odds(alone))


def reasons_document(fitted: Fitted, frame: pd.DataFrame) -> bytes:
    """Return the bundle's file of reasons; the same model gives the same bytes."""
    return explainer_bytes(explainer_of(fitted, frame))
