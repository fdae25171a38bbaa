"""An encoder is read whole or refused."""

import pytest

from assay.errors import BundleError
from assay.retrieval.dense import read_encoder


def test_a_folder_without_an_encoder_is_refused(tmp_path):
    with pytest.raises(BundleError, match="cannot be read"):
        read_encoder(tmp_path, "fp32")
