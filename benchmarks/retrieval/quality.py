"""Assay's search beside the tutorial's pipeline and BM25, in one process.

::

    python -m benchmarks.retrieval.quality --cache FOLDER

writes `docs/results/retrieval.md`. The tutorial cuts passages of 1,000 characters with
200 overlap, encodes them with all-MiniLM-L6-v2, reads its index for every request and
answers when the best cosine is at least 0.30.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from assay.retrieval.evaluation import ranking_quality
from assay.retrieval.parts import build_parts
from assay.retrieval.search import open_engine, ranked_documents, search_vector
from assay.retrieval.words.tokens import terms
from benchmarks.retrieval.reference_sets import (
    SETS,
    CachedEncoder,
    ReferenceSet,
    cached_encoder,
    read_set,
)
from benchmarks.retrieval.speed import question_figures, speed_figures

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "docs/results/retrieval.json"
LENGTH, STEP = 1000, 800


def tutorial_passages(reference: ReferenceSet) -> tuple[list[str], list[str]]:
    """Return the tutorial's passages and their documents; abstracts stay whole."""
    texts, ids = [], []
    for document in reference.documents:
        if reference.name == "scifact":  # as MTEB and the manifest measure it
            cuts = [document.title + "\n" + document.text]
        else:
            ends = range(0, max(1, len(document.text) - LENGTH + STEP), STEP)
            cuts = [document.text[start : start + LENGTH] for start in ends]
        texts += cuts
        ids += [document.document_id] * len(cuts)
    return texts, ids


def best_documents(scores: np.ndarray, ids: Sequence[str], k: int = 20) -> list[str]:
    """Return documents by their best passage."""
    order = np.argsort(-scores, kind="stable")
    return list(dict.fromkeys(ids[at] for at in order[: 40 * k]))[:k]


def set_figures(name: str, encode: CachedEncoder) -> dict[str, dict[str, float]]:
    """Measure the tutorial, BM25 and Assay on one set."""
    from assay.retrieval.parts.lexical import build_lexical_index

    reference = read_set(name)
    queries = list(reference.queries)
    vectors = encode(list(reference.queries.values()))
    texts, ids = tutorial_passages(reference)
    cosines = vectors @ encode(texts).T
    bm25 = build_lexical_index(
        [terms(document.title + "\n" + document.text) for document in reference.documents]
    )
    names = [document.document_id for document in reference.documents]
    engine = open_engine(build_parts(reference.documents, encode), encode)
    systems: dict[str, dict[str, Sequence[str]]] = {
        "tutorial": {},
        "bm25": {},
        "assay": {},
    }
    for at, query in enumerate(queries):
        text = reference.queries[query]
        systems["tutorial"][query] = best_documents(cosines[at], ids)
        systems["bm25"][query] = best_documents(bm25.scores(terms(text)), names)
        hits = search_vector(engine, text, vectors[at], k=60).hits
        systems["assay"][query] = ranked_documents(hits)
    rng = np.random.default_rng(0)
    return {
        system: {
            metric: measure.value
            for metric, measure in ranking_quality(
                found, reference.gold, rng=rng, n_resamples=10
            ).items()
        }
        for system, found in systems.items()
    }


def speed_lines(speed: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return the tables of speed and size, a row for each set."""
    sizes, questions = [], []
    for name, one in speed.items():
        cells = [
            _beside(one[f"tutorial_{key}"], one[f"assay_{key}"], better)
            for key, better in (
                ("passages_per_cpu_second", 1),
                ("index_cpu_seconds", -1),
                ("mib", -1),
                ("peak_mib", -1),
            )
        ]
        sizes.append(f"| {name} | " + " | ".join(cells) + " |")
        cells = [
            _beside(one[f"tutorial_{key}_ms"], one[f"{call}_{key}_ms"], -1)
            for call in ("assay", "answer", "encoder")
            for key in ("p50", "p99")
        ]
        questions.append(f"| {name} | " + " | ".join(cells) + " |")
    return [
        "",
        "## 2. Speed and size: tutorial, Assay: how many times better",
        "",
        "CPU time of one thread. Indexing is the encoding of all passages, reckoned from "
        "about 100 of them. Memory is the peak of a process that opens the index and "
        "answers one question.",
        "",
        "| set | passages a second | whole index, s | on disk, MiB | in memory, MiB |",
        "|---|---|---|---|---|",
        *sizes,
        "",
        "A question, in CPU milliseconds; the calls take turns of 20 questions. The "
        "tutorial encodes, reads its index and returns passages. `search` does what it "
        "does: passages and the gate's verdict. `answer` also quotes the sentences. "
        "`encoder` is the part of both that encodes the question: no search with this "
        "encoder can be faster. `--questions` times this table alone, over vectors drawn "
        "at random: a search reads each of them whatever it holds.",
        "",
        "| set | search p50 | search p99 | answer p50 | answer p99 "
        "| encoder p50 | encoder p99 |",
        "|---|---|---|---|---|---|---|",
        *questions,
    ]


def _beside(old: float, new: float, better: int) -> str:
    return f"{old:.1f}, {new:.1f}: {(new / old) ** better:.1f}"


def page(quality: dict, speed: dict, trained: dict) -> str:
    """Return the page of results."""
    lines = [
        "# Retrieval, measured",
        "",
        "Written by `python -m benchmarks.retrieval.quality` (tables 1, 2) and "
        "`python -m benchmarks.retrieval.train_defaults` (left out; tables 3, 4).",
        "",
        "## 1. Ranking: nDCG@10 and recall@5 by document",
        "",
        "`left out`: weights that never saw the set. `shipped`: the weights in the "
        "library, fitted on all six sets together. All systems use int8 vectors.",
        "",
        "| set | tutorial | BM25 | Assay, left out | Assay, shipped "
        "| recall@5: tutorial | left out | shipped |",
        "|---|---|---|---|---|---|---|---|",
    ]
    blind = trained["ranking"]["left_out"]
    for name in (*quality, "macro"):
        if name == "macro":
            row = {
                system: {
                    metric: float(np.mean([quality[s][system][metric] for s in quality]))
                    for metric in ("ndcg_at_10", "recall_at_5")
                }
                for system in ("tutorial", "bm25", "assay")
            }
            out = (blind[name]["ndcg_at_10"], blind[name]["recall_at_5"])
        else:
            row = quality[name]
            out = (blind[name]["ndcg_at_10"][0], blind[name]["recall_at_5"][0])
        lines.append(
            f"| {name} | {row['tutorial']['ndcg_at_10']:.3f} "
            f"| {row['bm25']['ndcg_at_10']:.3f} | {out[0]:.3f} "
            f"| {row['assay']['ndcg_at_10']:.3f} | {row['tutorial']['recall_at_5']:.3f} "
            f"| {out[1]:.3f} | {row['assay']['recall_at_5']:.3f} |"
        )
    lines += [
        "",
        *speed_lines(speed),
    ]
    lines += [
        "",
        "## 3. Gate: AUROC, and false answers at 5 % false refusals",
        "",
        "`calibrated`: fitted to judged questions of the index, five folds. `left out`: "
        "the recipe that ships, fitted to other indexes only.",
        "",
        "| index / questions it cannot answer | calibrated | false answers "
        "| left out | false answers |",
        "|---|---|---|---|---|",
    ]
    folds, left = trained["gate"]["five_folds"], trained["gate"]["index_left_out"]
    lines += [
        f"| {key} | {folds[key]['auroc']:.3f} | {folds[key]['false_answers']:.3f} "
        f"| {left[key]['auroc']:.3f} | {left[key]['false_answers']:.3f} |"
        for key in folds
    ]
    lines += [
        "",
        "The macro row leaves out SQuAD's adversarial questions (`unanswerable`), which "
        "are written from the passage itself. At the threshold that was learned on the "
        "other indexes, the gate that never saw an index does this:",
        "",
        "| index | false refusals | false answers, far | false answers, near |",
        "|---|---|---|---|",
        *(
            f"| {name} | {one['false_refusals']:.3f} | {one['false_answers_far']:.3f} "
            f"| {one['false_answers_near']:.3f} |"
            for name, one in trained["gate"]["index_left_out_at_its_threshold"].items()
        ),
        "",
        "## 4. Quotation holds the answer: one sentence, two sentences",
        "",
        "| set | questions | five folds | weights of the other set only | shipped |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {one['n_questions']} "
        + " ".join(
            f"| {one[way][0]:.3f}, {one[way][1]:.3f}"
            for way in ("five_folds", "other_set_only", "shipped")
        )
        + " |"
        for name, one in trained["quotation"].items()
    ]
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument(
        "--questions", nargs="*", choices=SETS, help="time the questions of these alone"
    )
    arguments = parser.parse_args()
    if arguments.questions is not None:
        time_questions(arguments.questions or SETS, arguments.cache / "encoder")
        return
    encode = cached_encoder(arguments.cache)
    quality = {name: set_figures(name, encode) for name in SETS}
    print(json.dumps(quality), flush=True)
    speed = {}
    for name in SETS:
        reference = read_set(name)
        texts, _ = tutorial_passages(reference)
        folder = arguments.cache / "encoder"
        speed[name] = speed_figures(reference, texts, folder, encode)
    write(json.loads(FIGURES.read_text()) | {"quality": quality, "speed": speed})


def time_questions(names: Sequence[str], folder: Path) -> None:
    """Time the questions of sets anew; the other figures stay."""
    stored = json.loads(FIGURES.read_text())
    for name in names:
        reference = read_set(name)
        texts, _ = tutorial_passages(reference)
        stored["speed"][name] |= question_figures(reference, texts, folder)
    write(stored)


def write(stored: dict) -> None:
    """Write the figures and their page."""
    FIGURES.write_text(json.dumps(stored, indent=1) + "\n")
    text = page(stored["quality"], stored["speed"], stored)
    FIGURES.with_suffix(".md").write_text(text)


if __name__ == "__main__":
    main()
