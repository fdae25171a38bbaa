"""Text out of PDF files, page by page, with what the file says about itself."""

from __future__ import annotations

import logging
import re
from io import BytesIO
from typing import TYPE_CHECKING

from assay.errors import DataError
from assay.retrieval.documents.parsed import Parsed

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

MOST_PAGES = 5_000
_CUT_WORD = re.compile(r"([^\W\d_]+)[-\u00ad\u2010]\n([^\W\d_]+)")
_WORD = re.compile(r"[^\W\d_]+")
_LIGATURES = str.maketrans({
    "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl",
    "\u00a0": " ",
})  # fmt: skip


def parse_pdf(content: bytes) -> Parsed:
    """Return a PDF's text with its pages, title and document information.

    A page of pictures alone has no text and stays an empty page, so that the numbers of
    the pages after it are those that a reader sees.

    Parameters
    ----------
    content : bytes
        The file, at most `MOST_PAGES` pages.

    Raises
    ------
    DataError
        If it is no PDF, is damaged, needs a password, has too many pages, or none of its
        pages has text, as in a scan.
    """
    # Imported here, since a service that only answers never reads a PDF.
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        reader = pypdf.PdfReader(BytesIO(content))
        _refuse_locked(reader)
        _refuse_long(reader)
        pages = _joined([_text(page) for page in reader.pages])
        stated = _information(reader)
    except DataError:
        raise
    except Exception as error:  # damaged bytes break the parser in any way
        raise DataError(
            f"damaged PDF: {error or type(error).__name__}; save it again from its source"
        ) from error
    if not any(page.strip() for page in pages):
        raise DataError(
            f"none of its {len(pages):,} pages has text, as in a scan; "
            "run it through text recognition first, for example 'ocrmypdf'"
        )
    return Parsed(pages, stated.pop("title", ""), stated, paged=True)


def _refuse_locked(reader: PdfReader) -> None:
    # Many filings are locked against changes with an empty password for reading.
    if reader.is_encrypted and not reader.decrypt(""):
        raise DataError("needs a password; save it without one, as 'qpdf --decrypt' does")


def _refuse_long(reader: PdfReader) -> None:
    n_pages = len(reader.pages)
    if n_pages > MOST_PAGES:
        raise DataError(f"{n_pages:,} pages; at most {MOST_PAGES:,}: split it")


def _text(page: PageObject) -> str:
    text = page.extract_text().translate(_LIGATURES)
    lines = (line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _joined(pages: list[str]) -> tuple[str, ...]:
    """Join words that a line's end cut in two, where the document has them whole.

    "long-" at the end of a line and "term" below it may be one word or two; how the
    document writes it elsewhere tells.
    """
    words = {word.lower() for page in pages for word in _WORD.findall(page)}

    def join(cut: re.Match[str]) -> str:
        whole = cut[1] + cut[2]
        return f"{whole}\n" if whole.lower() in words else cut[0]

    return tuple(_CUT_WORD.sub(join, page) for page in pages)


def _information(reader: PdfReader) -> dict[str, str]:
    stated = {}
    for key, value in (reader.metadata or {}).items():
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(key).lstrip("/")).lower()
        if isinstance(value, str) and value.strip():
            stated[name.replace("-", "_").replace(" ", "_")] = str(value).strip()
    # The day on which the file was made is not the day of publication.
    for of_the_program in ("producer", "creator", "creation_date", "mod_date", "trapped"):
        stated.pop(of_the_program, None)
    return stated
