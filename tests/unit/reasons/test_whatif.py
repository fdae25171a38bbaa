"""What-if: the nearest change, against every change there is."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from assay.errors import DataError
from assay.features import design_matrix
from assay.models.estimators import log_odds_of_matrix
from assay.reasons.bounds import EnsembleBounds
from assay.reasons.candidates import candidates_of, movable_features
from assay.reasons.whatif import WhatIfSearch
from tasks.reasons import explainer_of

MOVABLE = ("amount", "n_events")


@pytest.fixture(scope="module")
def version(boosted, frame, contract):
    """Return the model, a way to ask it, and its adverse rows as plain values."""
    explainer = explainer_of(boosted, frame)

    def probability(row):
        log_odds = log_odds_of_matrix(boosted.pipeline, explainer.matrix([row]))
        return float(boosted.calibrator.probabilities(log_odds)[0])

    names = [field.name for field in contract.features]
    rows = frame[names].astype(object).where(frame[names].notna(), None)
    plain = rows.head(400).to_dict("records")
    threshold = float(np.quantile([probability(row) for row in plain], 0.7))
    adverse = [row for row in plain if probability(row) >= threshold]
    search = WhatIfSearch(explainer, contract, threshold, probability)
    return explainer, probability, threshold, adverse, search


def by_trying_all(version, contract, row, movable, most_changes):
    """Return the least cost over every combination of candidates."""
    explainer, _, threshold, _, _ = version
    bounds = EnsembleBounds.of(explainer.table)
    own = explainer.matrix([row])[0]
    each = [
        candidates_of(bounds, j, field, own[j], is_movable=field.name in movable)
        for j, field in enumerate(contract.features)
    ]
    points, costs = [], []
    for places in itertools.product(*(range(len(one.values)) for one in each)):
        if sum(p != one.own for p, one in zip(places, each, strict=True)) <= most_changes:
            points.append([one.values[p] for p, one in zip(places, each, strict=True)])
            costs.append(sum(one.costs[p] for p, one in zip(places, each, strict=True)))
    odds = bounds.lowest(np.array(points), np.array(points))
    flips = odds < math.log(threshold / (1 - threshold))
    return min(np.array(costs)[flips], default=math.inf)


def test_a_bound_of_one_row_is_its_log_odds_and_of_a_box_is_below_all_in_it(
    version, frame, contract
):
    explainer = version[0]
    bounds = EnsembleBounds.of(explainer.table)
    matrix, _ = design_matrix(frame.head(300), contract)
    sums = explainer.contributions(matrix).sum(axis=1) + explainer.table.expected
    assert np.abs(bounds.lowest(matrix, matrix) - sums).max() < 1e-9
    whole = matrix[~np.isnan(matrix).any(axis=1)]
    low, high = whole.min(axis=0), whole.max(axis=0)
    least = bounds.lowest(low[None], high[None])[0]
    assert least <= bounds.lowest(whole, whole).min()
    assert math.isfinite(least)


@pytest.mark.parametrize("most_changes", [1, 2])
def test_no_change_is_nearer_than_the_one_found(version, contract, most_changes):
    *_, adverse, search = version
    verdicts = set()
    for row in adverse[:12]:
        found = search.nearest_change(
            row, may_change=MOVABLE, most_changes=most_changes, most_boxes=10**6
        )
        least = by_trying_all(version, contract, row, MOVABLE, most_changes)
        verdicts.add(found.verdict)
        assert found.gap == 0
        assert found.distance == pytest.approx(least)
    assert "flips" in verdicts


def test_a_change_flips_within_the_contract_and_touches_only_what_it_may(
    version, contract
):
    _, probability, threshold, adverse, search = version
    fields = {field.name: field for field in contract.features}
    n_flips = 0
    for row in adverse[:25]:
        found = search.nearest_change(row, most_changes=2, most_boxes=3000)
        if found.verdict != "flips":
            continue
        n_flips += 1
        assert 1 <= len(found.changes) <= 2
        changed = dict(row)
        for change in found.changes:
            field = fields[change.field]
            assert field.reason.strip()
            assert change.before == row[change.field]
            assert change.after != change.before
            if field.is_numeric:
                assert field.minimum is None or change.after >= field.minimum
                assert field.maximum is None or change.after <= field.maximum
            if field.has_text_categories:
                assert change.after in field.categories
            changed[change.field] = change.after
        assert found.probability == probability(row) >= threshold
        assert found.probability_after == probability(changed) < threshold
    assert n_flips > 10


def test_a_search_that_ends_early_says_by_how_much_it_could_be_wrong(version):
    *_, adverse, search = version
    for row in adverse[:10]:
        exact = search.nearest_change(row, most_boxes=10**6)
        early = search.nearest_change(row, most_boxes=5)
        if early.verdict == "flips":
            assert early.distance - early.gap <= exact.distance <= early.distance


def test_what_cannot_flip_is_proven_and_what_is_not_adverse_is_said(version):
    _, _, _, adverse, search = version
    verdicts = {
        search.nearest_change(row, may_change=["is_known"]).verdict for row in adverse
    }
    assert "cannot_flip" in verdicts
    mild = WhatIfSearch(version[0], search._contract, 0.999, version[1])
    assert mild.nearest_change(adverse[0]).verdict == "not_adverse"


def test_missing_values_stay_missing(version):
    *_, adverse, search = version
    row = {**adverse[0], "amount": None}
    found = search.nearest_change(row, most_changes=2, most_boxes=2000)
    assert "amount" not in [change.field for change in found.changes]


def test_a_protected_or_unknown_field_cannot_be_asked_for(version, contract):
    *_, adverse, search = version
    with pytest.raises(DataError, match="age"):
        search.nearest_change(adverse[0], may_change=["age"])
    with pytest.raises(DataError, match="colour"):
        movable_features(contract, ["colour"])


def test_a_linear_version_is_refused(linear, frame, contract):
    explainer = explainer_of(linear, frame)
    with pytest.raises(DataError, match="linear"):
        WhatIfSearch(explainer, contract, 0.5, lambda _: 0.9)


def test_an_answer_that_the_version_does_not_confirm_is_not_given(version):
    explainer, _, threshold, adverse, search = version
    other = WhatIfSearch(explainer, search._contract, threshold, lambda _: 0.999)
    flips = [
        row
        for row in adverse[:10]
        if search.nearest_change(row, most_boxes=2000).verdict == "flips"
    ]
    with pytest.raises(DataError, match="another model's"):
        other.nearest_change(flips[0], most_boxes=2000)
