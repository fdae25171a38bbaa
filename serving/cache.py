"""Bundles on this machine's disk: fetched whole or not at all, kept for a restart."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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

    def remember(self, champion: Entry, others: Sequence[Entry] = ()) -> None:
        """Note which versions are in use, for a start without the registry.

        Parameters
        ----------
        champion : Entry
            Who answers.
        others : sequence of Entry
            Who is tried or watched beside it.
        """
        home = self.folder / champion.model_name
        note = _noted(champion) | {"others": [_noted(each) for each in others]}
        handle, name = tempfile.mkstemp(prefix=_UNFINISHED, dir=home)
        with os.fdopen(handle, "w") as file:
            json.dump(note, file)
        Path(name).replace(home / LAST_GOOD)
        used = {each.digest for each in (champion, *others)}
        kept = sorted(
            (path for path in home.iterdir() if _DIGEST.fullmatch(path.name)),
            key=lambda path: (path.name in used, path.stat().st_mtime),
        )
        for path in kept[: -max(MOST_KEPT, len(used))]:
            shutil.rmtree(path, ignore_errors=True)

    def last_good(self, model_name: str) -> tuple[Entry, Bundle] | None:
        """Return entry and bundle that answered last, or None where there is none.

        Raises
        ------
        BundleError
            If the note or the bundle was altered.
        """
        noted = self.noted(model_name)
        return (noted[0], self.kept(noted[0])) if noted else None

    def kept(self, entry: Entry) -> Bundle:
        """Return a bundle that is here; `BundleError` if it is not, or was altered."""
        return read_bundle(self.folder / entry.model_name / entry.digest, entry.digest)

    def noted(self, model_name: str) -> list[Entry]:
        """Return the versions that were in use last, the champion first.

        Raises
        ------
        BundleError
            If the note was altered.
        """
        file = self.folder / model_name / LAST_GOOD
        try:
            note = json.loads(file.read_text())
            found = [
                Entry(
                    model_name,
                    str(each["version"]),
                    str(each["digest"]),
                    "",
                    str(each.get("signature", "")),
                )
                for each in (note, *note.get("others", ()))
            ]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BundleError(f"{file} does not read: {error}") from error
        if not all(_DIGEST.fullmatch(each.digest) for each in found):
            raise BundleError(f"{file} names no digest; remove it")
        return found

    def forget(self, model_name: str) -> None:
        """Drop the note, so that a version which was withdrawn stays withdrawn."""
        (self.folder / model_name / LAST_GOOD).unlink(missing_ok=True)

    def model_names(self) -> list[str]:
        """Return the models of which a version is kept, sorted."""
        return sorted(path.parent.name for path in self.folder.glob(f"*/{LAST_GOOD}"))


def _noted(entry: Entry) -> dict[str, Any]:
    return {
        "version": entry.version,
        "digest": entry.digest,
        "signature": entry.signature,
    }


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
