"""What the reasons of a text cost and are worth; writes docs/results/text_reasons.md.

Run: ``OMP_NUM_THREADS=1 python -m benchmarks.gpu.text_reasons [DATA_FOLDER]``. Few
messages are learned, so that it takes minutes: a graph takes as long whatever it learned.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from assay.bundle import Scorer
from assay.contract import find_contract
from assay.encoders.encoder import SHIPPED_ENCODER, EncoderClassifier
from assay.encoders.graphs import encoder_graph, words_graph
from assay.encoders.words import WordClassifier
from assay.reasons.quotes import (
    CoalitionTable,
    Quote,
    TextTable,
    WordsTable,
    completeness,
    log_odds,
    told,
)

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "OMP_NUM_THREADS=1 python -m benchmarks.gpu.text_reasons"
LEARNED, ASKED, SEED = 500, 40, 0


class Subject(NamedTuple):
    """A graph and what explains it."""

    name: str
    scorer: Scorer
    table: TextTable

    def probability(self, text: str) -> float:
        """Return the probability that a message is spam."""
        return self.scorer.probability_of_tokens(self.scorer.read(text).ids)


def main() -> None:
    """Measure and write the page."""
    shared = ROOT.parent / "shared" / "data"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else shared
    frame = pd.read_parquet(folder / "sms_spam.parquet").drop_duplicates("text")
    frame = frame.sample(frac=1.0, random_state=SEED)
    is_spam = (frame["label"] == "spam").to_numpy()
    texts = frame["text"].to_numpy(object)
    matrix, labels = texts[:LEARNED].reshape(-1, 1), is_spam[:LEARNED].astype(float)
    held = texts[LEARNED:][is_spam[LEARNED:]]
    rows = [
        row_of(each, held) for each in (words(matrix, labels), reader(matrix, labels))
    ]
    (ROOT / "docs" / "results" / "text_reasons.md").write_text(page(rows))


def words(matrix: Any, labels: Any) -> Subject:  # noqa: ANN401 # arrays
    """Return words with logistic regression."""
    fitted = WordClassifier().fit(matrix, labels)
    contract = find_contract("message_spam", ROOT / "data" / "contracts")
    scorer = Scorer(words_graph(fitted, "message", 1.0, 0.0), contract)
    numbers = fitted.numbers()
    terms = np.full((len(fitted.terms_), fitted.most_words), -1)
    for row, term in enumerate(fitted.terms_):
        terms[row, : len(term)] = [numbers[word] for word in term]
    table = WordsTable.of(terms, fitted.idf_, fitted.weights_, fitted.intercept_)
    return Subject("words", scorer, table)


def reader(matrix: Any, labels: Any) -> Subject:  # noqa: ANN401 # arrays
    """Return MiniLM, frozen."""
    fitted = EncoderClassifier({"encoder": SHIPPED_ENCODER}).fit(matrix, labels)
    contract = find_contract("message_spam", ROOT / "data" / "contracts")
    model = fitted.model_
    graph = encoder_graph(
        model.log_odds_graph("message"), model.tokenizer_text(), 1.0, 0.0
    )
    scorer = Scorer(graph, contract)
    base = log_odds(scorer.probability_of_tokens(scorer.read("").ids))
    table = CoalitionTable(base, scorer.probability_of_tokens)
    return Subject("encoder (MiniLM, float32)", scorer, table)


def row_of(subject: Subject, held: Any) -> str:  # noqa: ANN401 # an array
    """Return a row of the table."""
    rng = np.random.default_rng(SEED)
    seconds: list[float] = []
    scores, off, lowers, others_lower = [], 0.0, 0, 0
    for text in held:
        begin = time.process_time()
        probability = subject.probability(text)
        scored = time.process_time()
        if probability < 0.5:
            continue
        quotes = subject.table.quotes(subject.scorer.read(text), probability)
        named = told(quotes)
        seconds.append(time.process_time() - scored)
        scores.append(scored - begin)
        off = max(off, completeness(quotes, subject.table.base, probability))
        lowers += subject.probability(_without(text, named[0])) < probability
        place = rng.integers(len(quotes))
        others_lower += subject.probability(_without(text, quotes[place])) < probability
        if len(seconds) == ASKED:
            break
    n_texts = len(seconds)
    low, high = (1e3 * value for value in np.quantile(seconds, (0.5, 0.95)))
    return (
        f"| {subject.name} | {n_texts} | {1e3 * np.median(scores):.1f} | {low:.1f} "
        f"| {high:.1f} | {off:.1e} | {lowers / n_texts:.0%} "
        f"| {others_lower / n_texts:.0%} |"
    )


def _without(text: str, quote: Quote) -> str:
    return text[: quote.start] + text[quote.end :]


def page(rows: list[str]) -> str:
    """Return the page."""
    return "\n".join(
        [
            "# Reasons of a text",
            "",
            f"Written by `{COMMAND}`: processor time of one thread; torch "
            "trains the encoder and takes no part in its reasons. "
            f"{LEARNED} messages of the SMS Spam Collection are learned; asked about are "
            f"the first {ASKED} other messages that are spam and called so.",
            "",
            "| model | adverse texts | score, ms, median | reasons, ms, median "
            "| 95 % | largest gap of the sum, log-odds | leaving out the first quote "
            "lowers the probability | leaving out a part that is drawn |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    main()
