"""Options of every causal design, as forms that the Prefect UI shows and checks."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Column: TypeAlias = Annotated[str, Field(min_length=1)]
Columns: TypeAlias = list[Column]
Level: TypeAlias = Annotated[float, Field(gt=0.5, lt=1)]
Seed: TypeAlias = Annotated[int, Field(ge=0, lt=2**32)]


class Options(BaseModel):
    """What every design can be told: no option that it does not know."""

    model_config = ConfigDict(extra="forbid")
    level: Level = 0.95


class Drawn(Options):
    """Experiments: who was drawn."""

    treated: Column
    treated_share: Annotated[float, Field(gt=0, lt=1)] | None = None


class MeanDifference(Drawn):
    """Randomised experiment, difference in means."""


class Cuped(Drawn):
    """Randomised experiment, adjusted by what was known before."""

    covariates: Columns


class ClusterDifference(Drawn):
    """Cluster-randomised experiment."""

    cluster: Column


class SequentialTest(Drawn):
    """Experiment watched as it runs."""

    order: Column
    effect_scale: Annotated[float, Field(gt=0)]
    minimum_rows: Annotated[int, Field(ge=2)] = 100


class Switchback(Options):
    """Periods drawn at random."""

    treated: Column
    period: Column
    market: Column | None = None
    block: Column | None = None
    carryover_periods: Annotated[float, Field(ge=0)] = 0


class TwoByTwo(Options):
    """Two groups, before and after."""

    treated: Column
    post: Column
    cluster: Column | None = None
    controls: Columns = []
    period: Column | None = None


class FixedEffects(Options):
    """Regression with absorbed effects and clustered errors."""

    treatment: Column
    absorbed: Columns
    cluster: Column | None = None
    controls: Columns = []


class WildBootstrap(Options):
    """Few clusters."""

    treatment: Column
    cluster: Column
    absorbed: Columns = []
    controls: Columns = []
    n_draws: Annotated[int, Field(ge=99, le=999_999)] = 9999
    seed: Seed = 0


class Panel(Options):
    """Units seen over periods; `cohort` holds each unit's start, 0 for never."""

    unit_column: Column
    period: Column
    cohort: Column


class ClusteredPanel(Panel):
    """A panel whose errors may be clustered above the unit."""

    cluster: Column | None = None


class GroupTime(ClusteredPanel):
    """Callaway and Sant'Anna."""

    covariates: Columns = []
    comparison: Literal["not_yet_treated", "never_treated"] = "not_yet_treated"
    anticipation: Annotated[int, Field(ge=0)] = 0


class Donors(Options):
    """One or a few treated units, and others that were left alone."""

    unit: Column
    period: Column
    treated_units: list[int | str]
    treatment_start: float
    donors: list[int | str] | None = None
    end: float | None = None


class AugmentedControl(Donors):
    """A mixture of donors, corrected by a ridge regression."""

    penalty: Annotated[float, Field(gt=0)] | None = None


class PenalisedControl(Donors):
    """A mixture of donors that prefers those close to the treated units."""

    penalty: Annotated[float, Field(ge=0)] | None = None


class SyntheticControl(Donors):
    """A mixture of donors."""

    n_resamples: Annotated[int, Field(ge=0, le=100_000)] = 0
    seed: Seed = 0


class SyntheticDifferences(Donors):
    """Weights over donors and over the periods before."""

    errors: Literal["placebo", "jackknife"] | None = None
    n_placebos: Annotated[int, Field(ge=20, le=100_000)] = 200
    seed: Seed = 0


class Cutoff(Options):
    """A rule with a cutoff."""

    running: Column
    cutoff: float
    covariates: Columns = []
    adjust_for: Columns = []
    cluster: Column | None = None
    bandwidth: Annotated[float, Field(gt=0)] | None = None
    order: Annotated[int, Field(ge=1, le=3)] = 1
    missing_outcome: Literal["refuse", "drop"] = "refuse"


class SharpJump(Cutoff):
    """A rule with a cutoff and no exceptions."""

    treated_above: bool = True


class FuzzyJump(Cutoff):
    """A rule with exceptions; `treatment` says who was treated."""

    treatment: Column


class Adjusted(Options):
    """Visible causes of treatment."""

    treatment: Column
    covariates: Columns
    score: Literal["logistic", "boosting"] = "logistic"
    seed: Seed = 0


class WeightedEffect(Adjusted):
    """Propensity weighting."""

    estimand: Literal["ate", "att", "ato"] = "ate"
    trim: float | Literal["crump"] | None = None


class MatchedEffect(Adjusted):
    """Propensity matching."""

    estimand: Literal["ate", "att"] = "att"
    n_neighbours: Annotated[int, Field(ge=1, le=100)] = 1
    with_replacement: bool = True
    caliper: Annotated[float, Field(gt=0)] | None = None


class DoublyRobust(Adjusted):
    """AIPW with cross-fitting."""

    estimand: Literal["ate", "att"] = "ate"
    outcome_model: Literal["linear", "boosting"] = "linear"
    n_folds: Annotated[int, Field(ge=2, le=20)] = 5


class Instrumented(Options):
    """Instruments that moved the treatment and nothing else."""

    treatment: Column
    instruments: Columns
    covariates: Columns = []
    method: Literal["2sls", "liml", "gmm"] = "2sls"
    cluster: Column | None = None


class Heterogeneous(Options):
    """Who gains most."""

    treatment: Column
    covariates: Columns
    learner: Literal["t", "x", "dr"] = "dr"
    probability: Annotated[float, Field(gt=0, lt=1)] | None = None
    n_groups: Annotated[int, Field(ge=2, le=100)] = 10
    seed: Seed = 0


class InterruptedSeries(Options):
    """Everybody at once."""

    period: Column
    start: float
    season_length: Annotated[int, Field(ge=2)] | None = None
