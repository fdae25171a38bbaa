"""A version names the code and the lock that made it."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from assay.adapters.provenance import code_revision, library_versions, lock_digest
from assay.errors import ConfigError
from assay.settings import Settings


def test_the_revision_begins_with_the_commit():
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"],  # noqa: S607 # git of the machine
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert code_revision(Settings()).startswith(commit)


def test_an_image_names_its_revision_by_a_setting():
    assert code_revision(Settings(code_revision="v1.2.3")) == "v1.2.3"


def test_the_lock_is_digested_byte_by_byte(tmp_path):
    path = tmp_path / "lock.txt"
    path.write_bytes(b"numpy==2.4.6")
    expected = hashlib.sha256(b"numpy==2.4.6").hexdigest()
    assert lock_digest(Settings(lock=path)) == expected


def test_a_relative_lock_is_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(lock_digest(Settings(lock=Path("locks/dev.txt")))) == 64


def test_a_missing_lock_says_which_setting_to_change(tmp_path):
    with pytest.raises(ConfigError, match="ASSAY_LOCK"):
        lock_digest(Settings(lock=tmp_path / "absent"))


def test_the_libraries_are_those_installed():
    import numpy as np

    assert library_versions()["numpy"] == np.__version__
