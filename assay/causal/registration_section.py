"""What a report says of the plan that was registered when the rollout began."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from assay.causal.registration import Registration
from assay.pages import Grid, Section


def registration_section(
    registered: Registration,
    *,
    digest: str,
    at: datetime,
    departures: Sequence[str],
    circumstances: Sequence[str] = (),
) -> Section:
    """Return digest, dates and every departure as a section of a report.

    Parameters
    ----------
    registered : Registration
        What was promised.
    digest : str
        Under which it was written.
    at : datetime
        When.
    departures : sequence of str
        Where the analysis is another one.
    circumstances : sequence of str
        What happened to the rollout that nobody planned.
    """
    told = (
        f"This analysis departs from the plan in {len(departures)} respects; read it as "
        "an exploration."
        if departures
        else "This is the registered analysis: nothing was chosen after outcomes were "
        "seen."
    )
    plans = ", ".join(
        f"{outcome} {plan['digest'][:12]}"
        for outcome, plan in sorted(registered.plans.items())
    )
    rows = (
        ("registered", f"{at:%Y-%m-%d %H:%M:%S} UTC, with the rollout"),
        ("digest of the registration", digest),
        ("digests of its plans", plans),
        ("to be read", f"{registered.source}, rows where {registered.rows}"),
        ("not before", f"{registered.due_at:%Y-%m-%d %H:%M} UTC"),
    )
    return Section(
        title="Registered plan",
        paragraphs=(told,),
        bullets=(*departures, *circumstances),
        grids=(Grid(("what", "value"), rows),),
    )
