"""A design: which function answers, with which options, who was exposed."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

import pandas as pd

from assay.causal.estimate import CausalResult
from assay.causal.exposure import Exposure, Options
from assay.errors import ConfigError

Copies: TypeAlias = Literal["rows", "clusters", "curve", "series", "donors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """A design as the plan, the report and the flow know it.

    Attributes
    ----------
    name : str
        Name of its function.
    title : str
        As a reader would write it.
    function : str
        Where it is: ``"module:function"``.
    estimand : str
        What its number is of, unless its options say otherwise.
    exposed : callable
        Rows that were under treatment, of shape (n_rows,), from frame and options.
    copies : {"rows", "clusters", "curve", "series", "donors"}
        How a copy of the user's data is drawn for the coverage certificate.
    cluster_options : tuple of str
        Options that may name the column of what was assigned together; the first one
        that is given counts.
    """

    name: str
    title: str
    function: str
    exposed: Exposure
    copies: Copies
    estimand: str
    cluster_options: tuple[str, ...] = ()

    def call(self) -> Callable[..., CausalResult]:
        """Return the function, importing its family now."""
        module, _, function = self.function.partition(":")
        found = getattr(importlib.import_module(module), function)
        return cast("Callable[..., CausalResult]", found)

    def estimate(
        self, frame: pd.DataFrame, outcome: str, options: Options, unit: str = ""
    ) -> CausalResult:
        """Run the design on a frame.

        Raises
        ------
        ConfigError
            If an option is unknown or a needed one is missing.
        DataError
            If the data cannot carry the design.
        """
        self.check(options)
        given = {"outcome": outcome, self._unit_name(): unit, **options}
        return self.call()(frame, **_with_local_spec(given))

    def estimand_with(self, options: Options) -> str:
        """Return what the number will be of under these options."""
        chosen = self._parameters().get("estimand")
        if chosen is None:
            return self.estimand
        return str(options.get("estimand", chosen.default))

    def check(self, options: Options) -> None:
        """Refuse options that the function does not have, or that lack a needed one.

        Raises
        ------
        ConfigError
            Naming what is unknown or missing, and what is allowed.
        """
        parameters = self._parameters()
        unknown = sorted(set(options) - set(parameters))
        if unknown:
            raise ConfigError(
                f"design {self.name!r} has no option {', '.join(map(repr, unknown))}; "
                f"it takes {', '.join(parameters)}"
            )
        missing = [
            name
            for name, parameter in parameters.items()
            if parameter.default is inspect.Parameter.empty and name not in options
        ]
        if missing:
            raise ConfigError(
                f"design {self.name!r} needs {', '.join(map(repr, missing))}; name the "
                "columns in its options"
            )

    def _parameters(self) -> dict[str, inspect.Parameter]:
        found = dict(inspect.signature(self.call()).parameters)
        aside = ("frame", "outcome", "spec", self._unit_name())
        kept = {name: one for name, one in found.items() if name not in aside}
        if "spec" in found:
            kept |= inspect.signature(_local_spec_class()).parameters
        return kept

    def _unit_name(self) -> str:
        found = inspect.signature(self.call()).parameters
        return "outcome_unit" if "outcome_unit" in found else "unit"


def _local_spec_class() -> Callable[..., object]:
    from assay.causal.discontinuity import LocalSpec

    return LocalSpec


def _with_local_spec(given: dict[str, Any]) -> dict[str, Any]:
    """Gather the options of a local fit, which are flat in a plan, into its class."""
    if "running" not in given:
        return given
    names = inspect.signature(_local_spec_class()).parameters
    local = {name: value for name, value in given.items() if name in names}
    rest = {name: value for name, value in given.items() if name not in names}
    return {**rest, "spec": _local_spec_class()(**local)} if local else rest
