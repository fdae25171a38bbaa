"""Whether evidence is about whom and when a question asks."""

from __future__ import annotations

from dataclasses import dataclass

from assay.retrieval.parts.routing import Asked
from assay.retrieval.types import Metadata
from assay.retrieval.words.tokens import terms, words


@dataclass(frozen=True, slots=True)
class Scope:
    """What a question names and evidence must be about.

    Attributes
    ----------
    asked : Asked
        Companies, years and periods of the question. Of each kind one must fit: a
        question that names two years is answered by evidence about either.
    """

    asked: Asked

    @property
    def period(self) -> tuple[str, ...]:
        """Periods and years as a person writes them, such as ``Q3 2019``."""
        years = [str(year) for year in sorted(self.asked.years)]
        periods = " ".join(sorted(self.asked.periods))
        if not years:
            return (periods,) if periods else ()
        return tuple(f"{periods} {year}".strip() for year in years)

    def fits_company(self, metadata: Metadata, said: str) -> bool:
        """Return whether evidence is about a company that the question names.

        Parameters
        ----------
        metadata : Metadata
            Of the evidence's document.
        said : str
            Text of the evidence; a document of no company may name it there.
        """
        if not self.asked.companies or metadata.company in self.asked.companies:
            return True
        found = set(words(said))
        return any(found.issuperset(words(name)) for name in self.asked.companies)

    def fits_period(self, metadata: Metadata, said: str, around: str) -> bool:
        """Return whether evidence is about a period that the question names.

        A document that states its fiscal year is about that year; of another year only
        a sentence says something that names it. ``founded in 2015`` elsewhere on the
        page makes no figure one of 2015.

        Parameters
        ----------
        metadata : Metadata
            Of the evidence's document.
        said : str
            The sentence, with the first row of its table.
        around : str
            Its passage with title and headings; counts for documents that state no
            year, and for quarters.
        """
        years = {str(year) for year in self.asked.years}
        near = set(words(said))
        wide = near | set(words(around))
        if years:
            stated = metadata.fiscal_year
            named = wide if stated is None else near | {str(stated)}
            if not years & named:
                return False
        periods = self.asked.periods
        if not periods or metadata.period in periods:
            return True
        return bool({period.lower() for period in periods} & wide)


def without_companies(question: str, asked: Asked) -> str:
    """Return a question without the names of the companies that it is known to name.

    Every sentence of a company's filing is about it; those that say its name are no
    better answers. A question that is nothing but a name stays as it is.

    Examples
    --------
    >>> asked = Asked(companies=frozenset({"Adler AG"}))
    >>> without_companies("What did Adler's board propose?", asked)
    'What did board propose?'
    """
    named = {word for company in asked.companies for word in words(company)}
    kept = [word for word in question.split() if not _is_of(word, named)]
    return " ".join(kept) if terms(" ".join(kept)) else question


def _is_of(word: str, named: set[str]) -> bool:
    found = words(word)
    return word[:1].isupper() and bool(found) and named.issuperset(found)
