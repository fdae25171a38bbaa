"""What an update of one per cent costs beside a full build, at 100,000 passages.

::

    python benchmarks/retrieval/updates.py

writes `docs/results/retrieval_updates.md`. The documents are words drawn by Zipf's law.
Encoding is counted apart: the rate of the shipped encoder is measured on a sample of the
same passages, since encoding all of them takes an hour or more without a GPU.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from assay.retrieval.dense import read_encoder
from assay.retrieval.documents import Corpus
from assay.retrieval.export import export_encoder
from assay.retrieval.index import Encoding, build_version, open_version
from assay.retrieval.parts import index_text
from assay.retrieval.types import Document, Metadata

ROOT = Path(__file__).resolve().parents[2]
N_WORDS, SENTENCE = 30_000, 15
PASSAGES_OF_ONE = 36


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


def main() -> None:
    """Build, change one document in a hundred, build again, and write what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--out", type=Path, default=ROOT / "docs/results")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    documents = corpus_of(arguments.passages, rng)
    encoding = Encoding("quick", quick)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        started = time.process_time()
        full = build_version(root, Corpus(tuple(documents)), encoding)
        full_seconds = time.process_time() - started
        for row in range(0, len(documents), 100):
            text = documents[row].text[::-1].replace(".", "") + "."
            documents[row] = replace(documents[row], text=text)
        started = time.process_time()
        update = build_version(
            root, Corpus(tuple(documents)), encoding, before=full.manifest
        )
        update_seconds = time.process_time() - started
        opened = open_version(root, update.manifest.version, lambda _: quick)
        texts = [index_text(passage) for passage in opened.engine.parts.passages[:256]]
        export_encoder(root / "encoder")
        encode = read_encoder(root / "encoder")
        encode(texts[:8])
        started = time.process_time()
        encode(texts)
        rate = len(texts) / (time.process_time() - started)
    whole = full_seconds + full.n_encoded / rate
    part = update_seconds + update.n_encoded / rate
    rows = [
        ("passages", full.manifest.n_passages, update.manifest.n_passages),
        ("texts encoded", full.n_encoded, update.n_encoded),
        ("all but encoding, CPU s", full_seconds, update_seconds),
        (
            f"encoding at {rate:.1f} a CPU s",
            full.n_encoded / rate,
            update.n_encoded / rate,
        ),
        ("together, CPU s", whole, part),
    ]
    lines = [
        "# Updates of an index, measured",
        "",
        "Written by `python benchmarks/retrieval/updates.py`: a full build, then one in "
        "which one document in a hundred has a new text. Encoding is reckoned from the "
        "rate of the shipped encoder (int8, one thread) on 256 of these passages.",
        "",
        "| | full build | update | share |",
        "|---|---:|---:|---:|",
        *(
            f"| {name} | {one:,.1f} | {two:,.1f} | {two / one:.2%} |"
            for name, one, two in rows
        ),
    ]
    page = "\n".join(lines) + "\n"
    (arguments.out / "retrieval_updates.md").write_text(page)
    print(page)


if __name__ == "__main__":
    main()
