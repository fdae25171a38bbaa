"""What an update of one per cent costs beside a full build, at 100,000 passages.

::

    python -m benchmarks.retrieval.updates

writes `docs/results/retrieval_updates.md`, with what answers after a build has failed at
each of its calls to the disk. The documents are words drawn by Zipf's law.
Encoding is counted apart: the rate of the shipped encoder is measured on a sample of the
same passages, since encoding all of them takes an hour or more without a GPU.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assay.retrieval.documents import Corpus
from assay.retrieval.index import Encoding, build_version, open_version
from assay.retrieval.index.build import Built
from assay.retrieval.parts import index_text
from assay.retrieval.search import Engine, search
from assay.retrieval.types import Document, Metadata
from assay.retrieval.vectors.dense import read_encoder, torch_encoder
from assay.retrieval.vectors.export import export_encoder
from benchmarks.retrieval.crashes import Sweep, crash_sweep
from benchmarks.retrieval.speed import encoding_rate, latencies, tutorial_search

ROOT = Path(__file__).resolve().parents[2]
N_WORDS, SENTENCE = 30_000, 15
PASSAGES_OF_ONE = 35


def corpus_of(n_passages: int, rng: np.random.Generator) -> list[Document]:
    """Return documents of about so many passages in all."""
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    names = ["".join(rng.choice(letters, rng.integers(3, 10))) for _ in range(N_WORDS)]
    found = []
    for number in range(n_passages // PASSAGES_OF_ONE):
        drawn = np.minimum(rng.zipf(1.15, 3_800), N_WORDS) - 1
        words = [names[row] for row in drawn]
        sentences = [
            " ".join(words[at : at + SENTENCE]).capitalize() + "."
            for at in range(0, len(words), SENTENCE)
        ]
        about = Metadata(
            company=f"Company {number % 300}", fiscal_year=2000 + number % 25
        )
        found.append(
            Document(f"{number:06d}", f"Report {number}", " ".join(sentences), about)
        )
    return found


def quick(texts: list[str]) -> np.ndarray:
    """Return vectors that cost next to nothing, 384 numbers each."""
    marks = [[len(text), zlib.crc32(text.encode()) % 997, 1.0] for text in texts]
    rows = np.array(marks, dtype=np.float32)
    vectors = np.tile(rows, (1, 128))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class Update:
    """A full build and an update, and their CPU seconds without encoding."""

    full: Built
    update: Built
    full_seconds: float
    update_seconds: float


def measured_update(root: Path, documents: list[Document]) -> Update:
    """Build, change one document in a hundred, and build again."""
    encoding = Encoding("quick", quick)
    started = time.process_time()
    full = build_version(root, Corpus(tuple(documents)), encoding)
    full_seconds = time.process_time() - started
    changed = [
        replace(d, text=d.text[::-1].replace(".", "") + ".") if row % 100 == 0 else d
        for row, d in enumerate(documents)
    ]
    started = time.process_time()
    update = build_version(root, Corpus(tuple(changed)), encoding, before=full.manifest)
    update_seconds = time.process_time() - started
    return Update(full, update, full_seconds, update_seconds)


def asking(root: Path, engine: Engine) -> dict[str, float]:
    """Return what a question costs at this size, beside the tutorial's search."""
    passages = engine.parts.passages
    texts = [passage.text for passage in passages]
    # Sentences of the documents: with words that the index knows, as questions have.
    drawn = [one.text[:90] for one in passages[:: max(1, len(passages) // 40)]]
    vectors = engine.parts.vectors.at(np.arange(len(passages)))
    calls = {
        "tutorial": tutorial_search(root, texts, vectors, torch_encoder(bf16=False)),
        "assay": lambda question: search(engine, question),
    }
    return latencies(calls, drawn)


def page(found: Update, rate: float, asked: Mapping[str, float], crashes: Sweep) -> str:
    """Return the page of results."""
    built = (found.full, found.update)
    seconds = (found.full_seconds, found.update_seconds)
    encoding = [one.n_encoded / rate for one in built]
    rows = [
        ("passages", [one.manifest.n_passages for one in built]),
        ("texts encoded", [one.n_encoded for one in built]),
        ("all but encoding, CPU s", seconds),
        (f"encoding at {rate:.1f} a CPU s", encoding),
        ("together, CPU s", [s + e for s, e in zip(seconds, encoding, strict=True)]),
    ]
    lines = [
        "# Updates of an index, measured",
        "",
        "Written by `python -m benchmarks.retrieval.updates`: a full build, then one in "
        "which one document in a hundred has a new text. The documents are words drawn "
        "by Zipf's law, since the reference sets together hold far fewer passages; "
        "encoding is reckoned from the rate of the shipped encoder (int8, one thread) on "
        "some of these passages, which are as long as its window.",
        "",
        "| | full build | update | share |",
        "|---|---:|---:|---:|",
        *(f"| {name} | {a:,.1f} | {b:,.1f} | {b / a:.2%} |" for name, (a, b) in rows),
        "",
        "## A question at this size",
        "",
        "CPU time of one thread, the two in turns of 20 questions; the tutorial reads "
        "its index for every question. The questions are beginnings of passages.",
        "",
        "| | tutorial | Assay | ratio |",
        "|---|---:|---:|---:|",
        *(
            f"| {key}, ms | {old:,.1f} | {new:,.1f} | {old / new:.1f} |"
            for key in ("p50", "p99")
            for old, new in [(asked[f"tutorial_{key}_ms"], asked[f"assay_{key}_ms"])]
        ),
        "",
        "## A build that fails",
        "",
        f"An update of a small index was run {crashes.n_calls} times; the k-th time, its "
        "k-th call to the disk failed (open, rename, remove, make or remove a folder).",
        "",
        "| after the failure | times |",
        "|---|---:|",
        f"| the old version answers as before | {crashes.n_old} |",
        "| the new version answers (it failed after the switch, or could do without) "
        f"| {crashes.n_new} |",
        f"| anything else | {crashes.n_broken} |",
        f"| the next update succeeds with the same answers | {crashes.n_rebuilt} |",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--out", type=Path, default=ROOT / "docs/results")
    arguments = parser.parse_args()
    small = corpus_of(6 * PASSAGES_OF_ONE, np.random.default_rng(1))
    crashes = crash_sweep(small, quick)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        documents = corpus_of(arguments.passages, np.random.default_rng(0))
        found = measured_update(root, documents)
        export_encoder(root / "encoder")
        encode = read_encoder(root / "encoder")
        version = found.update.manifest.version
        engine = open_version(root, version, lambda _: encode).engine
        texts = [index_text(passage) for passage in engine.parts.passages[:256]]
        rate, _ = encoding_rate(encode, texts)
        text = page(found, rate, asking(root, engine), crashes)
    (arguments.out / "retrieval_updates.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
