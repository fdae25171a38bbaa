"""What every parser returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file's text as its parser read it.

    Attributes
    ----------
    pages : tuple of str
        The text, page by page; one page where the format has none.
    title : str
        Empty where the file names none.
    metadata : mapping of str to str
        What the file says about itself, keys lower case with underscores.
    paged : bool
        Whether the format has pages.
    """

    pages: tuple[str, ...]
    title: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    paged: bool = False
