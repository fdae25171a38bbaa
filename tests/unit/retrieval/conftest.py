"""A few invented documents and an encoder that needs no model."""

import zlib

import numpy as np
import pytest

from assay.retrieval.parts import build_parts
from assay.retrieval.types import Document, Metadata
from assay.retrieval.words.tokens import terms

TEXTS = {
    "northwind-2022": (
        "Northwind Bank 2022 annual report",
        "Northwind Bank",
        2022,
        "Net interest income rose 4.2% to $1,452.4 million in 2022. "
        "The branch network shrank to 310 offices. "
        "Card fees were $88.1 million.",
    ),
    "northwind-2021": (
        "Northwind Bank 2021 annual report",
        "Northwind Bank",
        2021,
        "Net interest income was $1,393.9 million in 2021. The bank ran 342 offices.",
    ),
    "adler-2022": (
        "Adler AG 2022 annual report",
        "Adler AG",
        2022,
        "Net interest income of the leasing arm was $12.0 million in 2022. "
        "Adler builds excavators in Kassel.",
    ),
    "weather": (
        "Weather notes",
        "",
        None,
        "Rain fell for nine days in the harbour town.",
    ),
}


def bag_of_stems(texts):
    """Return unit vectors whose cosine is the overlap of the texts' stems."""
    vectors = np.full((len(texts), 64), 1e-3, dtype=np.float32)
    for row, text in enumerate(texts):
        for term in terms(text):
            vectors[row, zlib.crc32(term.encode()) % 64] += 1
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="session")
def encode():
    return bag_of_stems


@pytest.fixture(scope="session")
def documents():
    return tuple(
        Document(name, title, text, Metadata(company=company, fiscal_year=year))
        for name, (title, company, year, text) in TEXTS.items()
    )


@pytest.fixture(scope="session")
def parts(documents, encode):
    return build_parts(documents, encode)
