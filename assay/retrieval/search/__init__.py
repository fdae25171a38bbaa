"""A question in, ranked passages and the gate's judgement out."""

from assay.retrieval.search.engine import (
    Defaults,
    Engine,
    Filters,
    Found,
    defaults_from,
    open_engine,
    ranked_documents,
    search,
    search_vector,
    shipped_defaults,
    stored_form,
)

__all__ = [
    "Defaults",
    "Engine",
    "Filters",
    "Found",
    "defaults_from",
    "open_engine",
    "ranked_documents",
    "search",
    "search_vector",
    "shipped_defaults",
    "stored_form",
]
