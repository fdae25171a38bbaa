"""A corpus of four documents and an encoder that counts what it is given."""

import numpy as np
import pytest

from assay.retrieval.documents import Corpus
from assay.retrieval.index import Encoding, build_version, promote_version


class CountingEncode:
    def __init__(self, encode, fail_at=0):
        self.encode, self.fail_at, self.n_calls, self.n_texts = encode, fail_at, 0, 0

    def __call__(self, texts):
        self.n_calls += 1
        if self.n_calls == self.fail_at:
            raise RuntimeError("the encoder died")
        self.n_texts += len(texts)
        return np.asarray(self.encode(texts))


@pytest.fixture
def counting(encode):
    return CountingEncode(encode)


@pytest.fixture
def corpus(documents):
    return Corpus(documents)


@pytest.fixture
def build(tmp_path, encode):
    def built(documents, *, passed=True, encoder=None, **arguments):
        encoding = Encoding("bag", encoder or encode)
        found = build_version(tmp_path, Corpus(tuple(documents)), encoding, **arguments)
        if passed:
            promote_version(tmp_path, found.manifest.version, {"passed": True})
        return found

    return built


@pytest.fixture
def encoder_of(encode):
    return lambda _name: encode
