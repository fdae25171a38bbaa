"""The gate that ships, and what gates say of questions and indexes they never saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.retrieval.evaluation import gate_quality
from assay.retrieval.learning.gate import fit_gate
from assay.retrieval.search.evidence import gate_features
from assay.retrieval.search.gate import Gate
from assay.retrieval.search.reranker import Reranker
from benchmarks.retrieval.held_out import held_out
from benchmarks.retrieval.prepared import Prepared
from benchmarks.retrieval.reference_sets import CachedEncoder

GATE_PENALTY = 10.0
GATE_SETS = ("squadA", "tatqaA", "convfinqaA")
# Share that the held-out questions have in the regression for known styles.
HELD_OUT_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Rows:
    """Questions for the gate, one a row; `kind` is empty for held-out documents."""

    features: NDArray[np.float64]
    answerable: NDArray[np.bool_]
    index: NDArray[np.str_]
    kind: NDArray[np.str_]
    text: NDArray[np.str_]
    weight: NDArray[np.float64]

    @property
    def judged(self) -> NDArray[np.bool_]:
        """True for the questions of the reference, false for held-out documents."""
        return self.kind != ""


def gate_rows(
    sets: Mapping[str, Prepared], reranker: Reranker, encode: CachedEncoder
) -> Rows:
    """Return the judged questions of the gate's sets, and held-out ones of all sets."""
    found = []
    for name in GATE_SETS:
        for (candidate, kind, label), (text, _, _) in zip(
            sets[name].gate, sets[name].reference.gate, strict=True
        ):
            scores = reranker.scores(candidate.features)
            order = np.argsort(-scores, kind="stable")
            row = gate_features(candidate, list(order), scores)
            found.append((row, label, name, kind, text))
    features, label, index, kind, text = map(np.array, zip(*found, strict=True))
    cell = np.char.add(np.char.add(index, "/"), kind)
    _, at, size = np.unique(cell, return_inverse=True, return_counts=True)
    weight = np.where(label, 2.0, 1.0) / size[at]
    parts = [(features, label, index, kind, text, weight)]
    for name, one in sets.items():
        asked = held_out(one.reference, reranker, encode)
        n = asked.answerable.size
        parts.append(
            (
                asked.features,
                asked.answerable,
                np.full(n, name),
                np.full(n, ""),
                asked.questions,
                asked.weight,
            )
        )
    return Rows(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def fitted(rows: Rows, seen: NDArray[np.bool_], share: float) -> Gate:
    """Fit the gate to the rows seen.

    The regression for known styles learns from the judged questions, and from held-out
    documents with a share; the one for any style learns from held-out documents alone.
    """
    judged = rows.judged[seen]
    known = rows.weight[seen] * np.where(judged, 1.0, share)
    general = rows.weight[seen] * ~judged
    return fit_gate(
        rows.features[seen],
        rows.answerable[seen],
        styles=rows.index[seen],
        sample_weight=known / known.mean(),
        general_weight=general / general.mean(),
        penalty=GATE_PENALTY,
    )


def gate_figures(
    sets: Mapping[str, Prepared], reranker: Reranker, encode: CachedEncoder
) -> tuple[Gate, dict]:
    """Fit the gate on all sets; score it by folds and by leaving an index out."""
    rows = gate_rows(sets, reranker, encode)
    # SQuAD's adversarial questions quote the passage: no retrieval gate tells them.
    fair = rows.kind != "unanswerable"
    fold = np.random.default_rng(0).permutation(rows.kind.size) % 5
    five, left = np.zeros(rows.kind.size), np.zeros(rows.kind.size)
    thresholds = {}
    for number in range(5):
        held = rows.judged & (fold == number)
        asked = np.isin(rows.text, rows.text[held & rows.answerable]) & ~rows.judged
        # Calibrated on the index: its judged questions alone make its known style.
        gate = fitted(rows, fair & ~held & ~asked, 0.0)
        five[held] = gate.probability(rows.features[held])
    for name in GATE_SETS:
        held = rows.index == name
        gate = fitted(rows, fair & ~held, HELD_OUT_SHARE)
        left[held] = gate.probability(rows.features[held])
        thresholds[name] = gate.threshold
    figures = {
        "five_folds": gate_table(rows, five),
        "index_left_out": gate_table(rows, left),
        "index_left_out_at_its_threshold": decisions(rows, left, thresholds),
    }
    return fitted(rows, fair, HELD_OUT_SHARE), figures


def gate_table(rows: Rows, probability: NDArray[np.float64]) -> dict:
    """Return AUROC and false answers of each kind of question, and their means."""
    rng = np.random.default_rng(0)
    table = {}
    for name in GATE_SETS:
        own = rows.judged & (rows.index == name)
        yes = probability[own & rows.answerable]
        for other in sorted(set(rows.kind[own & ~rows.answerable])):
            no = probability[own & (rows.kind == other)]
            quality = gate_quality(yes, no, rng=rng)
            table[f"{name}/{other}"] = {
                "auroc": quality.auroc.value,
                "false_answers": quality.false_answer_share.value,
            }
    fair = [one for key, one in table.items() if not key.endswith("unanswerable")]
    table["macro"] = {
        metric: float(np.mean([one[metric] for one in fair]))
        for metric in ("auroc", "false_answers")
    }
    return table


def decisions(
    rows: Rows, probability: NDArray[np.float64], thresholds: Mapping[str, float]
) -> dict:
    """Return what the threshold that was learned elsewhere refuses and lets through."""
    table = {}
    for name, threshold in thresholds.items():
        own = rows.judged & (rows.index == name)
        table[name] = {
            "false_refusals": float(
                (probability[own & rows.answerable] < threshold).mean()
            )
        } | {
            f"false_answers_{kind}": float((probability[asked] >= threshold).mean())
            for kind in ("far", "near")
            for asked in [own & ~rows.answerable & (rows.kind == kind)]
        }
    return table
