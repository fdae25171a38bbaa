"""Vectors kept by the digest of their text, so that nothing is encoded twice."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.retrieval.index.disk import text_digest, write_whole
from assay.retrieval.parts import Encode

Floats = NDArray[np.float32]

BATCH = 512
_MOST_SHARDS = 64


class EmbeddingCache:
    """Vectors of one encoder in a folder; a crash loses at most one batch.

    Parameters
    ----------
    folder : Path
        Of this encoder alone; is made when the first vector is kept.

    Notes
    -----
    Each batch is a file of its own, written whole. A file that is broken is passed over
    and its texts are encoded again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._row_of: dict[str, int] = {}
        self._vectors: Floats | None = None
        self._load()

    def __len__(self) -> int:
        return len(self._row_of)

    def encoded(
        self,
        texts: Sequence[str],
        encode: Encode,
        tell: Callable[[float], None] = lambda _: None,
    ) -> tuple[Floats, int]:
        """Return the vectors of texts, encoding only those that are not kept yet.

        Parameters
        ----------
        texts : sequence of str
            At least one; a text that occurs twice is encoded once.
        encode : callable
            Texts to unit vectors of shape (n_texts, n_dimensions).
        tell : callable
            Called with the share of the missing texts that is done.

        Returns
        -------
        ndarray of shape (n_texts, n_dimensions)
            In the order of `texts`.
        int
            Number of texts that were encoded.
        """
        keys = [text_digest(text) for text in texts]
        missing = {
            key: text
            for key, text in zip(keys, texts, strict=True)
            if key not in self._row_of
        }
        wanted = list(missing)
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            vectors = np.asarray(encode([missing[key] for key in batch]), np.float32)
            self._keep(batch, vectors)
            tell(min(1.0, (start + len(batch)) / len(wanted)))
        assert self._vectors is not None  # noqa: S101 # some text was kept or encoded
        return self._vectors[[self._row_of[key] for key in keys]], len(wanted)

    def compact(self) -> None:
        """Bring many files together in one; the others go once it is there."""
        shards = sorted(self._folder.glob("*.npz"))
        if len(shards) <= _MOST_SHARDS or self._vectors is None:
            return
        keys = sorted(self._row_of, key=self._row_of.__getitem__)
        whole = self._write(keys, self._vectors)
        for shard in shards:
            if shard != whole:
                shard.unlink(missing_ok=True)

    def _keep(self, keys: Sequence[str], vectors: Floats) -> None:
        self._write(keys, vectors)
        self._add(keys, vectors)

    def _add(self, keys: Sequence[str], vectors: Floats) -> None:
        known = 0 if self._vectors is None else len(self._vectors)
        self._row_of |= {key: known + row for row, key in enumerate(keys)}
        self._vectors = (
            vectors if self._vectors is None else np.concatenate([self._vectors, vectors])
        )

    def _write(self, keys: Sequence[str], vectors: Floats) -> Path:
        buffer = io.BytesIO()
        np.savez(buffer, keys=np.array(keys, dtype="S64"), vectors=vectors)
        name = hashlib.sha256("".join(keys).encode()).hexdigest()[:24]
        path = self._folder / f"{name}.npz"
        write_whole(path, buffer.getvalue())
        return path

    def _load(self) -> None:
        found: list[tuple[list[str], Floats]] = []
        for shard in sorted(self._folder.glob("*.npz")):
            try:
                with np.load(shard, allow_pickle=False) as stored:
                    keys, vectors = stored["keys"], stored["vectors"]
            except Exception:  # noqa: S112 # zip and numpy raise many kinds; the texts are encoded again
                continue
            if vectors.ndim == 2 and len(keys) == len(vectors):
                found.append(([bytes(key).decode() for key in keys], vectors))
        widths = {vectors.shape[1] for _, vectors in found}
        if len(widths) != 1:
            return
        self._vectors = np.concatenate([vectors for _, vectors in found])
        every = [key for keys, _ in found for key in keys]
        self._row_of = {key: row for row, key in enumerate(every)}
