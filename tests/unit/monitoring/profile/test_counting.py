"""Every form in which a column of categories comes counts alike."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from assay.monitoring.profile import category_counts

WORDS = ["rent", "own", "rent", None, "", "rent"]


@pytest.mark.parametrize(
    "values",
    [
        WORDS,
        pd.Series(WORDS, dtype=object),
        pd.Series(WORDS, dtype="category"),
        pd.Series(WORDS, dtype="string"),
        pa.array(WORDS),
        pa.chunked_array([WORDS[:3], WORDS[3:]]),
    ],
    ids=["list", "object", "category", "string", "arrow", "chunked"],
)
def test_every_form_of_a_column_counts_alike(values):
    counts, n_missing = category_counts(values)
    assert (counts, n_missing) == ({"rent": 3, "own": 1}, 2)


@pytest.mark.parametrize("dtype", [object, np.float64])
def test_code_numbers_count_under_their_text(dtype):
    counts, n_missing = category_counts(
        pd.Series([12.0, 24.0, 12.0, np.nan], dtype=dtype)
    )
    assert (counts, n_missing) == ({"12": 2, "24": 1}, 1)
