"""What was decided on one row, as bytes for its caller and as bytes for the ledger.

Both are put together from parts that a version has ready; `assay.ledger.entry_bytes` and
a JSON library give the same bytes, which tests compare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Self, TypeAlias

import orjson

from assay.bundle import Bundle
from assay.contract import Contract, Field
from assay.reasons.explainer import UNSEEN

Role: TypeAlias = Literal["champion", "canary", "substitute", "shadow"]
"""As what a version decided; a substitute is a champion whose canary failed."""
_SORTED = orjson.OPT_SORT_KEYS


class Decision(NamedTuple):
    """One decision.

    Attributes
    ----------
    inputs : mapping
        The row as it was sent.
    features : mapping
        What was scored, missing as None; empty where no record is kept.
    probability : float
        Calibrated probability of label 1.
    is_adverse : bool
        Whether it is at or above the threshold.
    reasons : tuple of (str, str) or None
        Field and text, the weightiest first; None where none are given.
    spans : tuple of (int, int)
        Of a version that reads a text: what of it each reason means, as characters.
    """

    inputs: Mapping[str, Any]
    features: Mapping[str, Any]
    probability: float
    is_adverse: bool
    reasons: tuple[tuple[str, str], ...] | None
    spans: tuple[tuple[int, int], ...] = ()


class Forms(NamedTuple):
    """The parts of answers and records that are the same for all of one version."""

    answer_head: bytes
    answer_middle: bytes
    record_head: bytes
    record_middle: bytes
    record_end: bytes
    actions: Mapping[bool, bytes]
    identifier: Field | None
    event_time: Field | None
    row_end: bytes

    @classmethod
    def of(
        cls, model_name: str, version: str, bundle: Bundle, role: Role = "champion"
    ) -> Self:
        """Return the forms of a version in a role."""
        told = "canary" if role == "canary" else "champion"
        contract, digest = bundle.contract, bundle.digest.encode()
        threshold = orjson.dumps(bundle.manifest.threshold)
        model, named = orjson.dumps(model_name), orjson.dumps(version)
        rule = contract.decision
        return cls(
            answer_head=b'{"model":%b,"version":%b,"bundle_digest":"%b","role":"%b",'
            b'"request_id":' % (model, named, digest, told.encode()),
            answer_middle=b',"threshold":%b' % threshold,
            record_head=b'{"bundle_digest":"%b","decision":' % digest,
            record_middle=b',"model":%b,"policy":"","probability":' % model,
            record_end=b',"role":"%b","shadow":{},"threshold":%b,"version":%b}'
            % (role.encode(), threshold, named),
            actions={
                True: orjson.dumps(rule.positive_action),
                False: orjson.dumps(rule.negative_action),
            },
            identifier=contract.identifier,
            event_time=contract.event_time,
            row_end=b',"version":%b,"bundle_digest":"%b","role":"%b","threshold":%b'
            % (named, digest, told.encode(), threshold),
        )

    def answer(self, decision: Decision, request_id: str) -> bytes:
        """Return the body of the answer to one row."""
        return b'%b"%b"%b,%b}' % (
            self.answer_head,
            request_id.encode(),
            self.answer_middle,
            self.verdict(decision),
        )

    def batch_answer(
        self, decisions: Sequence[Decision], request_id: str, by: Sequence[Forms] = ()
    ) -> bytes:
        """Return the body of the answer to many rows.

        Parameters
        ----------
        decisions : sequence of Decision
            One a row.
        request_id : str
            Of the whole request.
        by : sequence of Forms
            Of whoever decided on each row, where it was not one version for all; what
            another one decided says so.
        """
        rows = [self.verdict(each) for each in decisions]
        for position, forms in enumerate(by):
            if forms is not self:
                rows[position] += forms.row_end
        scores = b",".join([b"{%b}" % row for row in rows])
        return b'%b"%b"%b,"scores":[%b]}' % (
            self.answer_head,
            request_id.encode(),
            self.answer_middle,
            scores,
        )

    def verdict(self, decision: Decision) -> bytes:
        """Return the members that a row has of its own, without braces."""
        parts = [
            b'"probability":%b,"decision":%b'
            % (orjson.dumps(decision.probability), self.actions[decision.is_adverse])
        ]
        for key, field in (
            (b"identifier", self.identifier),
            (b"event_time", self.event_time),
        ):
            given = None if field is None else decision.inputs.get(field.name)
            shown = b"null" if given is None else orjson.dumps(_as_given(given, field))
            parts.append(b'"%b":%b' % (key, shown))
        if decision.reasons is not None:
            told: list[dict[str, Any]]
            told = [{"field": f, "text": t} for f, t in decision.reasons]
            for reason, (start, end) in zip(told, decision.spans, strict=False):
                quote = str(decision.inputs[reason["field"]])[start:end]
                reason |= {"quote": quote, "start": start, "end": end}
            shown = orjson.dumps(told)
            parts.append(b'"reasons":%b' % shown)
        return b",".join(parts)

    def record(self, decision: Decision, request_id: str, latency_us: int) -> bytes:
        """Return the entry of one decision, canonical JSON.

        Its reasons are the fields: with the bundle that it names, they give the texts. Of
        a text they are ``field[start:end]``: with the inputs, they give the quotes.
        """
        return b"".join(
            (
                self.record_head,
                self.actions[decision.is_adverse],
                b',"features":',
                orjson.dumps(decision.features, option=_SORTED),
                b',"inputs":',
                orjson.dumps(decision.inputs, option=_SORTED),
                b',"kind":"decision","latency_us":%d' % latency_us,
                self.record_middle,
                orjson.dumps(decision.probability),
                b',"reasons":',
                orjson.dumps(_recorded(decision)),
                b',"request_id":"%b"' % request_id.encode(),
                self.record_end,
            )
        )


def _recorded(decision: Decision) -> list[str]:
    fields = [field for field, _ in decision.reasons or ()]
    if not decision.spans:
        return fields
    return [
        f"{field}[{start}:{end}]"
        for field, (start, end) in zip(fields, decision.spans, strict=True)
    ]


Names: TypeAlias = tuple[tuple[str, tuple[str, ...] | None], ...]


def feature_names(contract: Contract) -> Names:
    """Return the features' names, each with its words where it has words."""
    return tuple(
        (
            field.name,
            tuple(str(word) for word in field.categories)
            if field.has_text_categories
            else None,
        )
        for field in contract.features
    )


def scored_features(
    row: list[float], inputs: Mapping[str, Any], names: Names
) -> dict[str, Any]:
    """Return what a row of the design matrix says, by field, missing as None."""
    found: dict[str, Any] = {}
    for (name, words), value in zip(names, row, strict=True):
        if value != value:  # NaN differs from itself
            found[name] = None
        elif words is None:
            found[name] = value
        elif value == UNSEEN:
            found[name] = inputs[name].strip()
        else:
            found[name] = words[int(value)]
    return found


def _as_given(value: Any, field: Field | None) -> Any:  # noqa: ANN401 # any kind
    """Return an echoed value; a whole number may have been read as a float."""
    is_whole = field is not None and field.dtype == "integer"
    return int(value) if is_whole else value
