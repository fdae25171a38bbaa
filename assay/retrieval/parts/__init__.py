"""What an index is made of: passages, postings, vectors, names of companies."""

from assay.retrieval.parts.assembly import (
    Encode,
    Places,
    SearchParts,
    assembled,
    build_parts,
    index_text,
    title_vectors,
)

__all__ = [
    "Encode",
    "Places",
    "SearchParts",
    "assembled",
    "build_parts",
    "index_text",
    "title_vectors",
]
