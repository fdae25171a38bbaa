"""The documentation page of a contract, for the people who must live with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assay.contract.field import Field
from assay.contract.model import HIGHER_IS_BETTER, Contract


def contract_page(contract: Contract) -> str:
    """Return a contract as a Markdown page: purpose, decision, gates and every field."""
    sections = [
        f"# {_plain(contract.name)}, revision {contract.revision}",
        _plain(contract.purpose),
        _summary(contract),
        "## Decision\n\n" + _decision(contract),
        "## Gates\n\n" + _gates(contract),
        "## Monitoring limits\n\n" + _limits(contract),
        "## Fields\n\n" + _fields(contract.fields),
        "## Reasons\n\n" + _reasons(contract.features),
        f"Digest of this contract: `{contract.digest}`",
    ]
    return "\n\n".join(sections) + "\n"


def _summary(contract: Contract) -> str:
    time, name = contract.event_time, contract.identifier
    days = contract.label.maturity_days
    return _table(
        ("", ""),
        [
            ("Owner", _plain(contract.owner)),
            ("Outcome", f"`{contract.label.field}`, known after {days:g} days"),
            ("Row is named by", f"`{name.name}`" if name else "nothing"),
            ("Row is dated by", f"`{time.name}`" if time else "nothing"),
            ("Features", str(len(contract.features))),
        ],
    )


def _decision(contract: Contract) -> str:
    rule, costs = contract.decision, contract.decision.costs
    table = _table(
        (f"Cost in {_plain(costs.unit)}", "turned out bad", "turned out good"),
        [
            (
                _plain(rule.positive_action),
                f"{costs.true_positive:g}",
                f"{costs.false_positive:g}",
            ),
            (
                _plain(rule.negative_action),
                f"{costs.false_negative:g}",
                f"{costs.true_negative:g}",
            ),
        ],
    )
    return (
        f"Decides whether to {_plain(rule.name)}: `{rule.positive_action}` at or above "
        f"the threshold, else `{rule.negative_action}`.\n\n{table}"
    )


def _gates(contract: Contract) -> str:
    gates = contract.gates
    rows = [
        (
            "Rows that may break the contract",
            f"at most {gates.max_quarantined_share:.2%}",
        ),
        ("Rows with a known outcome", f"at least {gates.min_rows}"),
        ("Bad outcomes among them", f"at least {gates.min_positives}"),
    ]
    rows += [
        (f"First champion, {m}", f"at {'least' if HIGHER_IS_BETTER[m] else 'most'} {v:g}")
        for m, v in gates.floors.items()
    ]
    rows += [
        (f"Challenger over champion, {m}", f"at least {v:+g} in the better direction")
        for m, v in gates.margins.items()
    ]
    deeper = [
        (f"`gates.{part}.{key}`", _value(value))
        for part in _PARTS
        for key, value in getattr(gates, part)
    ]
    more = _table(("Key", "Value"), deeper)
    return f"{_table(('What', 'Demand'), rows)}\n\n{more}"


_PARTS = ("calibration", "slices", "stress", "fairness", "leakage", "service")


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"`{_plain(str(each))}`" for each in value) or "none"
    return f"{value:g}" if isinstance(value, float) else _plain(str(value))


def _limits(contract: Contract) -> str:
    limits = contract.limits
    return _table(
        ("What", "Limit"),
        [
            ("Population stability index, nats", f"{limits.psi:g}"),
            ("Kolmogorov-Smirnov distance", f"{limits.ks:g}"),
            ("Requests outside the contract", f"{limits.out_of_contract_share:.2%}"),
            ("Rows in one request", f"{limits.batch_rows}"),
        ],
    )


def _fields(fields: Sequence[Field]) -> str:
    header = ("Field", "Role", "Type", "Unit", "Allowed", "Missing", "Meaning")
    return _table(
        header,
        [
            (
                f"`{field.name}`",
                field.role.replace("_", " "),
                field.dtype,
                _plain(field.unit),
                _allowed(field),
                "allowed" if field.nulls == "allow" else "refused",
                _plain(field.description),
            )
            for field in fields
        ],
    )


def _allowed(field: Field) -> str:
    if field.categories:
        listed = ", ".join(f"`{_plain(str(value))}`" for value in field.categories)
        return listed + (", or another" if field.unseen == "allow" else "")
    low, high = field.minimum, field.maximum
    if field.is_free_text:
        return f"at most {high:.15g} characters"
    if low is not None and high is not None:
        return f"{low:.15g} to {high:.15g}"
    if low is not None:
        return f"{low:.15g} or more"
    return f"{high:.15g} or less" if high is not None else "any"


def _reasons(features: Sequence[Field]) -> str:
    return _table(
        ("Field", "What an applicant reads when it weighed against them"),
        [(f"`{f.name}`", _plain(f.reason) or f"(`{f.name}`)") for f in features],
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(text: str) -> str:
    """Return text that neither ends a cell nor starts markup of its own."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ").strip()
