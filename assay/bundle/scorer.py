"""Score rows with a bundle's graph: one thread, no data library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from assay.bundle.feeds import Feeds, graph_feeds
from assay.contract.model import Contract
from assay.errors import BundleError

if TYPE_CHECKING:
    from assay.bundle.folder import Bundle

OUTPUT = "probability"


class Scorer:
    """A loaded graph and the contract that its inputs follow.

    Parameters
    ----------
    graph : bytes
        An ONNX model with one input a feature and the output ``probability``.
    contract : Contract
        The contract that names the features.

    Raises
    ------
    BundleError
        If the graph does not load or its inputs are not the contract's features.
    """

    def __init__(self, graph: bytes, contract: Contract) -> None:
        import onnxruntime  # 0.3 s that callers without a graph save

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = False  # it keeps what the largest batch took
        try:
            self._session = onnxruntime.InferenceSession(
                graph, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exceptions share no base class
            raise BundleError(f"the graph does not load: {error}") from error
        self._contract = contract
        _check_signature(self._session, contract)

    @classmethod
    def of(cls, bundle: Bundle) -> Scorer:
        """Return the scorer of a bundle, with its golden rows scored and compared.

        Raises
        ------
        BundleError
            If a golden row's probability is not the recorded one to 1e-12.
        """
        scorer = cls(bundle.graph, bundle.contract)
        names = [field.name for field in bundle.contract.features]
        rows = bundle.golden.rows
        columns = {name: [row.get(name) for row in rows] for name in names}
        expected = np.asarray(bundle.golden.probabilities)
        difference = np.abs(scorer.probabilities(columns) - expected)
        n_wrong = int(np.count_nonzero(~(difference <= 1e-12)))
        if n_wrong:
            raise BundleError(
                f"{n_wrong} of {len(rows)} golden rows score otherwise than recorded, "
                f"by up to {np.max(difference):.3g}; this machine would not decide as "
                "the version was approved: do not serve it"
            )
        return scorer

    def probabilities(self, columns: Mapping[str, Sequence[Any]]) -> NDArray[np.float64]:
        """Return the probability of label 1 for rows given by column, shape (n_rows,).

        Raises
        ------
        BundleError
            If the graph gives a row no probability.
        """
        found = self.from_feeds(graph_feeds(self._contract, columns))
        n_without = int(np.count_nonzero(~((found >= 0) & (found <= 1))))
        if n_without:
            raise BundleError(
                f"the graph gives {n_without} of {len(found)} rows no probability in "
                "[0, 1]; do not serve this version"
            )
        return found

    def from_feeds(self, feeds: Feeds) -> NDArray[np.float64]:
        """Return the probability of label 1 for prepared inputs, shape (n_rows,)."""
        return np.asarray(self._session.run([OUTPUT], feeds)[0], dtype=np.float64)


def _check_signature(session: Any, contract: Contract) -> None:  # noqa: ANN401 # untyped
    found = {node.name: node.type for node in session.get_inputs()}
    asked = {
        field.name: "tensor(string)" if field.has_text_categories else "tensor(double)"
        for field in contract.features
    }
    wrong = sorted(
        name for name in found.keys() | asked.keys() if found.get(name) != asked.get(name)
    )
    if wrong:
        raise BundleError(
            f"{len(wrong)} inputs of the graph are not the contract's features: "
            + ", ".join(
                f"{name} is {found.get(name, 'absent')}, expected "
                f"{asked.get(name, 'none')}"
                for name in wrong[:5]
            )
        )
    outputs = {node.name: node.type for node in session.get_outputs()}
    if outputs != {OUTPUT: "tensor(double)"}:
        raise BundleError(
            f"the graph's outputs are {outputs}; expected one, {OUTPUT!r}, in float64"
        )
