"""Vectors of passages in a FAISS index: the nearest to a question, and any by row.

Until half a million passages every vector is read, in half precision: that is exact but
for the rounding, and twice as fast as single precision where memory is the limit. Beyond,
passages are put into cells of which a search reads the nearest few; how many is measured
on the index's own vectors, and where no number finds enough, every vector is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.errors import BundleError

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

WHOLE_UNTIL: Final = 500_000
LEAST_FOUND: Final = 0.99
"""Share of the nearest 100 that cells have to find, mean over the sample."""

_N_SAMPLE, _N_FOUND, _SEED = 200, 100, 0
_CELLS_READ: Final = (8, 16, 32, 64, 128, 256)
_TAUGHT_A_CELL: Final = 64
_FEW: Final = 5_000


class Nearest:
    """Unit vectors that can be searched by inner product.

    Parameters
    ----------
    index : faiss.Index
        Of inner products, that can give its vectors back by row.
    """

    def __init__(self, index: Any) -> None:  # noqa: ANN401 # FAISS has no types
        self._index = index

    @classmethod
    def of(cls, vectors: Floats, *, whole_until: int = WHOLE_UNTIL) -> Nearest:
        """Return an index of vectors of shape (n_vectors, n_dimensions).

        Parameters
        ----------
        vectors : ndarray
            Unit vectors.
        whole_until : int
            With more vectors than that, cells are tried.
        """
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        whole = _whole(vectors)
        if len(vectors) > whole_until:
            return cls(_in_cells(vectors, whole) or whole)
        return cls(whole)

    @classmethod
    def read(cls, path: Path) -> Nearest:
        """Open an index that `save` wrote; vectors stay on disk until used.

        Raises
        ------
        BundleError
            If the file is missing or is no index.
        """
        faiss = _faiss()
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise BundleError(
                f"vectors in {path.name} cannot be read: {error}"
            ) from error
        if hasattr(index, "nprobe"):
            index.make_direct_map()
        return cls(index)

    def save(self, path: Path) -> None:
        """Write the index to a file."""
        faiss = _faiss()
        faiss.write_index(self._index, str(path))

    def __len__(self) -> int:
        """Return the number of vectors."""
        return int(self._index.ntotal)

    @property
    def n_dimensions(self) -> int:
        """Length of a vector."""
        return int(self._index.d)

    @property
    def n_cells_read(self) -> int:
        """Cells that a search reads; 0 where it reads every vector."""
        return int(getattr(self._index, "nprobe", 0))

    def at(self, rows: Rows) -> Floats:
        """Return the vectors of rows, shape (n_rows, n_dimensions)."""
        if len(rows) == 0:
            return np.empty((0, self.n_dimensions), dtype=np.float32)
        rows = np.ascontiguousarray(rows, dtype=np.int64)
        return np.asarray(self._index.reconstruct_batch(rows))

    def search(
        self, vector: Floats, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[Rows, Floats]:
        """Return the rows nearest to a vector and their inner products, best first.

        Parameters
        ----------
        vector : ndarray of shape (n_dimensions,)
            The question.
        k : int
            At most so many.
        allowed : ndarray of bool of shape (n_vectors,), optional
            Rows to choose among; None lets all.
        """
        if allowed is not None and np.count_nonzero(allowed) <= max(k, _FEW):
            rows = np.flatnonzero(allowed)
            products = self.at(rows) @ vector
            order = np.argsort(-products, kind="stable")[:k]
            return rows[order], products[order]
        k = min(k, len(self))
        # One question is one thread's work; others would only spin beside it.
        _faiss().omp_set_num_threads(1)
        products, rows = self._index.search(
            vector[None], k, params=_choice(allowed, self.n_cells_read)
        )
        is_found = rows[0] >= 0
        return rows[0][is_found], products[0][is_found]


def _faiss() -> Any:  # noqa: ANN401 # its types know neither keywords nor subclasses
    """Return FAISS, imported when an index is first made or opened."""
    import faiss

    return faiss


def _choice(allowed: NDArray[np.bool_] | None, n_cells_read: int) -> Any:  # noqa: ANN401 # FAISS has no types
    if allowed is None:
        return None
    faiss = _faiss()
    bits = np.packbits(allowed, bitorder="little")
    chosen = faiss.IDSelectorBitmap(bits)
    if n_cells_read:
        return faiss.SearchParametersIVF(sel=chosen, nprobe=n_cells_read)
    return faiss.SearchParameters(sel=chosen)


def _whole(vectors: Floats) -> Any:  # noqa: ANN401 # FAISS has no types
    faiss = _faiss()
    index = faiss.IndexScalarQuantizer(
        vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    index.train(vectors)
    index.add(vectors)
    return index


def _in_cells(vectors: Floats, whole: Any) -> Any:  # noqa: ANN401 # FAISS has no types
    """Return an index of cells that finds enough, or None."""
    faiss = _faiss()
    n, n_dimensions = vectors.shape
    n_cells = max(1, round(4 * n**0.5))
    rng = np.random.default_rng(_SEED)
    taught = rng.choice(n, size=min(n, _TAUGHT_A_CELL * n_cells), replace=False)
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(n_dimensions), n_dimensions, n_cells,
        faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT,
    )  # fmt: skip
    index.cp.seed = _SEED
    index.cp.max_points_per_centroid = _TAUGHT_A_CELL
    index.train(vectors[np.sort(taught)])
    index.add(vectors)
    index.make_direct_map()
    asked = vectors[rng.choice(n, size=min(n, _N_SAMPLE), replace=False)]
    k = min(n, _N_FOUND)
    wanted = whole.search(asked, k)[1]
    for n_read in _CELLS_READ:
        if 2 * n_read > n_cells:
            break
        index.nprobe = n_read
        found = index.search(asked, k)[1]
        shares = [np.isin(a, b).mean() for a, b in zip(wanted, found, strict=True)]
        if np.mean(shares) >= LEAST_FOUND:
            return index
    return None
