"""Disparities of the protected groups, and what would treat them closer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.contract import Field
from assay.evaluation.fairness import alternative_effect, disparities
from assay.examination.refit import Refit
from assay.examination.subject import Subject
from assay.promotion.evidence import Alternative, Disparity, Proxy

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

THRESHOLD_FACTORS = (0.7, 0.85, 1.15, 1.3, 1.5, 1.75, 2.0)
"""Other thresholds that are tried, as multiples of the version's."""

MOST_DROPPED = 3


def group_disparities(subject: Subject) -> tuple[Disparity, ...]:
    """Return each protected group's disparities on the holdout."""
    found = []
    for field in protected(subject):
        groups = subject.groups(field.name)
        if not groups:
            continue
        found += [
            Disparity(
                field=field.name,
                group=each.group,
                reference=each.reference,
                n_rows=each.n_rows,
                approval_share=each.approval_share,
                approval_ratio=each.approval_ratio,
                equal_opportunity=each.equal_opportunity,
                equalised_odds=each.equalised_odds,
            )
            for each in disparities(
                subject.labels,
                subject.approved,
                groups,
                rng=subject.stream(4),
                min_rows=subject.gates.gates.fairness.min_rows,
            )
        ]
    return tuple(found)


def alternatives(
    subject: Subject, proxies: Mapping[str, list[str]]
) -> tuple[Alternative, ...]:
    """Return other thresholds and other sets of inputs, with what each would change.

    Parameters
    ----------
    subject : Subject
        The version.
    proxies : mapping of str to list of str
        For each protected field the features that predict its groups, best first; the
        first three are left out, one at a time and together.
    """
    known: dict[frozenset[str], Floats] = {}
    found = []
    for field in protected(subject):
        least = subject.gates.gates.fairness.min_rows
        groups = [(n, m) for n, m in subject.groups(field.name) if m.sum() >= least]
        if len(groups) < 2:
            continue
        for change, approved in _others(subject, proxies.get(field.name, []), known):
            effect = alternative_effect(
                subject.labels,
                subject.approved,
                approved,
                groups,
                costs=subject.contract.decision.costs,
                rng=subject.stream(5),
            )
            if effect is not None:
                found.append(
                    Alternative(
                        field=field.name,
                        change=change,
                        cost=effect.cost,
                        smallest_ratio=effect.smallest_ratio,
                        extra_cost=effect.extra_cost,
                        ratio_gain=effect.ratio_gain,
                    )
                )
    return tuple(found)


def protected(subject: Subject) -> list[Field]:
    """Return the protected fields that have groups."""
    return [f for f in subject.gates.with_role("protected") if f.dtype != "text"]


def strongest(proxies: Mapping[str, Mapping[str, float]]) -> dict[str, list[str]]:
    """Return the features of each field by how well they predict a group, best first."""
    return {
        field: sorted(found, key=lambda name: (-found[name], name))
        for field, found in proxies.items()
    }


def named_groups(subject: Subject, field: Field) -> Iterator[tuple[str, Flags]]:
    """Yield the groups that are large enough to be predicted; of two only the first."""
    least = subject.gates.gates.fairness.min_rows
    groups = subject.groups(field.name)
    large = [
        (name, member)
        for name, member in groups
        if member.sum() >= least and (~member).sum() >= least
    ]
    yield from large[:1] if len(groups) == 2 else large


def no_proxy(field: Field) -> Proxy:
    """Return the entry of a field without a group that is large enough."""
    return Proxy(field.name, "any", 0, None, None)


def _others(
    subject: Subject, names: list[str], known: dict[frozenset[str], Floats]
) -> Iterator[tuple[str, Flags]]:
    for factor in THRESHOLD_FACTORS:
        threshold = min(0.99, subject.threshold * factor)
        yield f"threshold {threshold:.3f}", subject.probabilities < threshold
    few = names[:MOST_DROPPED]
    for dropped in (*([name] for name in few), few):
        left_out = frozenset(dropped)
        if not left_out or len(left_out) == len(subject.contract.features):
            continue
        if left_out not in known:
            known[left_out] = _without(subject, left_out)
        change = f"without {', '.join(dropped)}"
        yield change, known[left_out] < subject.threshold


def _without(subject: Subject, left_out: frozenset[str]) -> Floats:
    """Return the holdout's probabilities of a fit that lacks some inputs."""
    contract = subject.contract
    fields = tuple(field for field in contract.fields if field.name not in left_out)
    smaller = contract.model_copy(update={"fields": fields})
    refit = Refit.on(subject.frame, smaller, subject.recipe, subject.split)
    return refit.probabilities(subject.holdout)
