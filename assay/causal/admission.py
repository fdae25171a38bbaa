"""What forbids a design, and what to be careful about: one reason a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from assay.causal.assumptions import limit
from assay.causal.question import Question

Reasons: TypeAlias = list[str]
Check: TypeAlias = Callable[[Question], Reasons]


def both_arms(q: Question) -> Reasons:
    """Refuse an arm of fewer than two units."""
    found = []
    for name, count in (("treated", q.n_treated), ("untreated", q.n_untreated)):
        if count < 2:
            found.append(f"{count} {name} units; at least two of each arm are needed")
    return found


def few_units(q: Question) -> Reasons:
    """Caution about an arm too small for a normal interval."""
    smallest = min(q.n_treated, q.n_untreated)
    if smallest < limit("effective_rows_doubtful"):
        return [f"the smaller arm has {smallest} units; intervals will be rough"]
    return []


def clusters(q: Question) -> Reasons:
    """Refuse an arm of too few groups to tell treatment from luck."""
    found = []
    least = int(limit("clusters_treated_minimum"))
    for name, count in (
        ("treated", q.groups_treated),
        ("untreated", q.groups_untreated),
    ):
        if count < least:
            found.append(
                f"{count} {name} clusters; with fewer than {least} nothing tells the "
                "treatment from the cluster's own luck"
            )
    return found


def few_clusters(q: Question) -> Reasons:
    """Caution about few groups."""
    smallest = min(q.groups_treated, q.groups_untreated)
    if q.groups_treated + q.groups_untreated < limit("clusters_few") or smallest < limit(
        "clusters_treated_few"
    ):
        return [
            f"{q.groups_treated} treated and {q.groups_untreated} untreated groups are "
            "few: use the wild cluster bootstrap and read the jackknife"
        ]
    return []


def came_by(*rules: str) -> Callable[[Question], Reasons]:
    """Return a check that treatment came by one of the rules."""

    def check(q: Question) -> Reasons:
        if q.rule in rules:
            return []
        return [f"treatment came by {q.rule!r}, not by {' or '.join(map(repr, rules))}"]

    return check


def all_of(*checks: Callable[[Question], Reasons]) -> Callable[[Question], Reasons]:
    """Return a check that gathers the reasons of several."""
    return lambda q: [reason for check in checks for reason in check(q)]


def switches(q: Question) -> Reasons:
    """Refuse a switchback of too few switches."""
    if q.n_switches < limit("periods_pre_minimum"):
        return [f"{q.n_switches} switches; too few periods of each arm to compare"]
    return []


def cutoff_sides(q: Question) -> Reasons:
    """Refuse a cutoff without score, or with an empty side."""
    found = []
    if q.running is None:
        found.append("no running variable is named; name the score that decided")
    least = int(limit("local_rows_broken"))
    for side, count in (("below", q.n_near_below), ("above", q.n_near_above)):
        if count is not None and count < least:
            found.append(f"{count} rows near the cutoff {side} it; {least} are the least")
    return found


def sparse_cutoff(q: Question) -> Reasons:
    """Caution about a thin side of the cutoff."""
    counts = [c for c in (q.n_near_below, q.n_near_above) if c is not None]
    if not counts:
        return ["count the rows near the cutoff, and look for bunching there"]
    if min(counts) < limit("local_rows_doubtful"):
        return [f"{min(counts)} rows on the thinner side make a wide interval"]
    return []


def instrument(q: Question) -> Reasons:
    """Refuse where nothing random moved the treatment."""
    if q.instruments or q.rule == "random_encouragement":
        return []
    return ["no instrument is named: nothing random moved the treatment alone"]


def instrument_care(q: Question) -> Reasons:
    """Caution about exclusion and about many instruments."""
    found = ["argue that the instrument has no other way to the outcome"]
    share = len(q.instruments) / max(q.n_treated + q.n_untreated, 1)
    if len(q.instruments) > 1 and share > limit("instruments_per_row"):
        found.append(f"{len(q.instruments)} instruments are many; use method 'liml'")
    return found


def before_and_after(q: Question) -> Reasons:
    """Refuse without the same units before and after."""
    found = []
    if q.n_pre < 1 or q.n_post < 1:
        found.append(f"{q.n_pre} periods before and {q.n_post} after; one each is needed")
    if not q.is_same_units:
        found.append("units or groups are not seen in several periods")
    return found


def comparison(q: Question) -> Reasons:
    """Refuse without untreated units."""
    if q.n_untreated == 0:
        return ["nobody was left untreated, so there is no trend to compare with"]
    return []


def few_pre_periods(q: Question) -> Reasons:
    """Caution where parallel trends cannot be seen."""
    if q.n_pre < 2:
        return ["one period before cannot show whether trends were parallel"]
    return []


def staggered(q: Question) -> Reasons:
    """Refuse where all start together."""
    if q.n_cohorts < 2:
        return ["all treated units start together; the plain comparison is enough"]
    return []


def not_staggered(q: Question) -> Reasons:
    """Refuse where some start earlier than others."""
    if q.n_cohorts > 1:
        return [
            f"{q.n_cohorts} cohorts start at different times, and units treated earlier "
            "would serve as comparison"
        ]
    return []


def donors(q: Question) -> Reasons:
    """Refuse too few periods before, or donors."""
    found = []
    if q.n_pre < limit("periods_pre_minimum"):
        found.append(
            f"{q.n_pre} periods before treatment; "
            f"{limit('periods_pre_minimum'):.0f} are needed to fit weights"
        )
    if q.groups_untreated < 2:
        found.append(f"{q.groups_untreated} donors; at least two are needed")
    return found


def crowded_donors(q: Question) -> Reasons:
    """Caution about nearly as many donors as periods before."""
    if q.groups_untreated > limit("donors_per_pre_period") * q.n_pre:
        return [
            f"{q.groups_untreated} donors for {q.n_pre} periods before: weights can "
            "follow noise; the report will warn or withhold"
        ]
    return []


def many_treated(q: Question) -> Reasons:
    """Refuse where there are enough treated groups for differences."""
    if q.groups_treated > limit("clusters_treated_few"):
        return [
            f"{q.groups_treated} treated groups are enough for difference-in-differences"
        ]
    return []


def covariates(q: Question) -> Reasons:
    """Refuse without covariates."""
    if not q.covariates:
        return ["no covariate measured before treatment is named; nothing to adjust for"]
    return []


def not_random(q: Question) -> Reasons:
    """Refuse where treatment was random, or decided by a cutoff alone."""
    if q.rule.startswith("random_") and q.rule != "random_encouragement":
        return ["treatment was random: compare the arms instead"]
    if q.rule == "cutoff":
        return ["a cutoff decides alone, so no treated row has an untreated one like it"]
    return []


def series(q: Question) -> Reasons:
    """Refuse a series too short for level and slope."""
    least = limit("periods_pre_minimum")
    if q.n_pre < least or q.n_post < 2:
        return [
            f"{q.n_pre} periods before and {q.n_post} after; {least:.0f} and 2 are "
            "needed to know level and slope"
        ]
    return []


def arms_for_whom(q: Question) -> Reasons:
    """Refuse where nobody asks for whom, or an arm is too small for it."""
    if not q.asks_for_whom:
        return ["the question is not for whom"]
    least = limit("heterogeneity_rows_minimum") * 5
    smallest = min(q.n_treated, q.n_untreated)
    if smallest < least:
        return [f"the smaller arm has {smallest} units; {least:.0f} are needed"]
    return []


def nothing(_: Question) -> Reasons:
    """Say nothing."""
    return []
