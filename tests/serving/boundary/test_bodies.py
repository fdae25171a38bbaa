"""A slow body is ended, and nothing else is."""

import asyncio

import pytest

from serving.boundary.bodies import SlowBodies, bounded_body
from serving.boundary.metrics import Metrics
from serving.problems import Problem


def piece(content, *, more):
    return {"type": "http.request", "body": content, "more_body": more}


def source(*messages):
    """Return a receive that gives messages, each after its pause."""
    waiting = iter(messages)

    async def receive():
        pause, message = next(waiting)
        await asyncio.sleep(pause)
        return message

    return receive


async def test_pieces_share_one_time():
    bodies = SlowBodies(0.1)
    drip = source(*[(0.04, piece(b"x", more=True))] * 50)
    receive = bounded_body(drip, 1_000, bodies, Metrics())
    with pytest.raises(Problem) as caught:
        [await receive() for _ in range(50)]
    assert caught.value.status == 408
    assert asyncio.current_task().cancelling() == 0
    await asyncio.sleep(0)  # a cancellation that was left over would strike here


async def test_work_after_the_body_or_between_its_pieces_takes_any_time():
    bodies = SlowBodies(0.05)
    receive = bounded_body(
        source((0, piece(b"x", more=True)), (0, piece(b"y", more=False))),
        *(1_000, bodies, Metrics()),
    )
    await receive()
    await asyncio.sleep(0.15)
    assert asyncio.current_task().cancelling() == 0


async def test_a_body_in_time_leaves_nothing_behind():
    bodies = SlowBodies(0.05)
    receive = bounded_body(source((0, piece(b"x", more=False))), 10, bodies, Metrics())
    assert (await receive())["body"] == b"x"
    await asyncio.sleep(0.1)
    assert not bodies._deadlines
    assert not bodies._late
    assert bodies._timer is None


async def test_a_cancellation_that_comes_from_elsewhere_goes_on():
    bodies = SlowBodies(10)
    receive = bounded_body(source((10, None)), 10, bodies, Metrics())
    task = asyncio.ensure_future(receive())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_bytes_are_counted_over_the_pieces():
    pieces = [(0, piece(b"xxxx", more=True))] * 3
    receive = bounded_body(source(*pieces), 10, SlowBodies(10), Metrics())
    await receive()
    await receive()
    with pytest.raises(Problem) as caught:
        await receive()
    assert caught.value.status == 413


async def test_each_piece_of_a_stream_has_the_whole_time():
    pieces = [(0.03, piece(b"x" * 100, more=True))] * 5
    receive = bounded_body(source(*pieces), None, SlowBodies(0.1), Metrics())
    assert [len((await receive())["body"]) for _ in range(5)] == [100] * 5
    receive = bounded_body(source((30, None)), None, SlowBodies(0.05), Metrics())
    with pytest.raises(Problem):
        await receive()
