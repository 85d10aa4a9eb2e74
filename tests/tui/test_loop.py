"""The event loop beside a cluster at full speed: it keeps the interpreter while it works."""

from __future__ import annotations

import asyncio
import selectors
import socket
from collections.abc import Iterator

import pytest

from paxos_tui.loop import LOOK_EVERY, SteadySelector, steady_loop
from tests.tui.clock import Clock


@pytest.fixture
def selector(clock: Clock) -> Iterator[SteadySelector]:
    """A selector of a socket on which something has come."""
    ours, theirs = socket.socketpair()
    with ours, theirs, SteadySelector(clock) as selector:
        selector.register(ours, selectors.EVENT_READ)
        theirs.send(b"key")
        yield selector


def test_with_work_to_do_it_looks_for_input_only_now_and_then(
    selector: SteadySelector, clock: Clock
) -> None:
    assert selector.select(0)
    assert not selector.select(0)
    clock.now += LOOK_EVERY / 2
    assert not selector.select(0)
    clock.now += LOOK_EVERY
    assert selector.select(0)


@pytest.mark.parametrize("timeout", [None, 1.0])
def test_with_nothing_to_do_it_looks_at_once(
    selector: SteadySelector, timeout: float | None
) -> None:
    assert selector.select(0)
    assert selector.select(timeout)


def test_work_that_never_ends_does_not_keep_input_out() -> None:
    async def until_heard() -> bytes:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            heard = loop.create_task(loop.sock_recv(ours, 3))
            theirs.send(b"key")
            while not heard.done():
                await asyncio.sleep(0)
            return heard.result()

    with asyncio.Runner(loop_factory=steady_loop) as runner:
        assert runner.run(asyncio.wait_for(until_heard(), 60)) == b"key"
