"""Weights by their name on a hub: pinned, from the cache, never by themselves online."""

import shutil

import pytest
from huggingface_hub import constants

from assay.encoders.encoder import EncoderClassifier, encoder_folder
from assay.encoders.hub import HubName
from assay.errors import ConfigError, DataError
from tests.texts import notes, small_encoder

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Return an empty cache, for a hub that nobody answers for."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    return tmp_path / "cache"


def test_weights_in_the_cache_are_read_under_their_name_without_a_hub(cache, tmp_path):
    snapshot = cache / "models--some-house--small" / "snapshots" / COMMIT
    snapshot.parent.mkdir(parents=True)
    (tmp_path / "made").mkdir()
    shutil.copytree(small_encoder(tmp_path / "made"), snapshot)
    name = f"some-house/small@{COMMIT}"
    assert encoder_folder(name) == str(snapshot)
    frame = notes(60)
    matrix = frame["words said"].to_numpy(object).reshape(-1, 1)
    parameters = {"encoder": name, "passes": 2}
    fitted = EncoderClassifier(parameters).fit(matrix, frame["bad"].to_numpy(float))
    assert fitted.decision_function(matrix[:2]).shape == (2,)


@pytest.mark.usefixtures("cache")
def test_what_is_not_in_the_cache_is_not_fetched():
    with pytest.raises(DataError, match=r"0123456789ab is not on this machine"):
        encoder_folder(f"some-house/small@{COMMIT}")


@pytest.mark.parametrize("end", ["", "@main", "@0123456", f"@{COMMIT.upper()}"])
def test_a_name_without_its_commit_is_refused(end):
    with pytest.raises(ConfigError, match=r"needs the commit: some-house/small@"):
        HubName.of(f"some-house/small{end}")


@pytest.mark.parametrize("text", ["small", "/a/b", "a/b/c", "../b@", "new"])
def test_what_is_no_name_on_a_hub_is_none(text):
    assert HubName.of(text) is None
