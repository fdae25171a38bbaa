"""What an instrument rests on, checked against the registered thresholds."""

from __future__ import annotations

from assay.causal.assumptions import Assumption, State, limit, state_of_test, untestable
from assay.causal.instruments.anderson_rubin import AndersonRubin
from assay.causal.instruments.strength import Strength


def assess_instruments(
    strength: Strength,
    set_: AndersonRubin,
    overidentification: tuple[float, float] | None,
    *,
    n_rows: int,
    n_clusters: int | None = None,
) -> tuple[Assumption, ...]:
    """Return the assumptions of an instrumental design with their states.

    Parameters
    ----------
    strength : Strength
    set_ : AndersonRubin
    overidentification : tuple of statistic and p value, or None
    n_rows : int
    n_clusters : int, optional
    """
    found = [_relevance(strength, set_), _crowding(strength, n_rows)]
    if n_clusters is not None:
        found.append(_clusters(n_clusters))
    exclusion = (
        "the instruments move the outcome through the treatment and in no other way, "
        "and nothing moves both"
    )
    if overidentification is None:
        found.append(
            untestable(
                "exclusion", exclusion, "argue it; one instrument cannot be tested"
            )
        )
    else:
        found.append(_exclusion(exclusion, *overidentification, set_))
    found.append(
        untestable(
            "monotonicity",
            "the instruments push nobody away from the treatment",
            "the effect is that on rows the instruments moved; say who they are",
        )
    )
    return tuple(found)


def describe_set(set_: AndersonRubin) -> str:
    """Return the confidence set in words."""
    if set_.shape == "empty":
        return "is empty: the instruments contradict each other at every effect"
    if set_.shape == "unbounded" and set_.pieces[0] == (-float("inf"), float("inf")):
        return "is the whole line: the data exclude no effect"
    pieces = " and ".join(f"[{low:.4g}, {high:.4g}]" for low, high in set_.pieces)
    return f"is {pieces}" + ("" if set_.shape == "bounded" else ", without bound")


def _relevance(strength: Strength, set_: AndersonRubin) -> Assumption:
    f, critical = strength.effective_f, strength.critical_f
    state: State = "holds"
    if f < critical:
        state = "doubtful"
    if f < limit("effective_f_broken"):
        state = "broken"
    return Assumption(
        name="relevance",
        statement="the instruments move the treatment enough",
        tested=True,
        statistic=f,
        threshold=critical,
        state=state,
        finding=(
            f"effective F {f:.2f} against {critical:.1f} for a bias of at most a tenth; "
            f"the Anderson-Rubin set {describe_set(set_)}"
        ),
        advice=""
        if state == "holds"
        else "read the Anderson-Rubin set, not the interval; find a stronger instrument",
    )


def _crowding(strength: Strength, n_rows: int) -> Assumption:
    share = strength.n_instruments / n_rows
    is_crowded = share > limit("instruments_per_row") and strength.n_instruments > 1
    return Assumption(
        name="few instruments",
        statement="there are many rows for every instrument",
        tested=True,
        statistic=share,
        threshold=limit("instruments_per_row"),
        state="doubtful" if is_crowded else "holds",
        finding=f"{strength.n_instruments} instruments for {n_rows} rows",
        advice="use method 'liml', or fewer instruments" if is_crowded else "",
    )


def _clusters(n_clusters: int) -> Assumption:
    state: State = "holds"
    if n_clusters < limit("clusters_few"):
        state = "doubtful"
    if n_clusters < limit("clusters_minimum"):
        state = "broken"
    return Assumption(
        name="enough clusters",
        statement="errors by cluster have enough clusters to learn from",
        tested=True,
        statistic=float(n_clusters),
        threshold=limit("clusters_few"),
        state=state,
        finding=f"{n_clusters} clusters",
        advice=""
        if state == "holds"
        else "cluster at a finer level that is still independent",
    )


def _exclusion(
    statement: str, statistic: float, p_value: float, set_: AndersonRubin
) -> Assumption:
    state = state_of_test(p_value)
    if state == "holds" and set_.shape == "empty":
        state = "doubtful"
    return Assumption(
        name="exclusion",
        statement=statement,
        tested=True,
        statistic=statistic,
        p_value=p_value,
        threshold=limit("test_level"),
        state=state,
        finding=(
            f"over-identification test {statistic:.3f}, p {p_value:.4f}; it would not "
            "see instruments that fail alike"
        ),
        advice=""
        if state == "holds"
        else "use each instrument alone and find the one that disagrees",
    )
