"""What indexing and asking cost, Assay's search and the tutorial's side by side."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.retrieval.answers.answer import answer
from assay.retrieval.documents import Corpus
from assay.retrieval.index import Encoding, build_version, open_version
from assay.retrieval.parts import build_parts, index_text
from assay.retrieval.search import search
from assay.retrieval.types import Document
from assay.retrieval.vectors.dense import Encoder, read_encoder, torch_encoder
from benchmarks.retrieval.reference_sets import CachedEncoder, ReferenceSet

N_TEXTS, N_QUESTIONS, TURN = 100, 100, 20
Ask = Callable[[str], object]


def speed_figures(
    reference: ReferenceSet,
    tutorial_texts: Sequence[str],
    folder: Path,
    encode: CachedEncoder,
) -> dict[str, float]:
    """Measure both pipelines on one set, in CPU time of one thread.

    CPU time, because other work shares the processor; in turns, so that both meet the
    same moments. `encode` keeps vectors: neither pipeline's encoder
    is called to fill its index here.
    """
    own, slow = read_encoder(folder), torch_encoder(bf16=False)
    parts = build_parts(reference.documents, encode)
    passages = [index_text(passage) for passage in parts.passages]
    figures: dict[str, float] = {}
    for name, call, texts in (
        ("tutorial", slow, tutorial_texts),
        ("assay", own, passages),
    ):
        rate, characters = encoding_rate(call, texts)
        figures[f"{name}_passages_per_cpu_second"] = rate
        figures[f"{name}_characters_per_cpu_second"] = characters
        figures[f"{name}_index_cpu_seconds"] = len(texts) / rate
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        calls = beside(root, reference, tutorial_texts, encode, own, slow)
        figures["tutorial_mib"] = _mib(root.glob("tutorial.*"))
        figures["assay_mib"] = _mib((root / "index").glob("versions/*/parts/*"))
        figures["tutorial_peak_mib"] = peak_mib(_TUTORIAL, root, folder)
        figures["assay_peak_mib"] = peak_mib(_OWN, root, folder)
        figures |= latencies(calls, list(reference.queries.values())[:N_QUESTIONS])
    return figures


def question_figures(
    reference: ReferenceSet, tutorial_texts: Sequence[str], folder: Path
) -> dict[str, float]:
    """Measure what a question costs, over indexes whose vectors are drawn at random.

    A search reads every vector whatever it holds, so that none has to be encoded.
    """
    rng = np.random.default_rng(0)

    def drawn(texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = rng.normal(size=(len(texts), own.n_dimensions)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    own, slow = read_encoder(folder), torch_encoder(bf16=False)
    with tempfile.TemporaryDirectory() as scratch:
        calls = beside(Path(scratch), reference, tutorial_texts, drawn, own, slow)
        return latencies(calls, list(reference.queries.values())[:N_QUESTIONS])


def beside(
    root: Path,
    reference: ReferenceSet,
    tutorial_texts: Sequence[str],
    encode: Encoder,
    own: Encoder,
    slow: Encoder,
) -> dict[str, Ask]:
    """Return the tutorial's search and Assay's calls over indexes that were written."""
    return {
        "tutorial": tutorial_search(root, tutorial_texts, encode(tutorial_texts), slow),
        **own_calls(root / "index", reference.documents, encode, own),
    }


def latencies(calls: Mapping[str, Ask], questions: Sequence[str]) -> dict[str, float]:
    """Return the median and the 99 % quantile of each call in CPU milliseconds."""
    return {
        f"{name}_{label}_ms": float(np.quantile(taken, share)) * 1000
        for name, taken in in_turns(calls, questions).items()
        for label, share in (("p50", 0.5), ("p99", 0.99))
    }


def encoding_rate(encode: Encoder, texts: Sequence[str]) -> tuple[float, float]:
    """Return the texts and characters of a sample that are encoded in a CPU second."""
    sample = list(texts[:: max(1, len(texts) // N_TEXTS)])
    encode(sample[:8])
    started = time.process_time()
    encode(sample)
    taken = time.process_time() - started
    return len(sample) / taken, sum(map(len, sample)) / taken


def tutorial_search(
    root: Path, texts: Sequence[str], vectors: NDArray[np.float32], slow: Encoder
) -> Ask:
    """Return the tutorial's search, which reads its index for every question."""
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    faiss.write_index(index, str(root / "tutorial.faiss"))
    (root / "tutorial.json").write_text(json.dumps(texts))

    def ask(question: str) -> list[str]:
        read = faiss.read_index(str(root / "tutorial.faiss"))
        stored = json.loads((root / "tutorial.json").read_text())
        cosine, rows = read.search(slow([question]), 5)
        return [stored[row] for row in rows[0] if cosine[0, 0] >= 0.30]

    return ask


def own_calls(
    root: Path, documents: Sequence[Document], encode: Encoder, own: Encoder
) -> dict[str, Ask]:
    """Return Assay's search, its quoted answer, and the encoder alone.

    The index is written and opened once. The gate lets every question pass, so that each
    is answered with its quotations.
    """
    built = build_version(root, Corpus(tuple(documents)), Encoding("cached", encode))
    index = open_version(root, built.manifest.version, lambda _: own)
    lenient = replace(index.engine.gate, threshold=0.0)
    index = replace(index, engine=replace(index.engine, gate=lenient))
    return {
        "assay": lambda question: search(index.engine, question),
        "answer": lambda question: answer(question, index),
        "encoder": lambda question: own([question]),
    }


def in_turns(
    calls: Mapping[str, Ask], questions: Sequence[str]
) -> dict[str, list[float]]:
    """Return the CPU seconds of each call, the calls taking turns of `TURN` questions.

    Question by question, each would find the other's weights in the processor's cache.
    """
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for start in range(0, len(questions), TURN):
        turn = questions[start : start + TURN]
        for name, call in calls.items():
            call(turn[0])
            for question in turn:
                started = time.process_time()
                call(question)
                taken[name].append(time.process_time() - started)
    return taken


_OWN = """
from pathlib import Path
from assay.retrieval.vectors.dense import read_encoder
from assay.retrieval.parts.folder import read_parts
from assay.retrieval.search import open_engine, search
parts = read_parts(next(Path(sys.argv[1]).glob("index/versions/*/parts")))
engine = open_engine(parts, read_encoder(Path(sys.argv[2])))
search(engine, "What did the board propose?")
"""
_TUTORIAL = """
import faiss, json
from pathlib import Path
from assay.retrieval.vectors.dense import torch_encoder
index = faiss.read_index(sys.argv[1] + "/tutorial.faiss")
texts = json.loads(Path(sys.argv[1], "tutorial.json").read_text())
index.search(torch_encoder(bf16=False)(["What did the board propose?"]), 5)
"""
# The peak that getrusage gives would be the parent's, which the fork inherits.
_PEAK = """
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
"""


def peak_mib(program: str, root: Path, encoder: Path) -> float:
    """Return the most memory of a fresh process that opens an index and asks once."""
    ran = subprocess.run(
        [
            *(sys.executable, "-c", f"import sys{program}{_PEAK}"),
            *(str(root), str(encoder)),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(ran.stdout.split()[-1])


def _mib(files: object) -> float:
    return sum(file.stat().st_size for file in files) / 2**20
