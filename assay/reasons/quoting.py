"""The file of a bundle that explains a version that reads a text, and its reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.bundle import Bundle, Scorer
from assay.errors import BundleError
from assay.reasons.document import arrays_of, npz_bytes
from assay.reasons.quotes import (
    CoalitionTable,
    Quote,
    TextTable,
    WordsTable,
    completeness,
    told,
)

QUOTES = "text_reasons.npz"

LIMIT = 1e-9
"""Largest difference between a sum of contributions and the log-odds they add up to."""

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TextReason:
    """Why a decision on a text was adverse.

    Attributes
    ----------
    field, text : str
        The text's field and the contract's reason text of it.
    start, end : int
        What of the text is meant, as characters, the end exclusive.
    """

    field: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TextExplainer:
    """What a version that reads a text can say about its decisions.

    Attributes
    ----------
    table : WordsTable or CoalitionTable
        Where contributions come from.
    scorer : Scorer
        The version's graph with its tokenizer.
    field, reason : str
        The text's field and the contract's reason text; empty gives no reasons.
    """

    table: TextTable
    scorer: Scorer
    field: str
    reason: str

    @classmethod
    def of(cls, bundle: Bundle, scorer: Scorer) -> Self | None:
        """Return the explainer that a bundle holds, proven; None without one.

        Raises
        ------
        BundleError
            If the file does not read, or on an adverse golden row contributions do not
            add up to its log-odds, or the base is another model's.
        """
        content, field = bundle.document(QUOTES), bundle.contract.free_text
        if content is None or field is None:
            return None
        arrays = arrays_of(content, QUOTES)
        try:
            base = float(arrays["base"])
            table: TextTable = CoalitionTable(base, scorer.probability_of_tokens)
            if "terms" in arrays:
                columns = arrays["terms"], arrays["idf"], arrays["weights"]
                table = WordsTable.of(*columns, base)
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(f"{QUOTES} does not read: {error}") from error
        explainer = cls(table, scorer, field.name, field.reason.strip())
        golden = bundle.golden
        texts = [str(row[field.name]) for row in golden.rows]
        explainer.check(texts, golden.probabilities, bundle.manifest.threshold)
        return explainer

    def quotes(self, text: str, probability: float) -> list[Quote]:
        """Return what each part of a text weighs, in calibrated log-odds."""
        return self.table.quotes(self.scorer.read(text), probability)

    def reasons(self, text: str, probability: float) -> tuple[TextReason, ...]:
        """Return at most four reasons, the weightiest first."""
        if not self.reason:
            return ()
        return tuple(
            TextReason(self.field, self.reason, each.start, each.end)
            for each in told(self.quotes(text, probability))
        )

    def check(
        self, texts: Sequence[str], probabilities: Sequence[float], threshold: float
    ) -> None:
        """Prove the base, and the sums on golden rows: of the graph's runs on one.

        Raises
        ------
        BundleError
            If the base or a sum is off.
        """
        is_exact = isinstance(self.table, WordsTable)
        empty = [] if is_exact else [Quote(0, 0, 0.0)]
        marks = self.scorer.read("")
        alone = self.scorer.probability_of_tokens(marks.ids)
        limit = LIMIT if is_exact else max(LIMIT, 8 * self.scorer.tolerance)
        off = completeness(empty, self.table.base, alone)
        adverse = [i for i, value in enumerate(probabilities) if value >= threshold]
        for row in range(len(texts)) if is_exact else adverse[:1]:
            here = self.scorer.probability_of_tokens(self.scorer.read(texts[row]).ids)
            found = self.quotes(texts[row], here)
            off = max(off, completeness(found, self.table.base, here)) if found else off
        if not off <= limit:
            raise BundleError(
                f"reasons of texts do not add up to the log-odds: {off:.3g} off; they "
                "are another model's, do not serve this version"
            )


def words_document(
    terms: Sequence[Sequence[int]], idf: Floats, weights: Floats, base: float
) -> bytes:
    """Return the file of a version that counts words; the same gives the same bytes."""
    most = max((len(term) for term in terms), default=1)
    padded = np.full((len(terms), most), -1, dtype=np.int64)
    for row, term in enumerate(terms):
        padded[row, : len(term)] = term
    return npz_bytes({"terms": padded, "idf": idf, "weights": weights, "base": base})


def graph_document(base: float) -> bytes:
    """Return the file of a version whose graph is asked for reasons."""
    return npz_bytes({"base": base})
