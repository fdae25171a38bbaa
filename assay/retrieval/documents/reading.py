"""Files and folders of documents, read by the parser of each format."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from assay.errors import DataError, SourceError
from assay.retrieval.documents.front_matter import metadata_of, split_front_matter
from assay.retrieval.documents.markup import parse_html
from assay.retrieval.documents.parsed import Parsed
from assay.retrieval.documents.portable import parse_pdf
from assay.retrieval.documents.privacy import PrivacyPolicy, masked
from assay.retrieval.documents.transcripts import parse_transcript
from assay.retrieval.types import Document

LARGEST_FILE = 64 * 2**20
_BETWEEN_PAGES = "\n\n"
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
)
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t#]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Corpus:
    """All documents of a folder.

    Attributes
    ----------
    documents : tuple of Document
        In the order of their paths, which are their ids.
    masked : mapping of str to int
        How much personal data of each kind was masked.
    """

    documents: tuple[Document, ...]
    masked: Mapping[str, int] = field(default_factory=dict)


def read_documents(root: Path, policy: PrivacyPolicy | None = None) -> Corpus:
    """Read every document below a folder; names that begin with a dot are passed over.

    Raises
    ------
    SourceError
        If there is no such folder or a file cannot be read.
    DataError
        If a file is no document, or the folder has none. The message names every file
        that is wrong, what is wrong with it and what to do.
    """
    if not root.is_dir():
        raise SourceError(f"{root} is no folder; name the one that holds the documents")
    files = sorted(
        path
        for path in root.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
    )
    documents: list[Document] = []
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for path in files:
        try:
            document, found = read_document(path, root, policy)
        except DataError as error:
            wrong.append(str(error))
            continue
        documents.append(document)
        counts.update(found)
    if wrong:
        raise DataError("; ".join(wrong))
    if not documents:
        raise DataError(f"{root} holds no document; put {', '.join(PARSERS)} files there")
    return Corpus(tuple(documents), dict(counts))


def read_document(
    path: Path, root: Path, policy: PrivacyPolicy | None = None
) -> tuple[Document, dict[str, int]]:
    """Read one file; its path below `root` is the document's id.

    Returns
    -------
    Document
        Control characters removed, personal data masked; spans count this text.
    dict of str to int
        How much personal data of each kind was masked.
    """
    source = path.relative_to(root).as_posix()
    try:
        parsed = _parsed(path)
        metadata = metadata_of(source, parsed.metadata)
    except DataError as error:
        raise DataError(f"{source}: {error}") from error
    except OSError as error:
        raise SourceError(f"{source} cannot be read: {error.strerror}") from error
    policy = policy or PrivacyPolicy()
    counts: Counter[str] = Counter()

    def clean(text: str) -> str:
        text, found = masked(_CONTROL.sub("", text), policy)
        counts.update(found)
        return text

    pages = [clean(page) for page in parsed.pages]
    if not any(page.strip() for page in pages):
        raise DataError(f"{source}: no text; remove the file or give its text")
    heading = _HEADING.search(pages[0])
    title = clean(parsed.title) or (heading[1] if heading else path.stem)
    starts, at = [], 0
    for page in pages:
        starts.append(at)
        at += len(page) + len(_BETWEEN_PAGES)
    document = Document(
        document_id=source,
        title=title,
        text=_BETWEEN_PAGES.join(pages),
        metadata=metadata,
        pages=tuple(starts) if parsed.paged else (),
    )
    return document, dict(counts)


def _parsed(path: Path) -> Parsed:
    parse = PARSERS.get(path.suffix.lower())
    if parse is None:
        raise DataError(
            f"{path.suffix or 'no suffix'!r} is no known format; "
            f"convert it to one of {', '.join(PARSERS)}, or move it out of the folder"
        )
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise DataError(f"{size:,} bytes; at most {LARGEST_FILE:,}: split it")
    return parse(path.read_bytes())


def _of_text(parse: Callable[[str], Parsed]) -> Callable[[bytes], Parsed]:
    def parse_bytes(content: bytes) -> Parsed:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(
                f"no UTF-8 at byte {error.start}; save it as UTF-8"
            ) from error
        return parse(text.replace("\r\n", "\n").replace("\r", "\n"))

    return parse_bytes


def _parse_text(text: str) -> Parsed:
    stated, rest = split_front_matter(text)
    # Form feeds are what pdftotext and printers put between pages.
    pages = tuple(rest.rstrip("\f").split("\f"))
    return Parsed(pages, stated.get("title", ""), stated, paged=len(pages) > 1)


PARSERS: Mapping[str, Callable[[bytes], Parsed]] = {
    ".txt": _of_text(_parse_text),
    ".md": _of_text(_parse_text),
    ".html": _of_text(parse_html),
    ".htm": _of_text(parse_html),
    ".json": _of_text(parse_transcript),
    ".pdf": parse_pdf,
}
