"""An index of a few documents whose gate lets the shipped rest be tried."""

from dataclasses import replace

import pytest

from assay.retrieval.documents import Corpus
from assay.retrieval.index import Encoding, build_version, open_version


@pytest.fixture
def opened(tmp_path, encode):
    def open_of(documents):
        built = build_version(tmp_path, Corpus(tuple(documents)), Encoding("bag", encode))
        index = open_version(tmp_path, built.manifest.version, lambda _name: encode)
        # The shipped gate knows a real encoder's cosines; here only the rest is tried.
        gate = replace(index.engine.gate, threshold=0.0)
        return replace(index, engine=replace(index.engine, gate=gate))

    return open_of


@pytest.fixture
def index(opened, documents):
    return opened(documents)
