"""Bundles on this machine's disk: fetched whole or not at all, kept for a restart."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assay.bundle import Bundle, Manifest, read_bundle
from assay.errors import BundleError
from serving.registry import Entry, Registry

LAST_GOOD = "last-good.json"
MOST_KEPT = 3
_MANIFEST = "manifest.json"
_UNFINISHED = ".fetch-"
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class BundleCache:
    """Folder of fetched bundles: ``<folder>/<model>/<digest>/``."""

    folder: Path

    def bundle(self, entry: Entry, registry: Registry) -> Bundle:
        """Return the bundle of a version, fetched if it is not here or was altered.

        Raises
        ------
        BundleError
            If what the registry delivers is not the bundle of that digest.
        SourceError
            If the registry does not deliver.
        """
        if not _DIGEST.fullmatch(entry.digest):
            raise BundleError(
                f"version {entry.version} of {entry.model_name!r} has the bundle digest "
                f"{entry.digest[:80]!r}, which is no SHA-256; register it again"
            )
        home = self.folder / entry.model_name / entry.digest
        if home.is_dir():
            with contextlib.suppress(BundleError):
                return read_bundle(home, entry.digest)
            shutil.rmtree(home)
        home.parent.mkdir(parents=True, exist_ok=True)
        with _unfinished(home.parent) as folder:
            _fetch(entry, registry, folder)
            read_bundle(folder, entry.digest)
            # Another worker may have been first; its folder is as good.
            with contextlib.suppress(OSError):
                folder.rename(home)
        return read_bundle(home, entry.digest)

    def remember(self, entry: Entry) -> None:
        """Note which version answers, for a start without the registry."""
        home, digest = self.folder / entry.model_name, entry.digest
        note = json.dumps(
            {"version": entry.version, "digest": digest, "signature": entry.signature}
        )
        handle, name = tempfile.mkstemp(prefix=_UNFINISHED, dir=home)
        with os.fdopen(handle, "w") as file:
            file.write(note)
        Path(name).replace(home / LAST_GOOD)
        kept = sorted(
            (path for path in home.iterdir() if _DIGEST.fullmatch(path.name)),
            key=lambda path: (path.name == digest, path.stat().st_mtime),
        )
        for path in kept[:-MOST_KEPT]:
            shutil.rmtree(path, ignore_errors=True)

    def last_good(self, model_name: str) -> tuple[Entry, Bundle] | None:
        """Return entry and bundle that answered last, or None where there is none.

        Raises
        ------
        BundleError
            If the note or the bundle was altered.
        """
        home = self.folder / model_name
        try:
            note = json.loads((home / LAST_GOOD).read_text())
            version, digest = str(note["version"]), str(note["digest"])
            signature = str(note.get("signature", ""))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BundleError(f"{home / LAST_GOOD} does not read: {error}") from error
        if not _DIGEST.fullmatch(digest):
            raise BundleError(f"{home / LAST_GOOD} names no digest; remove it")
        entry = Entry(model_name, version, digest, "", signature)
        return entry, read_bundle(home / digest, digest)

    def forget(self, model_name: str) -> None:
        """Drop the note, so that a version which was withdrawn stays withdrawn."""
        (self.folder / model_name / LAST_GOOD).unlink(missing_ok=True)

    def model_names(self) -> list[str]:
        """Return the models of which a version is kept, sorted."""
        return sorted(path.parent.name for path in self.folder.glob(f"*/{LAST_GOOD}"))


@contextlib.contextmanager
def _unfinished(parent: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fetch(entry: Entry, registry: Registry, folder: Path) -> None:
    """Fetch the manifest, then the files that it names."""
    registry.fetch(entry, _MANIFEST, folder / _MANIFEST)
    try:
        manifest = Manifest.model_validate_json((folder / _MANIFEST).read_bytes())
    except ValueError as error:
        raise BundleError(
            f"manifest of {entry.model_name!r} version {entry.version} is not valid: "
            f"{error}"
        ) from error
    odd = [name for name in manifest.files if Path(name).name != name]
    if odd:
        raise BundleError(f"the manifest names paths, not files: {', '.join(odd)}")
    for name in manifest.files:
        registry.fetch(entry, name, folder / name)
