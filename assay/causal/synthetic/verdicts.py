"""What a synthetic control rests on, and what the data say about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.causal.assumptions import Assumption, State, limit, untestable
from assay.causal.synthetic.placebo import LeftOut, SpacePlacebos
from assay.causal.synthetic.series import Series

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the assumptions are judged by."""

    series: Series
    weights: Floats
    gaps: Floats
    space: SpacePlacebos | None
    left_out: tuple[LeftOut, ...]
    time_placebo: tuple[float, float] | None
    noise: float

    @property
    def noise_share(self) -> float:
        """Sampling noise over the donors' variance around their own means, at most 1."""
        pre = self.series.donors[: self.series.n_pre]
        variance = float(np.mean(np.var(pre, axis=0, ddof=1)))
        return min(self.noise / variance, 1.0) if variance > 0 else 0.0


def assess(
    evidence: Evidence,
    *,
    extrapolates: bool = False,
    interval: tuple[float, float] | None = None,
) -> tuple[Assumption, ...]:
    """Return the assumptions with their states, in the order of a report.

    Parameters
    ----------
    evidence : Evidence
        What they are judged by.
    extrapolates : bool, default=False
        Whether the estimator reaches beyond the donors' range, at its own risk.
    interval : tuple of two float, optional
        Of an estimator whose test may reject no effect, however large.
    """
    found = [
        _fit(evidence),
        _hull(evidence.series, extrapolates=extrapolates),
        _donor_count(evidence.series),
        _noise(evidence),
        _single_donors(evidence),
    ]
    if interval is not None:
        found.append(_bounded(interval))
    if evidence.time_placebo is not None:
        found.append(_placebo_date(evidence.time_placebo))
    found.append(no_spillover())
    found.append(
        untestable(
            "no other shock",
            "nothing else happened to the treated units alone after the start",
            "look for launches, prices and incidents in the same periods",
        )
    )
    return tuple(found)


def _fit(evidence: Evidence) -> Assumption:
    n_pre = evidence.series.n_pre
    own = float(np.sqrt(np.mean(evidence.gaps[:n_pre] ** 2)))
    usual = _usual_error(evidence)
    ratio = own / usual if usual > 0 else float("inf") if own > 0 else 0.0
    state = graded(ratio, "pre_fit_ratio_doubtful", "pre_fit_ratio_broken")
    return Assumption(
        name="fit before treatment",
        statement="the synthetic series follows the treated one before treatment",
        tested=True,
        statistic=ratio,
        threshold=limit("pre_fit_ratio_doubtful"),
        state=state,
        finding=f"error before treatment {own:.4g}, {ratio:.2f} times what donors reach "
        "when fitted by each other",
        advice=""
        if state == "holds"
        else "use synthetic difference-in-differences, which allows a constant gap, the "
        "augmented estimator, or other donors",
    )


def _usual_error(evidence: Evidence) -> float:
    if evidence.space is not None:
        return float(np.median(evidence.space.rmspe_pre))
    pre = evidence.series.donors[: evidence.series.n_pre]
    return float(np.mean(np.std(pre, axis=0)))


def _hull(series: Series, *, extrapolates: bool) -> Assumption:
    own, pool = series.treated[: series.n_pre], series.donors[: series.n_pre]
    share = float(np.mean((own < pool.min(axis=1)) | (own > pool.max(axis=1))))
    state = graded(share, "hull_outside_doubtful", "hull_outside_broken")
    if extrapolates and state == "broken":
        state = "doubtful"
    return Assumption(
        name="inside the donors' range",
        statement="an average of donors can reach the treated unit",
        tested=True,
        statistic=share,
        threshold=limit("hull_outside_doubtful"),
        state=state,
        finding=f"outside the range of all donors in {share:.0%} of pre-periods",
        advice=""
        if state == "holds"
        else "find donors on the other side, or compare changes instead of levels "
        "(synthetic difference-in-differences)",
    )


def _bounded(interval: tuple[float, float]) -> Assumption:
    n_open = int(np.isinf(interval).sum())
    return Assumption(
        name="the interval is bounded",
        statement="an effect that is large enough is rejected by the permutation test",
        tested=True,
        statistic=float(n_open),
        threshold=0.0,
        state="doubtful" if n_open else "holds",
        finding=f"{n_open} of 2 ends of the interval are infinite",
        advice="the weights are free enough to absorb an effect of any size: use a "
        "larger penalty, fewer donors or more pre-periods"
        if n_open
        else "",
    )


def _donor_count(series: Series) -> Assumption:
    ratio = series.n_donors / series.n_pre
    state: State = "doubtful" if ratio >= limit("donors_per_pre_period") else "holds"
    return Assumption(
        name="more pre-periods than donors",
        statement="the weights are held to more pre-periods than there are donors",
        tested=True,
        statistic=ratio,
        threshold=limit("donors_per_pre_period"),
        state=state,
        finding=f"{series.n_donors} donors for {series.n_pre} pre-periods",
        advice=""
        if state == "holds"
        else "weights may follow noise: restrict the donors to the most similar, add "
        "pre-periods, and read synthetic difference-in-differences beside it",
    )


def _noise(evidence: Evidence) -> Assumption:
    share = evidence.noise_share
    state: State = "doubtful" if share > limit("donor_noise_share") else "holds"
    return Assumption(
        name="donor series carry signal",
        statement="the donors' movements are more than sampling noise",
        tested=True,
        statistic=share,
        threshold=limit("donor_noise_share"),
        state=state,
        finding=f"{share:.0%} of the donors' variance before treatment is what sampling "
        "their rows explains",
        advice=""
        if state == "holds"
        else "weights chosen on noise miss the mean afterwards: use longer periods or "
        "larger donors, or difference-in-differences",
    )


def _single_donors(evidence: Evidence) -> Assumption:
    att = float(evidence.gaps[evidence.series.n_pre :].mean())
    moves = [abs(item.att - att) for item in evidence.left_out]
    largest = max(moves, default=0.0)
    share = largest / abs(att) if att else 0.0
    flips = any(item.att * att < 0 for item in evidence.left_out)
    # A small estimate moves by more than itself without any fault of the donors.
    spread = float(np.sqrt(np.mean(evidence.gaps[: evidence.series.n_pre] ** 2)))
    moved = share > limit("donor_leverage") and largest > spread
    state: State = "doubtful" if moved else "holds"
    finding = "a single donor carries the estimate"
    if moves:
        item = evidence.left_out[int(np.argmax(moves))]
        finding = (
            f"without donor {item.donor!r} the estimate goes from {att:.4g} to "
            f"{item.att:.4g}{', changing its sign' if flips else ''}"
        )
    return Assumption(
        name="no single donor decides",
        statement="the estimate survives the loss of any one donor",
        tested=True,
        statistic=share,
        threshold=limit("donor_leverage"),
        state=state,
        finding=finding,
        advice=""
        if state == "holds"
        else "check what happened to that donor after treatment",
    )


def _placebo_date(placebo: tuple[float, float]) -> Assumption:
    gap, p_value = placebo
    # With few periods the smallest possible p value is the level itself.
    return placebo_date(
        gap,
        p_value,
        state="doubtful" if p_value <= limit("test_level") else "holds",
        advice="the weights do not hold beyond the periods they were chosen on, or the "
        "effect began before the recorded start: check the date",
    )


def placebo_date(gap: float, p_value: float, *, state: State, advice: str) -> Assumption:
    """Return what an estimate at a made-up date before the true one says.

    Parameters
    ----------
    gap, p_value : float
        Of the estimate there.
    state : State
        By the level that the test can reach.
    advice : str
        For where it does not hold.
    """
    return Assumption(
        name="no effect before treatment",
        statement="at a made-up date before the true one nothing happens",
        tested=True,
        statistic=gap,
        p_value=p_value,
        threshold=limit("test_level"),
        state=state,
        finding=f"estimate {gap:.4g} at a date two thirds into the pre-period "
        f"(p = {p_value:.3g})",
        advice="" if state == "holds" else advice,
    )


def no_spillover() -> Assumption:
    """Return the assumption that donors were left alone, which no data can test."""
    return untestable(
        "no spillover",
        "the rollout left the donors as they were",
        "leave out donors that share customers or staff with the treated units",
    )


def graded(value: float, doubtful: str, broken: str) -> State:
    """Return the state of a value that two registered limits grade."""
    if value > limit(broken):
        return "broken"
    return "doubtful" if value > limit(doubtful) else "holds"
