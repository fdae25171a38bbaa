"""What may be decided: promotions, rollbacks and the rest, on the history there is."""

import pytest

from assay.errors import ConfigError, RegistryError
from assay.history.decisions import (
    canary,
    promotion,
    resume,
    rollback,
    shadow,
    stop,
    withdrawal,
)
from assay.history.entry import entry_of
from assay.history.protocol import change
from tests.unit.history.worlds import World, later, served


def promoting(version, against):
    return promotion(
        served(version), judged_against=against, reasons=("kept",), actor="flow"
    )


class History:
    """A model's history that decisions are written to."""

    def __init__(self, *versions):
        self.world = World()
        for version in versions:
            self.does(promoting(version, self.version))

    @property
    def entries(self):
        return [entry_of(link) for link in self.world.links]

    @property
    def version(self):
        return self.entries[-1].version if self.world.links else None

    def does(self, decide):
        n = len(self.world.links)
        return entry_of(self.world.run(change("m", decide, later(n))))

    def rolls_back(self, version=None):
        return self.does(
            rollback(self.entries, version, reason="worse", actor="ann")
        ).version


def test_a_promotion_against_a_champion_that_is_gone_is_refused():
    history = History(1, 2)
    with pytest.raises(RegistryError, match="judged against version 1"):
        history.does(promoting(3, 1))
    with pytest.raises(RegistryError, match="judged against no champion"):
        history.does(promoting(3, None))
    assert history.does(promoting(3, 2)).version == 3


def test_rolling_back_goes_to_what_the_champion_replaced_and_further():
    history = History(1, 2, 3)
    assert [history.rolls_back(), history.rolls_back()] == [2, 1]
    with pytest.raises(RegistryError, match="no champion before this one"):
        history.rolls_back()


def test_after_a_rollback_a_promotion_starts_from_there():
    history = History(1, 2)
    history.rolls_back()
    history.does(promoting(3, 1))
    assert history.rolls_back() == 1


def test_a_named_former_champion_comes_back_and_no_other():
    history = History(1, 2, 3)
    assert history.rolls_back(1) == 1
    assert history.rolls_back(3) == 3
    with pytest.raises(RegistryError, match="these were: 1, 2, 3"):
        history.rolls_back(4)
    with pytest.raises(RegistryError, match="is the champion already"):
        history.rolls_back(3)


def test_a_rollback_has_a_reason_and_keeps_it():
    history = History(1, 2)
    with pytest.raises(ConfigError, match="reason"):
        rollback(history.entries, None, reason=" ", actor="ann")
    history.rolls_back()
    assert history.entries[-1].reasons == ("worse",)
    assert history.entries[-1].actor == "ann"


def test_a_rollback_that_somebody_overtook_is_refused():
    history = History(1, 2, 3)
    decided = rollback(history.entries, None, reason="worse", actor="ann")
    history.does(promoting(4, 3))
    with pytest.raises(RegistryError, match="changed just now"):
        history.does(decided)


def test_a_rollback_ends_the_canary_and_not_a_stop():
    history = History(1, 2)
    history.does(canary(served(3), 0.1, "ann"))
    history.does(stop("fire", "ann"))
    history.rolls_back()
    assert history.entries[-1].traffic.canary is None
    assert history.entries[-1].traffic.stopped == "fire"
    assert history.does(resume("out", "ann")).traffic.stopped == ""


def test_only_the_canary_that_is_tried_is_withdrawn():
    history = History(1)
    history.does(canary(served(2), 0.1, "ann"))
    with pytest.raises(RegistryError, match="version 9 is no canary"):
        history.does(withdrawal(9, ("worse",), "test"))
    assert history.does(withdrawal(2, ("worse",), "test")).traffic.canary is None


def test_a_shadow_is_set_and_taken_away():
    history = History(1)
    assert history.does(shadow(served(2), "ann")).traffic.shadow == served(2)
    assert history.does(shadow(None, "ann")).traffic.shadow is None


@pytest.mark.parametrize(
    "decide",
    [stop("x", "a"), resume("x", "a"), canary(served(2), 0.1, "a"), shadow(None, "a")],
)
def test_without_a_champion_there_is_nothing_to_decide(decide):
    with pytest.raises(RegistryError, match="no champion"):
        History().does(decide)
