"""Score rows with a bundle's graph: one thread, no data library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from assay.bundle.apart import SessionApart
from assay.bundle.feeds import Feeds, graph_feeds
from assay.bundle.session import open_session
from assay.bundle.tokens import TextReader, TextTokens, Tokens, tolerance_of
from assay.contract.field import Field
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
        An ONNX model with one input a feature and the output ``probability``. The
        input of a free text is its tokens; their tokenizer is in the graph's metadata.
    contract : Contract
        The contract that names the features.
    session : SessionApart, optional
        What runs the graph; None opens it in this process.

    Raises
    ------
    BundleError
        If the graph does not load or its inputs are not the contract's features.
    """

    def __init__(
        self, graph: bytes, contract: Contract, session: SessionApart | None = None
    ) -> None:
        try:
            self._session: Any = open_session(graph) if session is None else session
        except Exception as error:  # its exceptions share no base class
            raise BundleError(f"the graph does not load: {error}") from error
        self._contract = contract
        _check_signature(self._session, contract)
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.tolerance = tolerance_of(metadata)
        reads = contract.free_text is not None
        self._reader = TextReader.of(metadata) if reads else None

    @classmethod
    def of(cls, bundle: Bundle, session: SessionApart | None = None) -> Scorer:
        """Return the scorer of a bundle, with its golden rows scored and compared.

        Raises
        ------
        BundleError
            If a golden row's probability is not the recorded one to `tolerance`:
            1e-12, or 1e-4 for a graph that computes in float32.
        """
        scorer = cls(bundle.graph, bundle.contract, session)
        names = [field.name for field in bundle.contract.features]
        rows = bundle.golden.rows
        columns = {name: [row.get(name) for row in rows] for name in names}
        expected = np.asarray(bundle.golden.probabilities)
        difference = np.abs(scorer.probabilities(columns) - expected)
        n_wrong = int(np.count_nonzero(~(difference <= scorer.tolerance)))
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
        """Return the probability of label 1 for prepared inputs, shape (n_rows,).

        Texts are read one at a time: side by side they would be filled up to the longest,
        and the last bits of an answer would depend on its neighbours.
        """
        if self._reader is not None:
            ((name, texts),) = feeds.items()
            tokens = map(self._reader.tokens, texts)
            found = [self._session.run([OUTPUT], {name: each})[0] for each in tokens]
            return np.concatenate([np.zeros(0), *found])
        return np.asarray(self._session.run([OUTPUT], feeds)[0], dtype=np.float64)

    def read(self, text: str) -> TextTokens:
        """Return a text as the graph takes it.

        Raises
        ------
        BundleError
            If the graph reads no text.
        """
        if self._reader is None:
            raise BundleError("the graph reads no text")
        return self._reader.read(text)

    def probability_of_tokens(self, tokens: Tokens) -> float:
        """Return the probability of label 1 for the tokens of a text, (1, n_tokens)."""
        (name,) = (node.name for node in self._session.get_inputs())
        return float(self._session.run([OUTPUT], {name: tokens})[0][0])


def _input_type(field: Field) -> str:
    if field.is_free_text:
        return "tensor(int64)"
    return "tensor(string)" if field.has_text_categories else "tensor(double)"


def _check_signature(session: Any, contract: Contract) -> None:  # noqa: ANN401 # untyped
    found = {node.name: node.type for node in session.get_inputs()}
    asked = {field.name: _input_type(field) for field in contract.features}
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
