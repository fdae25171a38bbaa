"""Documents from files: parsers, metadata, and the masking of personal data."""

from assay.retrieval.documents.privacy import PrivacyPolicy, masked
from assay.retrieval.documents.reading import Corpus, read_document, read_documents

__all__ = ["Corpus", "PrivacyPolicy", "masked", "read_document", "read_documents"]
