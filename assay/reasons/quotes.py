"""What of a text weighs towards an adverse decision, quoted; numpy and the graph."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.bundle.tokens import TextTokens
from assay.reasons.ranking import LEAST_SHARE, MOST

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
OfTokens: TypeAlias = Callable[[Ints], float]

MOST_PARTS = 5
"""Parts of a text whose every coalition is scored: 2**5 - 2 runs of the graph."""

_EDGE = 1e-15
"""A probability nearer to 0 or 1 counts as this: its log-odds are lost in float64."""


class Quote(NamedTuple):
    """A part of a text and what it weighs.

    Attributes
    ----------
    start, end : int
        Characters of the text, the end exclusive.
    contribution : float
        Calibrated log-odds towards the adverse action.
    """

    start: int
    end: int
    contribution: float


class TextTable(Protocol):
    """Finds what each part of a text weighs."""

    @property
    def base(self) -> float:
        """Calibrated log-odds of a text of which nothing is left."""

    def quotes(self, tokens: TextTokens, probability: float) -> list[Quote]:
        """Return parts whose contributions add up to the log-odds less `base`."""


@dataclass(frozen=True, slots=True)
class WordsTable:
    """Contributions to TF-IDF with logistic regression, exact and linear.

    Attributes
    ----------
    terms : ndarray of shape (n_terms, most_words)
        Numbers of the words of each term, behind them -1.
    idf, weights : ndarray of shape (n_terms,)
        Inverse document frequencies; calibrated log-odds a unit of a text's column.
    base : float
        Calibrated log-odds of a text without a known word.
    known : mapping of tuple of int to int
        Row of each term.

    Notes
    -----
    A text's log-odds are `base` plus a sum over its terms, divided by the length of its
    columns. That length is taken as it is: what a term adds is its share of the sum. The
    words of a pair share what the pair adds, and a word that stands in several places is
    quoted where it stands first.
    """

    terms: Ints
    idf: Floats
    weights: Floats
    base: float
    known: Mapping[tuple[int, ...], int]

    @classmethod
    def of(cls, terms: Ints, idf: Floats, weights: Floats, base: float) -> Self:
        """Return the table of some arrays."""
        known = {
            tuple(word for word in term if word >= 0): place
            for place, term in enumerate(terms.tolist())
        }
        return cls(terms, idf, weights, base, known)

    def quotes(self, tokens: TextTokens, probability: float) -> list[Quote]:  # noqa: ARG002 # as the others
        """Return what each distinct word adds; one that training dropped adds nothing."""
        numbers = tokens.ids[0][~tokens.is_mark]
        found: dict[int, int] = {}
        for length in range(1, self.terms.shape[1] + 1):
            for start in range(len(numbers) - length + 1):
                place = self.known.get(tuple(numbers[start : start + length].tolist()))
                if place is not None:
                    found[place] = found.get(place, 0) + 1
        if not found:
            return []
        places = np.array(list(found), dtype=np.int64)
        counts = np.array(list(found.values()), dtype=np.float64)
        columns = (1 + np.log(counts)) * self.idf[places]
        length_of_all = max(1.0, float(np.sqrt(columns @ columns)))
        added = columns * self.weights[places] / length_of_all
        by_word: dict[int, float] = {}
        for place, value in zip(places, added.tolist(), strict=True):
            words = [int(word) for word in self.terms[place] if word >= 0]
            for word in words:
                by_word[word] = by_word.get(word, 0.0) + value / len(words)
        first = {int(n): at for at, n in reversed(list(enumerate(numbers)))}
        starts, ends = tokens.starts[~tokens.is_mark], tokens.ends[~tokens.is_mark]
        return [
            Quote(int(starts[first[word]]), int(ends[first[word]]), value)
            for word, value in by_word.items()
        ]


@dataclass(frozen=True, slots=True)
class CoalitionTable:
    """Exact Shapley values of a text's parts, by scoring every coalition of them.

    Attributes
    ----------
    base : float
        Calibrated log-odds of a text of which only the tokenizer's marks are left.
    score : callable
        From tokens, shape (1, n_tokens), to a probability.

    Notes
    -----
    Parts are the text's words, or runs of words where there are more than `MOST_PARTS`; a
    part that is out of a coalition is out of the tokens. Values add up to the log-odds
    less `base`, and nothing is drawn: there is no sampling error. What is lost is inside
    a run of words: it is quoted whole.

    References
    ----------
    L. Shapley, "A value for n-person games", 1953; E. Strumbelj, I. Kononenko, "An
    efficient explanation of individual classifications using game theory", 2010 (all
    coalitions).
    """

    base: float
    score: OfTokens

    def quotes(self, tokens: TextTokens, probability: float) -> list[Quote]:
        """Return the Shapley value of each part of a text."""
        parts = parts_of(tokens)
        if not parts:
            return []
        n_parts, own = len(parts), np.full(tokens.ids.shape[1], -1)
        for number, part in enumerate(parts):
            own[part] = number
        worth = np.empty(2**n_parts)
        worth[0], worth[-1] = self.base, log_odds(probability)
        for coalition in range(1, 2**n_parts - 1):
            kept = [at for at, of in enumerate(own) if of < 0 or coalition >> of & 1]
            worth[coalition] = log_odds(self.score(tokens.ids[:, kept]))
        return [
            Quote(*_span(tokens, part), value)
            for part, value in zip(parts, shapley(worth).tolist(), strict=True)
        ]


def shapley(worth: Floats) -> Floats:
    """Return the Shapley values of a game.

    Parameters
    ----------
    worth : ndarray of shape (2**n_players,)
        Of each coalition, a bit a player.

    Examples
    --------
    >>> shapley(np.array([0.0, 1.0, 2.0, 5.0]))
    array([2., 3.])
    """
    n_players = len(worth).bit_length() - 1
    found = np.zeros(n_players)
    for player, coalition in itertools.product(range(n_players), range(len(worth))):
        if coalition >> player & 1:
            continue
        size = coalition.bit_count()
        share = 1 / (n_players * math.comb(n_players - 1, size))
        found[player] += share * (worth[coalition | 1 << player] - worth[coalition])
    return found


def parts_of(tokens: TextTokens) -> list[Ints]:
    """Return the tokens of each part: words, or runs of about as many words each."""
    words = [np.array(word, dtype=np.int64) for word in _words(tokens)]
    if len(words) <= MOST_PARTS:
        return words
    return [np.concatenate([words[at] for at in run]) for run in _runs(len(words))]


def _words(tokens: TextTokens) -> list[list[int]]:
    """Return the tokens of each word: what no blank parts; marks are in none."""
    places = np.flatnonzero(~tokens.is_mark & (tokens.ends > tokens.starts)).tolist()
    words: list[list[int]] = []
    for place in places:
        start = int(tokens.starts[place])
        before = int(tokens.ends[words[-1][-1]]) if words else -1
        is_parted = any(mark.isspace() for mark in tokens.text[before : start + 1])
        if words and not is_parted:
            words[-1].append(place)
        else:
            words.append([place])
    return words if len(words) > 1 else [[place] for place in places]


def _runs(n_words: int) -> list[Ints]:
    return np.array_split(np.arange(n_words), MOST_PARTS)


def _span(tokens: TextTokens, part: Ints) -> tuple[int, int]:
    """Return where a part stands, without the blanks before it."""
    start, end = int(tokens.starts[part[0]]), int(tokens.ends[part[-1]])
    while start < end - 1 and tokens.text[start].isspace():
        start += 1
    return start, end


def told(quotes: list[Quote]) -> list[Quote]:
    """Return the quotes that are told, the weightiest first.

    The first, and of the others at most three that carry at least `LEAST_SHARE` of what
    weighs towards the adverse action; ties keep the text's order.
    """
    adverse = sorted(
        (each for each in quotes if each.contribution > 0),
        key=lambda each: (-each.contribution, each.start),
    )
    least = LEAST_SHARE * sum(each.contribution for each in adverse)
    return [
        each
        for rank, each in enumerate(adverse[:MOST])
        if rank == 0 or each.contribution >= least
    ]


def log_odds(probability: float) -> float:
    """Return the log-odds of a probability, cut where float64 has lost them."""
    inside = min(max(probability, _EDGE), 1 - _EDGE)
    return math.log(inside) - math.log1p(-inside)


def completeness(quotes: list[Quote], base: float, probability: float) -> float:
    """Return how far contributions are from adding up to the log-odds."""
    total = math.fsum(each.contribution for each in quotes)
    return abs(base + total - log_odds(probability))
