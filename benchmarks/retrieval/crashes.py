"""A build that fails at its k-th call to the disk, for every k, and what then answers."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assay.retrieval.documents import Corpus
from assay.retrieval.index import (
    Encoding,
    build_version,
    current_version,
    open_current,
    promote_version,
)
from assay.retrieval.parts import Encode
from assay.retrieval.search import search
from assay.retrieval.types import Document

_CALLS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree")


class FailingDisk:
    """Counts calls to the disk below a folder, and lets the k-th one fail."""

    def __init__(self) -> None:
        self.below, self.fail_at, self.n_calls = "", 0, 0
        sys.addaudithook(self)  # stays for the life of the process

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        """Fail if this is the call that is to fail."""
        if not self.below or event not in _CALLS:
            return
        if not str(arguments[0]).startswith(self.below):
            return
        self.n_calls += 1
        if self.n_calls == self.fail_at:
            raise OSError(f"call {self.fail_at} of the build fails: {event}")

    def watch(self, folder: Path | None, fail_at: int = 0) -> None:
        """Count from one below a folder; None ends the watch."""
        self.below, self.fail_at, self.n_calls = str(folder or ""), fail_at, 0


@dataclass(frozen=True, slots=True)
class Sweep:
    """What answered after each of the failures."""

    n_calls: int
    n_old: int
    n_new: int
    n_broken: int
    n_rebuilt: int


def crash_sweep(documents: Sequence[Document], encode: Encode) -> Sweep:
    """Update an index of documents once for every call to the disk, failing there."""
    disk, encoding = FailingDisk(), Encoding("quick", encode)
    changed = [replace(documents[0], text="New words only."), *documents[1:]]
    question = "New words only"

    def update(root: Path, found: Sequence[Document]) -> str:
        made = build_version(root, Corpus(tuple(found)), encoding)
        promote_version(root, made.manifest.version, {"passed": True})
        return made.manifest.version

    def answers(root: Path) -> tuple[str, tuple[float, ...]]:
        index, _ = open_current(root, lambda _: encode)
        hits = search(index.engine, question).hits
        return index.version, tuple(hit.score for hit in hits)

    with tempfile.TemporaryDirectory() as folder:
        base, root = Path(folder) / "base", Path(folder) / "root"
        update(base, documents)
        old = answers(base)
        shutil.copytree(base, root)
        disk.watch(root)
        update(root, changed)
        n_calls = disk.n_calls
        disk.watch(None)
        new = answers(root)
        found = []
        for fail_at in range(1, n_calls + 1):
            shutil.rmtree(root)
            shutil.copytree(base, root)
            disk.watch(root, fail_at)
            with contextlib.suppress(Exception):
                update(root, changed)
            disk.watch(None)
            after = answers(root)
            update(root, changed)
            rebuilt = current_version(root) == new[0] and answers(root) == new
            found.append((after == old, after == new, rebuilt))
    return Sweep(
        n_calls=n_calls,
        n_old=sum(one[0] for one in found),
        n_new=sum(one[1] for one in found),
        n_broken=sum(not one[0] and not one[1] for one in found),
        n_rebuilt=sum(one[2] for one in found),
    )
