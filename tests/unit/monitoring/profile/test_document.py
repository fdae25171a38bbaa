"""A reference goes to bytes and back, and a broken file is refused."""

import numpy as np
import pytest

from assay.errors import BundleError
from assay.monitoring.profile import (
    Reference,
    category_profile,
    map_profile,
    number_profile,
    profile_bytes,
    read_profile,
)


@pytest.fixture
def reference():
    rng = np.random.default_rng(3)
    return Reference(
        {
            "income": number_profile(np.append(rng.normal(size=500), np.nan)),
            "nothing": number_profile([np.nan] * 501),
            "housing": category_profile(["own", "rent"], {"own": 500}, 1),
        }
    )


def same(found, expected):
    assert list(found.columns) == list(expected.columns)
    for name, column in expected.columns.items():
        other = found.columns[name]
        assert type(other) is type(column)
        for part in column.__slots__:
            np.testing.assert_array_equal(getattr(other, part), getattr(column, part))


def test_a_reference_reads_back_as_it_was(reference):
    same(read_profile(profile_bytes(reference)), reference)


def test_the_same_reference_gives_the_same_bytes(reference):
    content = profile_bytes(reference)
    assert profile_bytes(read_profile(content)) == content


def test_a_mapped_file_gives_the_same_columns(reference, tmp_path):
    path = tmp_path / "profile.npz"
    path.write_bytes(profile_bytes(reference))
    mapped = map_profile(path)
    same(mapped, reference)
    assert isinstance(mapped.columns["income"].values, np.memmap)


@pytest.mark.parametrize("length", [0, 10, 800])
def test_a_cut_file_is_refused(reference, length, tmp_path):
    content = profile_bytes(reference)[:length]
    with pytest.raises(BundleError, match="does not read"):
        read_profile(content)
    (tmp_path / "cut.npz").write_bytes(content)
    with pytest.raises(BundleError, match="does not read"):
        map_profile(tmp_path / "cut.npz")
