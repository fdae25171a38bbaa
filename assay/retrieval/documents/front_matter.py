"""What a document says about itself: front matter, and the words of its file's name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from assay.errors import DataError
from assay.retrieval.types import Metadata

_FENCE = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_OWN = ("company", "form", "fiscal_year", "period", "date", "filing")
_YEAR = re.compile(r"(?<!\d)(?:fy)?((?:19|20)\d\d)(?!\d)", re.IGNORECASE)
_PERIOD = re.compile(r"(?<![a-z0-9])(q[1-4]|h[12])(?![a-z0-9])", re.IGNORECASE)
_FORMS = {
    "10-k": "10-K",
    "10-q": "10-Q",
    "8-k": "8-K",
    "annual-report": "annual report",
    "earnings-call": "earnings call",
}


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """Return a text's front matter between ``---`` lines, and the rest.

    Raises
    ------
    DataError
        If what stands between the lines is no YAML mapping.
    """
    found = _FENCE.match(text)
    if found is None:
        return {}, text
    import yaml

    try:
        stored = yaml.safe_load(found[1]) or {}
    except yaml.YAMLError as error:
        reason = str(error).replace("\n", " ")
        raise DataError(f"front matter is no YAML: {reason}; correct it") from error
    if not isinstance(stored, dict):
        raise DataError("front matter is no mapping; write lines 'key: value'")
    entries = {str(key).lower(): value for key, value in stored.items()}
    return {k: str(v) for k, v in entries.items() if v is not None}, text[found.end() :]


def metadata_of(
    source: str, stated: Mapping[str, str], *, pages_of: str = ""
) -> Metadata:
    """Return a document's metadata: what it states, else what its file's name says.

    Parameters
    ----------
    source : str
        Path below the source's root.
    stated : mapping of str to str
        From front matter or parser; keys that are no field of `Metadata` go to `extra`.
    pages_of : str
        Filing that the document is a part of, where it states none.

    Raises
    ------
    DataError
        If the stated fiscal year is no year.

    Examples
    --------
    >>> found = metadata_of("acme/fy2024-q3-earnings-call.json", {})
    >>> found.fiscal_year, found.period, found.form
    (2024, 'Q3', 'earnings call')
    """
    name = PurePosixPath(source).stem.lower()
    year, period = _YEAR.search(name), _PERIOD.search(name)
    form = next((title for key, title in _FORMS.items() if key in name), "")
    stated_year = stated.get("fiscal_year", year[1] if year else "")
    if stated_year and not re.fullmatch(r"(?:19|20)\d\d", stated_year):
        raise DataError(
            f"fiscal_year is {stated_year!r}; write four digits, such as 2024"
        )
    return Metadata(
        company=stated.get("company", ""),
        form=stated.get("form", form),
        fiscal_year=int(stated_year) if stated_year else None,
        period=stated.get("period", period[1] if period else "").upper(),
        date=stated.get("date", ""),
        source=source,
        filing=stated.get("filing", pages_of),
        extra={k: v for k, v in stated.items() if k not in (*_OWN, "title")},
    )
