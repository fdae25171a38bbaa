"""Fit the weights that ship, and say how they do on sets that they never saw.

::

    python -m benchmarks.retrieval.train_defaults --cache FOLDER

writes `assay/retrieval/defaults.json` and `docs/results/retrieval.json`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from assay.retrieval.answers.sentences import (
    SENTENCE_FEATURES,
    Sentences,
    sentence_features,
)
from assay.retrieval.evaluation import mean_over_queries, ranking_quality
from assay.retrieval.learning.reranker import fit_reranker, listwise_weights
from assay.retrieval.search import Defaults, stored_form
from assay.retrieval.search.features import FEATURES
from assay.retrieval.search.reranker import Reranker
from assay.retrieval.types import Hit
from benchmarks.retrieval.prepared import Prepared, prepared
from benchmarks.retrieval.reference_sets import SETS, cached_encoder
from benchmarks.retrieval.train_gate import gate_figures

ROOT = Path(__file__).resolve().parents[2]
RANK_PENALTY = 0.05
SENTENCE_PENALTY = 1e-3


def rankings(one: Prepared, reranker: Reranker) -> dict[str, list[str]]:
    """Return each query's documents, best first."""
    found = {}
    for query, candidate in one.found.items():
        order = np.argsort(-reranker.scores(candidate.features), kind="stable")
        documents = one.parts.document_of[candidate.rows[order]]
        found[query] = [one.parts.document_ids[d] for d in dict.fromkeys(documents)]
    return found


def ranking_figures(sets: Mapping[str, Prepared]) -> tuple[Reranker, dict]:
    """Fit on all sets, and score each by the fit that left it out."""
    rng = np.random.default_rng(0)
    everything = [query for one in sets.values() for query in one.judged]
    shipped = fit_reranker(everything, penalty=RANK_PENALTY)
    figures: dict = {"left_out": {}, "shipped": {}}
    for name, one in sets.items():
        others = [q for n, o in sets.items() if n != name for q in o.judged]
        blind = fit_reranker(others, penalty=RANK_PENALTY)
        for kind, reranker in (("left_out", blind), ("shipped", shipped)):
            measured = ranking_quality(
                rankings(one, reranker), one.reference.gold, rng=rng
            )
            figures[kind][name] = {
                metric: [m.value, m.low, m.high] for metric, m in measured.items()
            }
    for kind in ("left_out", "shipped"):
        figures[kind]["macro"] = {
            metric: float(np.mean([figures[kind][name][metric][0] for name in sets]))
            for metric in ("ndcg_at_10", "recall_at_5", "mrr_at_10")
        }
    return shipped, figures


def sentence_lists(
    one: Prepared, reranker: Reranker
) -> list[tuple[Sentences, np.ndarray, list]]:
    """Return the sentences of each query with a quotable answer, and which hold it."""
    lists = []
    for query, found in one.found.items():
        answers = [_plain(answer) for answer in one.reference.answers[query]]
        if not answers:
            continue
        scores = reranker.scores(found.features)
        order = np.argsort(-scores, kind="stable")[:5]
        hits = [
            Hit(one.parts.passages[row], float(score), row=int(row))
            for row, score in zip(found.rows[order], scores[order], strict=True)
        ]
        cut = sentence_features(one.reference.queries[query], hits, one.parts)
        passages = [hits[number].passage for number in cut.hits]
        texts = [
            _plain(p.text[start - p.start : end - p.start])
            for p, (start, end) in zip(passages, cut.spans, strict=True)
        ]
        holds = np.array([any(a in text for a in answers) for text in texts])
        places = [
            (p.document_id, s) for p, (s, _) in zip(passages, cut.spans, strict=True)
        ]
        lists.append((cut, holds, places))
    return lists


def fit_sentences(lists: Sequence[tuple[Sentences, np.ndarray, list]]) -> np.ndarray:
    """Learn sentence weights by listwise logistic regression."""
    taught = [
        (cut.features, holds.astype(float), 1.0)
        for cut, holds, _ in lists
        if 0 < holds.sum() < holds.size
    ]
    return listwise_weights(taught, penalty=SENTENCE_PENALTY)


def quotation_figures(
    sets: Mapping[str, Prepared], reranker: Reranker
) -> tuple[np.ndarray, dict]:
    """Fit sentence weights on both sets with quotable answers; score them blind."""
    lists = {name: sentence_lists(sets[name], reranker) for name in ("squadA", "tatqaA")}
    balanced = lists["squadA"] + lists["tatqaA"][: len(lists["squadA"])]
    shipped = fit_sentences(balanced)
    figures = {}
    for name, other in (("squadA", "tatqaA"), ("tatqaA", "squadA")):
        own = lists[name]
        blind = fit_sentences(lists[other])
        folds = [fit_sentences(_without(own, fold) + lists[other]) for fold in range(5)]
        figures[name] = {
            "shipped": _quoted(own, [shipped] * 5),
            "other_set_only": _quoted(own, [blind] * 5),
            "five_folds": _quoted(own, folds),
            "n_questions": len(own),
        }
    return shipped, figures


def _without(lists: list, fold: int) -> list:
    return [one for at, one in enumerate(lists) if at % 5 != fold]


def _quoted(lists: list, weights: Sequence[np.ndarray]) -> list[float]:
    one = []
    two = []
    for at, (cut, holds, places) in enumerate(lists):
        order = np.argsort(-(cut.features @ weights[at % 5]), kind="stable")
        first = {places[o]: bool(holds[o]) for o in reversed(order)}
        kept = list(dict.fromkeys(places[o] for o in order))[:2]
        one.append(first[kept[0]])
        two.append(any(first[place] for place in kept))
    rng = np.random.default_rng(0)
    return [mean_over_queries(one, rng=rng).value, mean_over_queries(two, rng=rng).value]


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    arguments = parser.parse_args()
    encode = cached_encoder(arguments.cache)
    sets = {name: prepared(name, encode) for name in SETS}
    reranker, ranking = ranking_figures(sets)
    print(json.dumps({k: dict(f.items()) for k, f in ranking.items()}), flush=True)
    gate, gating = gate_figures(sets, reranker, encode)
    print(json.dumps(gating), flush=True)
    sentences, quoting = quotation_figures(sets, reranker)
    print(json.dumps(quoting), flush=True)
    stored = stored_form(Defaults(reranker, gate))
    stored["sentences"] = dict(zip(SENTENCE_FEATURES, sentences.tolist(), strict=True))
    stored["features"] = list(FEATURES)
    (ROOT / "assay/retrieval/defaults.json").write_text(
        json.dumps(stored, indent=1) + "\n"
    )
    results = ROOT / "docs/results/retrieval.json"
    results.parent.mkdir(parents=True, exist_ok=True)
    figures = json.loads(results.read_text()) if results.exists() else {}
    figures |= {"ranking": ranking, "gate": gating, "quotation": quoting}
    results.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
