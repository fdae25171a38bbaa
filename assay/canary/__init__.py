"""Try a version on a share of the requests, and stop it by itself when it is worse."""

from assay.canary.routing import entity_position, entity_text, goes_to_canary
from assay.canary.trial import CanaryRule, Observation, Trial, observe, stop_reasons

__all__ = [
    "CanaryRule",
    "Observation",
    "Trial",
    "entity_position",
    "entity_text",
    "goes_to_canary",
    "observe",
    "stop_reasons",
]
