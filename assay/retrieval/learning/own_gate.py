"""A gate for one index: the gate that ships, moved by the index's own questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.retrieval.evaluation import auroc
from assay.retrieval.learning.gate import logistic_weights, weighted_quantile
from assay.retrieval.search import Engine
from assay.retrieval.search.evidence import gate_features
from assay.retrieval.search.features import candidates
from assay.retrieval.search.gate import Gate, gate_design

Floats = NDArray[np.float64]

LEAST_OF_A_KIND = 20
PENALTY = 3.0
_FOLDS = 5
# A style of few questions is as wide as the questions of all indexes are.
_STYLE_PRIOR = 40.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the gate of an index version was fitted to, and what that brought.

    Attributes
    ----------
    source : str
        ``judged questions`` or ``shipped``.
    reason : str
        Why the gate that ships is used; empty where it is not.
    n_answerable, n_others : int
        Judged questions of each kind.
    auroc, auroc_shipped : float or None
        Of the fitted gate, on questions that its fold was not fitted to, and of the gate
        that ships, on the same questions.
    false_answers, false_answers_shipped : float or None
        Share of the other questions that pass at `false_refusals`, likewise.
    false_refusals : float
        Share of the answerable questions that the threshold refuses.
    """

    source: str
    reason: str
    n_answerable: int
    n_others: int
    auroc: float | None = None
    auroc_shipped: float | None = None
    false_answers: float | None = None
    false_answers_shipped: float | None = None
    false_refusals: float = 0.05

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self)


def calibrated_gate(
    engine: Engine,
    questions: Sequence[str],
    answerable: Sequence[bool],
    *,
    false_refusals: float = 0.05,
) -> tuple[Gate, Calibration]:
    """Return the gate of an index by its own judged questions, and what it was fitted to.

    With too few questions, or where the fit brings nothing on questions that it did not
    see, that is the gate of the engine.

    Parameters
    ----------
    engine : Engine
        The index, with the gate that ships.
    questions : sequence of str
        As readers put them. They must not be those that the index is judged by.
    answerable : sequence of bool
        Whether the index answers each.
    false_refusals : float
        Share of the answerable questions that the threshold refuses.
    """
    label = np.asarray(answerable, dtype=bool)
    n_yes, n_no = int(label.sum()), int((~label).sum())
    if min(n_yes, n_no) < LEAST_OF_A_KIND:
        said = (
            f"{n_yes} answerable and {n_no} other judged questions; "
            f"at least {LEAST_OF_A_KIND} of each are needed"
        )
        return engine.gate, Calibration("shipped", said, n_yes, n_no)
    return fitted_gate(
        engine.gate,
        question_rows(engine, questions),
        label,
        false_refusals=false_refusals,
    )


def fitted_gate(
    shipped: Gate,
    rows: Floats,
    answerable: NDArray[np.bool_],
    *,
    false_refusals: float = 0.05,
) -> tuple[Gate, Calibration]:
    """Return the gate by features of judged questions, see `calibrated_gate`."""
    n_yes, n_no = int(answerable.sum()), int((~answerable).sum())
    # Each fold has its share of both kinds, in the order given.
    fold = np.zeros(answerable.size, dtype=np.int64)
    fold[answerable] = np.arange(n_yes) % _FOLDS
    fold[~answerable] = np.arange(n_no) % _FOLDS
    unseen = np.zeros(answerable.size)
    for number in range(_FOLDS):
        held = fold == number
        gate = moved_gate(shipped, rows[~held], answerable[~held])
        unseen[held] = gate.probability(rows[held])
    before = shipped.probability(rows)
    found = Calibration(
        source="judged questions",
        reason="",
        n_answerable=n_yes,
        n_others=n_no,
        auroc=auroc(unseen[answerable], unseen[~answerable]),
        auroc_shipped=auroc(before[answerable], before[~answerable]),
        false_answers=_passing(unseen, answerable, false_refusals),
        false_answers_shipped=_passing(before, answerable, false_refusals),
        false_refusals=false_refusals,
    )
    if (found.auroc or 0.0) <= (found.auroc_shipped or 0.0):
        said = "the gate that ships tells the judged questions apart as well"
        return shipped, replace(found, source="shipped", reason=said)
    moved = moved_gate(shipped, rows, answerable)
    return replace(moved, threshold=_threshold(unseen, answerable, false_refusals)), found


def question_rows(engine: Engine, questions: Sequence[str]) -> Floats:
    """Return the gate features of questions, one row each."""
    found = []
    for question in questions:
        candidate = candidates(engine.parts, question, engine.encode([question])[0])
        scores = engine.reranker.scores(candidate.features)
        order = np.argsort(-scores, kind="stable")
        found.append(gate_features(candidate, order.tolist(), scores))
    return np.stack(found)


def moved_gate(gate: Gate, rows: Floats, answerable: NDArray[np.bool_]) -> Gate:
    """Return a gate moved towards judged questions; its threshold stays.

    Parameters
    ----------
    gate : Gate
        What is known of questions in general: the ridge pulls to its weights, not to 0.
    rows : ndarray of shape (n_questions, len(GATE_FEATURES))
        Features of the index's questions; they become a known style.
    answerable : ndarray of bool of shape (n_questions,)
        Whether the index answers each.
    """
    weights = logistic_weights(
        gate_design((rows - gate.centre) / gate.spread),
        answerable.astype(np.float64),
        np.ones(len(rows)),
        PENALTY,
        prior=gate.weights,
    )
    share = len(rows) / (len(rows) + _STYLE_PRIOR)
    own = share * np.cov(rows, rowvar=False)
    wide = np.diag((1 - share) * gate.spread**2 + 1e-9)
    return replace(
        gate,
        weights=weights,
        style_centres=np.vstack([gate.style_centres, rows.mean(axis=0)]),
        style_precisions=np.concatenate(
            [gate.style_precisions, np.linalg.inv(own + wide)[None]]
        ),
    )


def _threshold(
    probability: Floats, answerable: NDArray[np.bool_], false_refusals: float
) -> float:
    yes = probability[answerable]
    return weighted_quantile(yes, np.ones(yes.size), false_refusals)


def _passing(
    probability: Floats, answerable: NDArray[np.bool_], false_refusals: float
) -> float:
    threshold = _threshold(probability, answerable, false_refusals)
    return float((probability[~answerable] >= threshold).mean())
