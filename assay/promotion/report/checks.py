"""The sections of the validation report alone: rules, stress, leakage, changes."""

from __future__ import annotations

from assay.pages import Grid, Row, Section
from assay.promotion.report.parts import Case, figure, short


def rules(case: Case) -> Section:
    """Return every rule with its verdict, failures first."""
    decision = case.decision
    rows = [
        (verdict, *_split(sentence))
        for verdict, sentences in (
            ("failed", decision.failures),
            ("kept", decision.passes),
            ("shown", decision.notes),
        )
        for sentence in sentences
    ]
    return Section(
        title="Rules of the gate",
        paragraphs=(
            f"{len(decision.failures)} failed, {len(decision.passes)} kept, "
            f"{len(decision.notes)} shown without a verdict. A rule reads the end of the "
            "95 % interval that speaks against the challenger; missing evidence fails.",
            *(f"Decided under policy {mark}." for mark in decision.policies),
        ),
        grids=(Grid(("verdict", "rule", "from"), tuple(rows)),),
    )


def stress(case: Case) -> Section:
    """Return what the version was strained with."""
    words = {
        "missing_refused": "missing, must be refused",
        "missing_loss": "missing: AUC lost",
        "out_of_range": "beyond its bounds, must be refused",
        "noise": "off by one unit: decisions flipped",
        "recession": "recession: AUC",
    }
    origin = case.evidence.origin("stress")
    rows = tuple(
        (
            words[each.kind],
            each.field,
            figure(each.found)
            if each.found
            else f"{each.n_refused} of {each.n_tried} refused",
            origin,
        )
        for each in case.evidence.stress
    )
    return Section(
        title="Stress tests", grids=(Grid(("test", "field", "found", "from"), rows),)
    )


def soundness(case: Case) -> Section:
    """Return leakage, parity, budget and reproduction."""
    evidence = case.evidence
    rows: list[Row] = []
    if (shuffled := evidence.shuffled) is not None:
        found = f"{shuffled.auc:.4f}, standard error {shuffled.standard_error:.4f}"
        rows.append(("AUC on shuffled labels", found, evidence.origin("leakage")))
    if (parity := evidence.parity) is not None:
        found = f"{parity.largest_difference:.1e} on {parity.n_rows:,} rows"
        rows.append(("graph against trainer", found, evidence.origin("parity")))
    if (service := evidence.service) is not None:
        origin = evidence.origin("service")
        latency = figure(service.latency_ms)
        rows.append(("99th percentile of a row, processor ms", latency, origin))
        rows.append(("size of the graph, bytes", f"{service.size_bytes:,}", origin))
    if (again := evidence.reproduction) is not None:
        found = f"{short(again.again) or 'nothing'} for {short(again.registered)}"
        rows.append(("second fit's digest", found, evidence.origin("reproduction")))
    ranked = sorted(evidence.feature_aucs.items(), key=lambda pair: -pair[1].value)
    alone = tuple(
        (name, figure(found), evidence.origin("leakage")) for name, found in ranked
    )
    return Section(
        title="Leakage, parity, budget, reproduction",
        grids=(
            Grid(("check", "found", "from"), tuple(rows)),
            Grid(("feature", "AUC alone", "from"), alone, "Each feature alone"),
        ),
    )


def changes(case: Case) -> Section:
    """Return what is otherwise than in the champion."""
    title = "What changed since the champion"
    if case.champion is None:
        return Section(title=title, paragraphs=("There is no champion to compare with.",))
    new, old = case.challenger, case.champion
    before = {field.name for field in old.contract.features}
    after = {field.name for field in new.contract.features}
    pairs = {
        "algorithm": (old.manifest.algorithm, new.manifest.algorithm),
        "threshold": (f"{old.manifest.threshold:.4f}", f"{new.manifest.threshold:.4f}"),
        "seed": (f"{old.manifest.seed}", f"{new.manifest.seed}"),
        "inputs left out": (", ".join(sorted(before - after)) or "none", "none"),
        "inputs added": ("none", ", ".join(sorted(after - before)) or "none"),
        "snapshot": tuple(short(b.manifest.snapshot_digest) for b in (old, new)),
        "contract": tuple(short(b.manifest.contract_digest) for b in (old, new)),
        "code revision": tuple(short(b.manifest.code_revision) for b in (old, new)),
        "lock": tuple(short(b.manifest.lock_digest) for b in (old, new)),
    }
    names = sorted(set(old.manifest.parameters) | set(new.manifest.parameters))
    for name in names:
        values = [b.manifest.parameters.get(name, "none") for b in (old, new)]
        pairs[f"parameter {name}"] = (f"{values[0]}", f"{values[1]}")
    for use in sorted(new.manifest.n_rows):
        counts = [b.manifest.n_rows.get(use, 0) for b in (old, new)]
        pairs[f"rows, {use}"] = (f"{counts[0]:,}", f"{counts[1]:,}")
    rows = tuple(
        (what, *both, "same" if both[0] == both[1] else "changed")
        for what, both in pairs.items()
    )
    columns = (
        "what",
        f"version {case.champion_version}, from {short(old.digest)}",
        f"version {case.version}, from {short(new.digest)}",
        "",
    )
    return Section(title=title, grids=(Grid(columns, rows),))


def limits(case: Case) -> Section:
    """Return where the conclusions end."""
    n_rows = case.challenger.manifest.n_rows.get("holdout", 0)
    maturity = case.contract.label.maturity_days
    bullets = [
        "Valid for inputs in order with the contract; others are refused.",
        f"The holdout has {n_rows:,} rows (from {short(case.challenger.digest)}); the "
        "intervals say what that allows to conclude, on data like it.",
        "Intervals are for each figure alone; many figures are shown, and some of their "
        "intervals miss what they estimate.",
        "A profile says what a policy asks to be measured; keeping its rules is no "
        "statement about any law.",
    ]
    if maturity > 0:
        bullets.append(
            f"Outcomes take {maturity:g} days to be known; newer rows were not judged."
        )
    if case.contract.event_time is None:
        bullets.append("Rows have no time: stability over time is not known.")
    return Section(title="Limits", bullets=tuple(bullets))


def _split(sentence: str) -> tuple[str, str]:
    rule, _, origin = sentence.rpartition("; from ")
    return (rule, origin) if rule else (sentence, "")
