"""Whom and when a question asks about, read against what the index holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from assay.retrieval.types import Metadata
from assay.retrieval.words.names import EVERYDAY, LEGAL_FORMS, NAME, PERIOD
from assay.retrieval.words.tokens import is_year, words


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question names.

    Attributes
    ----------
    companies : frozenset of str
        Companies of the index that the question names, as the metadata write them.
    years : frozenset of int
        Years that it names.
    periods : frozenset of str
        Parts of a year that it names: ``Q1`` to ``Q4``, ``H1``, ``H2``.
    """

    companies: frozenset[str] = frozenset()
    years: frozenset[int] = frozenset()
    periods: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Names by which the companies of an index may be called.

    Attributes
    ----------
    names : mapping of tuple of str to frozenset of str
        Words of a name, and the companies that it may mean.
    longest : mapping of str to int
        Words of the longest name that begins with a word.
    """

    names: Mapping[tuple[str, ...], frozenset[str]]
    longest: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        longest: dict[str, int] = {}
        for name in self.names:
            longest[name[0]] = max(len(name), longest.get(name[0], 0))
        object.__setattr__(self, "longest", longest)

    def asked(self, question: str, found: Sequence[str] | None = None) -> Asked:
        """Return the companies, years and periods that a question names.

        Parameters
        ----------
        question : str
            As asked.
        found : sequence of str, optional
            Its words, where they are known already.

        Notes
        -----
        A name that is also an everyday word counts only where it is capitalised. A
        longer name wins over a shorter one inside it.

        Examples
        --------
        >>> gazetteer = build_gazetteer(["Northwind Bank plc", "Adler AG"])
        >>> sorted(gazetteer.asked("Adler's Q3 2022 sales?").companies)
        ['Adler AG']
        """
        found = words(question) if found is None else found
        capitalised: set[str] | None = None
        companies: set[str] = set()
        at = 0
        while at < len(found):
            longest = min(self.longest.get(found[at], 0), len(found) - at)
            for length in range(longest, 0, -1):
                name = tuple(found[at : at + length])
                if name not in self.names:
                    continue
                if length == 1:
                    capitalised = capitalised or _capitalised(question)
                    if len(self.names[name]) > 1 or name[0] not in capitalised:
                        continue
                companies |= self.names[name]
                at += length
                break
            else:
                at += 1
        return Asked(
            companies=frozenset(companies),
            years=frozenset(int(word) for word in found if is_year(word)),
            periods=frozenset(w.upper() for w in found if PERIOD.fullmatch(w)),
        )


def build_gazetteer(companies: Iterable[str]) -> Gazetteer:
    """Return the names by which companies may be called.

    Each is known by its whole name, by the name without its legal form, by its first
    word where that is no everyday word and no other company's, and by the initials of
    names joined with ``&``.
    """
    names: dict[tuple[str, ...], set[str]] = {}
    for company in sorted(set(companies) - {""}):
        for name in _names(company):
            names.setdefault(name, set()).add(company)
    return Gazetteer({name: frozenset(found) for name, found in names.items()})


def matches(
    metadata: Metadata, filters: Mapping[str, Sequence[str | int] | str | int]
) -> bool:
    """Return whether a document's metadata pass every filter.

    Parameters
    ----------
    metadata : Metadata
        The document's.
    filters : mapping of str to str, int or sequence of str
        Field of `Metadata` or key of its `extra`, and the value or values that pass;
        letters' case does not matter. A key that the document lacks never passes.
    """
    for key, wanted in filters.items():
        value = (
            getattr(metadata, key)
            if key in Metadata.__slots__
            else metadata.extra.get(key, "")
        )
        options = [wanted] if isinstance(wanted, str | int) else list(wanted)
        if str(value).casefold() not in {str(option).casefold() for option in options}:
            return False
    return True


def _capitalised(question: str) -> set[str]:
    return {
        word for name in NAME.findall(question) for word in words(name.strip(".'\u2019"))
    }


def _names(company: str) -> set[tuple[str, ...]]:
    whole = words(company)
    bare = [word for word in whole if word not in LEGAL_FORMS]
    found = {tuple(whole), tuple(bare)}
    if bare and len(bare[0]) > 2 and bare[0] not in EVERYDAY:
        found.add((bare[0],))
    if "&" in company and len(bare) == 2:
        found.add((bare[0][0], bare[1][0]))
    return found - {()}
