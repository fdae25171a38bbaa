"""Where a result came from: code revision, lock digest, library versions."""

from __future__ import annotations

import hashlib
import shutil
import subprocess  # git is asked for the revision
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import ConfigError

if TYPE_CHECKING:
    from assay.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
_CODE = ("assay", "tasks", "flows")
_LIBRARIES = ("numpy", "onnx", "onnxruntime", "pandas", "scikit-learn", "scipy")


def code_revision(settings: Settings) -> str:
    """Return what names the code that runs.

    A clean checkout is named by its commit, a changed one by the commit and a digest
    of the sources (``<commit>+<digest>``), code without a checkout (an image) by the
    setting ``code_revision`` or else by the digest alone.
    """
    return settings.code_revision or _revision_of_sources()


@cache
def _revision_of_sources() -> str:
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return f"sources-{_sources_digest()}"
    clean = _git("status", "--porcelain", "--", *_CODE) == ""
    return commit if clean else f"{commit}+{_sources_digest()}"


def lock_digest(settings: Settings) -> str:
    """Return the SHA-256 of the lock that this environment was installed from.

    Raises
    ------
    ConfigError
        If the lock is not there: a version must name what it was made with.
    """
    path = settings.lock if settings.lock.is_absolute() else ROOT / settings.lock
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(
            f"cannot read the lock {path}: {error.strerror}; set ASSAY_LOCK to the "
            "file that this environment was installed from"
        ) from error


def library_versions(*more: str) -> dict[str, str]:
    """Return the versions of the libraries that shape a bundle, and of `more`."""
    return {name: metadata.version(name) for name in (*_LIBRARIES, *more)}


def _git(*arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    run = subprocess.run(  # noqa: S603 # fixed arguments
        [git, "-C", str(ROOT), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout.strip() if run.returncode == 0 else None


def _sources_digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(p for folder in _CODE for p in (ROOT / folder).rglob("*.py")):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
