"""Every order of steps, and a crash after every one, leave one champion."""

import numpy as np
import pytest

from assay.errors import RegistryError
from assay.history.chain import find_breaks
from assay.history.entry import entry_of
from assay.history.protocol import Append, change, finish, publish
from assay.history.statement import newest
from tests.unit.history.worlds import (
    World,
    later,
    promote,
    resume,
    served,
    statement,
    stop,
)

N_INTERLEAVINGS = 10_000


def test_a_change_is_appended_published_and_its_alias_moved():
    world = World()
    link = world.run(change("m", promote(1), later(0)))
    assert world.links == [link]
    assert world.aliases == {"champion": 1}
    assert list(world.published) == [1]


def test_statements_before_the_newest_are_taken_away():
    world = World()
    for version in (1, 2, 3):
        world.run(change("m", promote(version), later(version)))
    assert list(world.published) == [3]
    assert world.aliases == {"champion": 3}


def test_a_crash_after_every_step_leaves_the_old_or_the_new_champion():
    finished = False
    n_calls = 0
    while not finished:
        n_calls += 1
        world = World()
        world.run(change("m", promote(1), later(0)))
        done = world.run(change("m", promote(2), later(1)), most=n_calls)
        finished = done is not None
        assert entry_of(world.links[-1]).version in (1, 2)
        assert world.aliases["champion"] in (1, 2)
        followed = newest(None, "m", list(world.published.values())).statement
        assert followed.traffic.champion.version in (1, 2)
        # The next run finishes what was begun: everybody agrees again.
        world.run(finish("m"))
        standing = entry_of(world.links[-1]).version
        assert world.aliases["champion"] == standing
        assert max(world.published) == len(world.links)
    assert n_calls > 6
    assert standing == 2


def test_a_change_after_a_crash_also_finishes():
    world = World()
    world.run(change("m", promote(1), later(0)), most=2)
    world.run(change("m", promote(2), later(1)))
    assert world.aliases == {"champion": 2}
    assert find_breaks(world.links) == []


def test_there_is_nothing_to_finish_where_nothing_broke():
    world = World()
    assert world.run(finish("m")) is None
    world.run(change("m", promote(1), later(0)))
    before = world.n_steps
    assert world.run(finish("m")) is None
    assert world.n_steps == before + 2


def test_who_is_always_too_late_is_told():
    class Busy(World):
        def carry_out(self, step):
            return False if isinstance(step, Append) else super().carry_out(step)

    with pytest.raises(RegistryError, match="8 times somebody else"):
        Busy().run(change("m", promote(1), later(0)))


class Server:
    """Polls, follows, answers; remembers what it may be held to."""

    def __init__(self, world):
        self.world = world
        self.statement = None

    def steps(self, n_rounds):
        for _ in range(n_rounds):
            found = list(self.world.published.values())
            highest_then = self.world.highest
            yield
            before = self.statement
            self.statement = newest(before, "m", found).statement
            if before:
                assert self.statement.sequence >= before.sequence
            yield
            if self.statement is None:
                assert highest_then == 0
            else:
                self.check_answer(highest_then)

    def check_answer(self, highest_then):
        """No answer by a version that was not champion when the server looked."""
        assert self.statement.sequence >= highest_then
        link = self.world.links[self.statement.sequence - 1]
        assert self.statement == statement(link)


def changer(world, decisions, rng, dies):
    """Carry out changes one step at a time; perhaps die on the way."""
    for decide in decisions:
        steps, answer = change("m", decide, later(len(world.links))), None
        while True:
            if dies and rng.random() < 0.15:
                return
            try:
                step = steps.send(answer)
            except (StopIteration, RegistryError):
                break
            yield
            answer = world.carry_out(step)


def interleave(actors, rng):
    while actors:
        chosen = actors[rng.integers(len(actors))]
        try:
            next(chosen)
        except StopIteration:
            actors.remove(chosen)


@pytest.mark.slow
def test_ten_thousand_interleavings_show_no_anomaly():
    n_deaths = n_late = 0
    for seed in range(N_INTERLEAVINGS):
        rng = np.random.default_rng(seed)
        world = World()
        world.run(change("m", promote(1), later(0)))
        dies = bool(rng.random() < 0.5)
        changers = [
            changer(world, [promote(2), promote(3)], rng, dies),
            changer(world, [promote(4), stop, resume], rng, dies),
            changer(world, [promote(1)], rng, dies),
        ]
        servers = [Server(world).steps(6) for _ in range(2)]
        interleave([*changers, *servers], rng)
        n_deaths += max(world.published) < len(world.links)
        n_late += len(world.published) > 1
        world.run(finish("m"))
        assert find_breaks(world.links) == []
        entry = entry_of(world.links[-1])
        assert max(world.published) == entry.sequence
        assert entry.traffic.champion == served(entry.version)
        assert all(entry_of(link).version is not None for link in world.links)
        for _ in Server(world).steps(1):  # a server that starts now agrees
            pass
    assert n_deaths > 100  # the deaths happened where it matters
    assert n_late > 100  # and slow writers wrote late


def test_without_numbers_of_their_own_a_slow_writer_would_win():
    world = World()
    world.run(change("m", promote(1), later(0)))
    slow = publish(world.links[0])
    step = slow.send(None)
    world.carry_out(step)
    world.run(change("m", promote(2), later(1)))
    # The slow one goes on: the older statement stands beside the newer, not over it.
    world.carry_out(slow.send(None))
    world.carry_out(slow.send(None))
    followed = newest(None, "m", list(world.published.values())).statement
    assert followed.traffic.champion.version == 2
