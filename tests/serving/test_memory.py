"""A worker tidies up after versions were loaded, and only then."""

import gc
import weakref

from serving.memory import Tidying


class Node:
    """Something that only the collector frees."""

    def __init__(self) -> None:
        self.me = self


def test_tidying_is_done_once_for_each_change_of_the_standings():
    tidying, first, second = Tidying(), {}, {}
    assert [tidying.after(each) for each in (first, first, second, first)] == [
        True,
        False,
        True,
        True,
    ]
    gc.unfreeze()


def test_what_stays_is_out_of_the_collectors_sight_and_what_went_is_freed():
    tidying = Tidying()
    kept, gone = Node(), Node()
    tidying.after({})
    assert gc.get_freeze_count() > 0
    frozen = weakref.ref(gone)
    del gone
    gc.collect()
    assert frozen() is not None, "a frozen object is not looked at"
    tidying.after({})
    assert frozen() is None
    assert kept.me is kept
    gc.unfreeze()
