"""A registry and a database in memory, on which the steps of changes are carried out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from assay.history.chain import Link
from assay.history.entry import Change, entry_of
from assay.history.protocol import (
    Append,
    MoveAlias,
    Publish,
    ReadHead,
    ReadPublished,
    Tidy,
)
from assay.history.statement import Statement
from assay.history.traffic import Served, Traffic, promoted, resumed, stopped

START = datetime(2026, 11, 21, tzinfo=UTC)


class World:
    """What is stored outside the processes."""

    def __init__(self):
        self.links: list[Link] = []
        self.aliases: dict[str, int] = {}
        self.published: dict[int, Statement] = {}
        self.highest = 0
        self.n_steps = 0

    def carry_out(self, step):
        self.n_steps += 1
        match step:
            case ReadHead():
                return self.links[-1] if self.links else None
            case Append(link):
                if len(self.links) >= link.sequence:
                    return False
                self.links.append(link)
                return True
            case MoveAlias(_, alias, version):
                self.aliases.pop(alias, None)
                if version is not None:
                    self.aliases[alias] = version
            case Publish(link):
                self.published[link.sequence] = statement(link)
                self.highest = max(self.highest, link.sequence)
            case Tidy(link):
                for number in [n for n in self.published if n < link.sequence]:
                    del self.published[number]
            case ReadPublished():
                return max(self.published, default=0)
        return None

    def run(self, steps, most=10**6):
        """Carry out at most so many steps; return the result, or None if cut short."""
        answer = None
        for _ in range(most):
            try:
                step = steps.send(answer)
            except StopIteration as ended:
                return ended.value
            answer = self.carry_out(step)
        return None


def statement(link):
    entry = entry_of(link)
    return Statement(entry.model_name, link.sequence, link.digest, entry.traffic)


def served(version):
    return Served(version, f"{version:064x}")


def promote(version):
    """Return a decision that makes a version the champion."""

    def decide(head):
        traffic = head.traffic if head else Traffic()
        return Change("promoted", promoted(traffic, served(version)), "test", ("kept",))

    return decide


def stop(head):
    return Change("stopped", stopped(head.traffic, "test"), "test", ("asked",))


def resume(head):
    return Change("resumed", resumed(head.traffic), "test", ("asked",))


def later(n):
    return START + timedelta(seconds=n)
