"""The sections that the model card and the validation report are made of."""

from __future__ import annotations

from collections.abc import Iterable

from assay.pages import Grid, Row, Section
from assay.promotion.evidence import Group, PromotionEvidence
from assay.promotion.report.parts import Case, figure, short


def purpose(case: Case) -> Section:
    """Return what the version decides, for whom, and on which inputs."""
    contract = case.contract
    costs, rule = contract.decision.costs, contract.decision
    protected = ", ".join(f.name for f in contract.with_role("protected")) or "none"
    return Section(
        title="Purpose",
        paragraphs=(contract.purpose,),
        bullets=(
            f"Owner: {contract.owner}.",
            f"Decision: {rule.name}; {rule.positive_action} at or above the threshold "
            f"{case.challenger.manifest.threshold:.4f}, else {rule.negative_action}.",
            f"Costs in {costs.unit}: {costs.false_positive:g} for a good case with the "
            f"adverse action, {costs.false_negative:g} for a bad case without it.",
            f"Protected fields, kept for comparison and not used by the model: "
            f"{protected}.",
            f"From contract {short(contract.digest)}, revision {contract.revision}.",
        ),
    )


def lineage(case: Case) -> Section:
    """Return the rows, the parameters and the digests of everything that was used."""
    manifest, bundle = case.challenger.manifest, short(case.challenger.digest)
    rows = [(f"rows, {use}", f"{n:,}", bundle) for use, n in manifest.n_rows.items()]
    rows += [
        (f"parameter {name}", f"{value}", bundle)
        for name, value in manifest.parameters.items()
    ]
    rows += [
        ("algorithm", manifest.algorithm, bundle),
        ("seed", f"{manifest.seed}", bundle),
    ]
    digests = (
        ("bundle", case.challenger.digest),
        ("snapshot", manifest.snapshot_digest),
        ("contract of the version", manifest.contract_digest),
        ("contract of the gate", case.contract.digest),
        ("code revision", manifest.code_revision),
        ("lock", manifest.lock_digest),
        ("evidence", case.evidence_digest),
    )
    return Section(
        title="Data and lineage",
        grids=(
            Grid(("what", "value", "from"), tuple(rows)),
            Grid(("what", "digest"), digests, "Made from"),
            _origins(case.evidence),
        ),
    )


def _origins(evidence: PromotionEvidence) -> Grid:
    """Return what each digest in the column "from" stands for."""
    sections: dict[str, list[str]] = {}
    for section, origin in evidence.origins.items():
        sections.setdefault(origin.digest, []).append(section)
    by_digest = {origin.digest: origin for origin in evidence.origins.values()}
    rows = tuple(
        (
            short(digest),
            ", ".join(names),
            ", ".join(
                f"{name} {short(value)}"
                for name, value in sorted(by_digest[digest].inputs.items())
            ),
        )
        for digest, names in sections.items()
    )
    return Grid(("from", "figures", "computed from"), rows, "Where each figure came from")


def performance(case: Case) -> Section:
    """Return every metric, and the difference to the champion where there is one."""
    evidence, unit = case.evidence, case.contract.decision.costs.unit
    against, origin = evidence.has_champion, evidence.origin("metrics")
    rows: list[Row] = []
    for name, found in evidence.metrics.items():
        named = f"{name} ({unit})" if name == "cost" else name
        gains = (figure(evidence.improvements.get(name), "+"),) if against else ()
        rows.append((named, figure(found), *gains, _both(evidence, origin)))
    saved = f"cost saved against a constant decision ({unit})"
    empty = ("",) if against else ()
    rows.append((saved, figure(evidence.cost_saved), *empty, origin))
    columns = ("metric", "challenger", *(("less champion, paired",) if against else ()))
    grids = [Grid((*columns, "from"), tuple(rows), "On the holdout, 95 % intervals")]
    if against:
        versus = evidence.origin("improvements")
        gain = figure(evidence.auc_gain_delong, "+")
        extra = (
            ("AUC gain by DeLong's method", gain, versus),
            (
                "PSI of scores at the same outcomes, nats",
                figure(evidence.score_shift),
                versus,
            ),
        )
        grids.append(Grid(("against the champion", "figure", "from"), extra))
    return Section(
        title="Performance",
        paragraphs=(evidence.note,) if evidence.note else (),
        grids=tuple(grids),
        pictures=case.chosen("roc", "calibration", "scores"),
    )


def slices(case: Case) -> Section:
    """Return the groups of every declared field, and the months."""
    evidence = case.evidence
    grids = [_groups(evidence.slices, evidence.origin("slices"), "Groups")]
    if evidence.months:
        grids.append(_groups(evidence.months, evidence.origin("months"), "Months"))
    gate = case.contract.gates.slices
    return Section(
        title="Slices and months",
        paragraphs=(
            f"Judged are groups of at least {gate.min_rows} rows with at least "
            f"{gate.min_positives} bad outcomes.",
        ),
        grids=tuple(grids),
        pictures=case.chosen("slices", "months"),
    )


def fairness(case: Case) -> Section:
    """Return disparities, proxies and the trade-off of cost and approval ratio."""
    evidence, gate = case.evidence, case.contract.gates.fairness
    references = sorted({f"{each.field}: {each.reference}" for each in evidence.fairness})
    return Section(
        title="Fairness",
        paragraphs=(
            f"Policy profile: {gate.profile}. Groups are compared with the one that is "
            f"approved most ({'; '.join(references) or 'none'}). Differences in approval "
            "may follow differences in risk.",
        ),
        grids=(_disparities(evidence), _proxies(evidence), _trade_off(case)),
        pictures=case.chosen("trade_off", "approval"),
    )


def _disparities(evidence: PromotionEvidence) -> Grid:
    rows = tuple(
        (
            f"{each.field} = {each.group}",
            f"{each.n_rows:,}",
            figure(each.approval_share),
            figure(each.approval_ratio),
            figure(each.equal_opportunity),
            figure(each.equalised_odds),
            evidence.origin("fairness"),
        )
        for each in evidence.fairness
    )
    header = ("group", "rows", "approval share", "approval ratio")
    errors = ("equal opportunity", "equalised odds", "from")
    return Grid((*header, *errors), rows, "Disparities")


def _proxies(evidence: PromotionEvidence) -> Grid:
    rows = tuple(
        (
            f"{each.field} = {each.group}",
            figure(each.inputs_auc),
            figure(each.score_auc),
            evidence.origin("proxies"),
        )
        for each in evidence.proxies
    )
    header = ("group", "AUC from the inputs", "AUC from the score", "from")
    caption = "Can the inputs, or the score, predict the group? 0.5 is chance"
    return Grid(header, rows, caption)


def _trade_off(case: Case) -> Grid:
    evidence, unit = case.evidence, case.contract.decision.costs.unit
    rows = tuple(
        (
            each.field,
            each.change,
            figure(each.cost),
            figure(each.extra_cost, "+"),
            figure(each.smallest_ratio),
            figure(each.ratio_gain, "+"),
            evidence.origin("alternatives"),
        )
        for each in evidence.alternatives
    )
    header = ("field", "alternative", "cost", "extra cost", "smallest ratio", "gain")
    caption = f"Cost ({unit}) against the smallest approval ratio"
    return Grid((*header, "from"), rows, caption)


def _groups(groups: Iterable[Group], origin: str, caption: str) -> Grid:
    rows = tuple(
        (
            f"{each.field} = {each.name}",
            f"{each.n_rows:,}",
            f"{each.n_positives:,}",
            figure(each.auc),
            figure(each.bad_share),
            f"{each.mean_probability:.4f}",
            origin,
        )
        for each in groups
    )
    header = ("group", "rows", "bad", "AUC", "bad share", "mean probability", "from")
    return Grid(header, rows, caption)


def _both(evidence: PromotionEvidence, origin: str) -> str:
    if not evidence.has_champion:
        return origin
    return f"{origin}, {evidence.origin('improvements') or 'nowhere'}"
