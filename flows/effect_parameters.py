"""What the flow on effects is asked, as the Prefect UI shows and checks it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, ValidationError

from assay.errors import ConfigError
from flows.effect_options import (
    AugmentedControl,
    ClusterDifference,
    ClusteredPanel,
    Cuped,
    DoublyRobust,
    FixedEffects,
    FuzzyJump,
    GroupTime,
    Heterogeneous,
    Instrumented,
    InterruptedSeries,
    MatchedEffect,
    MeanDifference,
    Options,
    Panel,
    PenalisedControl,
    SequentialTest,
    SharpJump,
    Switchback,
    SyntheticControl,
    SyntheticDifferences,
    TwoByTwo,
    WeightedEffect,
    WildBootstrap,
)

DesignName: TypeAlias = Literal[
    "mean_difference",
    "cuped",
    "cluster_difference",
    "switchback",
    "sequential_test",
    "two_by_two",
    "fixed_effects",
    "event_study",
    "group_time_effects",
    "interaction_weighted",
    "imputed_effects",
    "wild_bootstrap",
    "synthetic_control",
    "synthetic_difference_in_differences",
    "augmented_control",
    "penalised_control",
    "sharp_jump",
    "fuzzy_jump",
    "weighted_effect",
    "matched_effect",
    "doubly_robust_effect",
    "instrumented_effect",
    "heterogeneous_effects",
    "interrupted_series",
]

OPTIONS: dict[str, type[Options]] = {
    "mean_difference": MeanDifference,
    "cuped": Cuped,
    "cluster_difference": ClusterDifference,
    "switchback": Switchback,
    "sequential_test": SequentialTest,
    "two_by_two": TwoByTwo,
    "fixed_effects": FixedEffects,
    "event_study": ClusteredPanel,
    "group_time_effects": GroupTime,
    "interaction_weighted": ClusteredPanel,
    "imputed_effects": Panel,
    "wild_bootstrap": WildBootstrap,
    "synthetic_control": SyntheticControl,
    "synthetic_difference_in_differences": SyntheticDifferences,
    "augmented_control": AugmentedControl,
    "penalised_control": PenalisedControl,
    "sharp_jump": SharpJump,
    "fuzzy_jump": FuzzyJump,
    "weighted_effect": WeightedEffect,
    "matched_effect": MatchedEffect,
    "doubly_robust_effect": DoublyRobust,
    "instrumented_effect": Instrumented,
    "heterogeneous_effects": Heterogeneous,
    "interrupted_series": InterruptedSeries,
}
"""The form of each design."""

DesignOptions: TypeAlias = Annotated[
    MeanDifference
    | Cuped
    | ClusterDifference
    | SequentialTest
    | Switchback
    | TwoByTwo
    | FixedEffects
    | WildBootstrap
    | Panel
    | ClusteredPanel
    | GroupTime
    | SyntheticControl
    | SyntheticDifferences
    | AugmentedControl
    | PenalisedControl
    | SharpJump
    | FuzzyJump
    | WeightedEffect
    | MatchedEffect
    | DoublyRobust
    | Instrumented
    | Heterogeneous
    | InterruptedSeries,
    Field(title="Options", description="The form of the design that is named above."),
]
Source: TypeAlias = Annotated[
    str,
    Field(
        title="Source",
        description="A CSV or Parquet file or folder, simulate:rollout?seed=7, "
        "rollout:MODEL for a promotion or canary of our own, or sql:NAME#SELECT …",
    ),
]
Design: TypeAlias = Annotated[DesignName, Field(title="Design")]
Outcome: TypeAlias = Annotated[str, Field(title="Outcome", min_length=1)]
Question: TypeAlias = Annotated[
    str, Field(title="Question", description="As a reader would ask it.")
]
OutcomeUnit: TypeAlias = Annotated[str, Field(title="Unit of the outcome")]
Rows: TypeAlias = Annotated[
    str,
    Field(
        title="Rows",
        description="Comparisons joined by 'and', e.g. week < 30 and wave == 1; "
        "empty takes all.",
    ),
]
OtherDesigns: TypeAlias = Annotated[
    dict[DesignName, dict[str, Any]] | None,
    Field(
        title="Other designs",
        description="Further designs for the same question, each with its options; "
        "all go into one table and forest plot.",
    ),
]
CertificateCopies: TypeAlias = Annotated[
    int,
    Field(
        title="Copies for the coverage certificate",
        ge=0,
        le=100_000,
        description="0 issues none; 200 tell 95 % from 90 %.",
    ),
]
OverrideReason: TypeAlias = Annotated[
    str,
    Field(
        title="Override: reason",
        description="Shows a withheld number; kept for good. At least a sentence.",
    ),
]
OverrideBy: TypeAlias = Annotated[str, Field(title="Override: who")]


def options_for(design: str, options: Options) -> dict[str, Any]:
    """Return the options that were given, checked against the design's own form.

    Raises
    ------
    ConfigError
        Naming each option that is unknown, missing or of the wrong kind.
    """
    given = options.model_dump(exclude_unset=True)
    try:
        OPTIONS[design].model_validate(given)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg'].lower()}"
            for one in error.errors()
        )
        fields = ", ".join(OPTIONS[design].model_fields)
        raise ConfigError(
            f"the options do not fit design {design!r}: {faults}; it takes {fields}"
        ) from error
    return {name: value for name, value in given.items() if value is not None}
