"""Assay's search beside the tutorial's pipeline and BM25, in one process.

::

    python benchmarks/retrieval/quality.py --encoder FOLDER --cache FOLDER

writes `docs/results/retrieval.md`. The tutorial cuts passages of 1,000 characters with
200 overlap, encodes them with all-MiniLM-L6-v2, reads its index for every request and
answers when the best cosine is at least 0.30.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from reference_sets import SETS, CachedEncoder, ReferenceSet, read_set

from assay.retrieval.dense import read_encoder, torch_encoder
from assay.retrieval.evaluation import ranking_quality
from assay.retrieval.folder import read_parts, save_parts
from assay.retrieval.parts import build_parts, index_text
from assay.retrieval.search import (
    Engine,
    open_engine,
    ranked_documents,
    search,
    search_vector,
)
from assay.retrieval.tokens import terms

ROOT = Path(__file__).resolve().parents[2]
LENGTH, STEP = 1000, 800
N_TIMED = 100


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
    from assay.retrieval.lexical import build_lexical_index

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


def seconds(call: Callable[[str], object], questions: Sequence[str]) -> np.ndarray:
    """Return the wall seconds of each call."""
    taken = []
    for question in questions:
        start = time.perf_counter()
        call(question)
        taken.append(time.perf_counter() - start)
    return np.array(taken)


def speed_figures(folder: Path, encoder: Path, encode: CachedEncoder) -> dict[str, float]:
    """Measure indexing and answering of both pipelines on squadA."""
    import faiss

    reference = read_set("squadA")
    texts, _ = tutorial_passages(reference)
    parts = build_parts(reference.documents, encode)
    own, slow = read_encoder(encoder), torch_encoder(bf16=False)
    passages = [index_text(passage) for passage in parts.passages]
    figures = {}
    for name, call, some in (("tutorial", slow, texts), ("assay", own, passages)):
        sample = some[:: max(1, len(some) // N_TIMED)]
        start = time.process_time()
        call(sample)
        taken = time.process_time() - start
        figures[f"{name}_passages_per_cpu_second"] = len(sample) / taken
        figures[f"{name}_characters_per_cpu_second"] = sum(map(len, sample)) / taken
    index = faiss.IndexFlatIP(parts.vectors.shape[1])
    index.add(encode(texts))
    faiss.write_index(index, str(folder / "tutorial.faiss"))
    (folder / "tutorial.json").write_text(json.dumps(texts))
    save_parts(parts, folder / "index")
    engine: Engine = open_engine(read_parts(folder / "index"), own)

    def tutorial(question: str) -> object:
        read = faiss.read_index(str(folder / "tutorial.faiss"))
        stored = json.loads((folder / "tutorial.json").read_text())
        cosine, rows = read.search(slow([question]), 5)
        return [stored[row] for row in rows[0] if cosine[0, 0] >= 0.30]

    questions = list(reference.queries.values())[:N_TIMED]
    for name, call in (
        ("tutorial", tutorial),
        ("assay", lambda question: search(engine, question)),
    ):
        seconds(call, questions[:5])
        taken = seconds(call, questions) * 1000
        figures[f"{name}_p50_ms"] = float(np.quantile(taken, 0.5))
        figures[f"{name}_p99_ms"] = float(np.quantile(taken, 0.99))
    figures["tutorial_mib"] = _mib(folder.glob("tutorial.*"))
    figures["assay_mib"] = _mib((folder / "index").iterdir())
    return figures


def _mib(files: object) -> float:
    return sum(file.stat().st_size for file in files) / 2**20


def page(quality: dict, speed: dict, trained: dict) -> str:
    """Return the page of results."""
    lines = [
        "# Retrieval, measured",
        "",
        "Written by `python benchmarks/retrieval/quality.py` (tables 1, 2) and "
        "`python benchmarks/retrieval/train_defaults.py` (left out; tables 3, 4).",
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
        "## 2. Speed and size (squadA, one thread)",
        "",
        "| | tutorial | Assay | ratio |",
        "|---|---|---|---|",
    ]
    for label, key, faster in (
        ("index passages per CPU second", "passages_per_cpu_second", True),
        ("index characters per CPU second", "characters_per_cpu_second", True),
        ("query p50, ms", "p50_ms", False),
        ("query p99, ms", "p99_ms", False),
        ("index on disk, MiB", "mib", False),
    ):
        old, new = speed[f"tutorial_{key}"], speed[f"assay_{key}"]
        ratio = new / old if faster else old / new
        lines.append(f"| {label} | {old:.1f} | {new:.1f} | {ratio:.1f} |")
    lines += [
        "",
        "## 3. Gate: AUROC, and false answers at 5 % false refusals",
        "",
        "| index / questions it cannot answer | five folds | false answers "
        "| index left out | false answers |",
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
        "are written from the passage itself.",
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
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    arguments = parser.parse_args()
    encode = CachedEncoder(read_encoder(arguments.encoder), arguments.cache, "int8")
    quality = {name: set_figures(name, encode) for name in SETS}
    print(json.dumps(quality), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        speed = speed_figures(Path(folder), arguments.encoder, encode)
    results = ROOT / "docs/results"
    stored = json.loads((results / "retrieval.json").read_text())
    stored |= {"quality": quality, "speed": speed}
    (results / "retrieval.json").write_text(json.dumps(stored, indent=1) + "\n")
    (results / "retrieval.md").write_text(page(quality, speed, stored))


if __name__ == "__main__":
    main()
