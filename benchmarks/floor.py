"""The floor: the bare shape of a command, with no protocol. Nothing of ours takes part.

    python -m benchmarks.floor

Client -> leader -> all acceptors -> leader, which counts the answers -> client: datagrams of a
fixed size over loopback, and a thread that blocks in its own socket for each of them. What a
command costs beyond this is the price of the protocol and of our Python. Coalesced, one datagram
stands for many commands, as if nothing had to be done for each.
"""

from __future__ import annotations

import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, TypeAlias

from benchmarks import machine, report
from benchmarks.apart import apart
from benchmarks.driver import Window
from benchmarks.harness import Table, Tell, Way, rows_of, take_turns
from benchmarks.scale import QUICK, USUAL, Scale

ACCEPTORS: Final = 5
SIZE: Final = 64
PLAIN: Final = "a datagram each"
COALESCED: Final = 32
RECEIVE_BUFFER: Final = 4 * 1024 * 1024
LOST_AFTER: Final = 0.2
"""Seconds without an answer after which the client sends again what is outstanding."""

ASKED: Final = b"c"
ANSWERED: Final = b"a"
END: Final = b"."
IDENT: Final = slice(1, 9)

Address: TypeAlias = tuple[str, int]


def run(
    outstanding: int, seconds: float, warm_up: float, acceptors: int = ACCEPTORS, coalesced: int = 1
) -> dict[str, float]:
    """Return what a command costs at the very least.

    Args:
        outstanding: commands at once.
        seconds: how long it is measured.
        warm_up: seconds before that.
        acceptors: how many.
        coalesced: commands for which a datagram stands.
    """
    size = SIZE * coalesced
    datagrams = max(1, outstanding // coalesced)
    window = Window(warm_up, seconds, datagrams)
    with _nodes(acceptors, size) as (client, leader):
        _ask(client, leader, size, datagrams, window)
    figures = window.figures()
    return {**figures, "commands/s": figures["commands/s"] * coalesced}


@contextmanager
def _nodes(acceptors: int, size: int) -> Iterator[tuple[socket.socket, Address]]:
    """Run a leader and acceptors; yield the client's socket and where the leader is."""
    sockets = [_bound() for _ in range(acceptors + 2)]
    client, leader, *others = sockets
    addresses: list[Address] = [each.getsockname() for each in sockets]
    threads = [
        threading.Thread(target=_lead, args=(leader, addresses[0], addresses[2:], size)),
        *(threading.Thread(target=_accept, args=(each, addresses[1], size)) for each in others),
    ]
    for thread in threads:
        thread.start()
    try:
        yield client, addresses[1]
    finally:
        for address in addresses[1:]:
            client.sendto(END, address)
        for thread in threads:
            thread.join()
        for each in sockets:
            each.close()


def _bound() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    sock.bind(("127.0.0.1", 0))
    return sock


def _lead(sock: socket.socket, client: Address, acceptors: list[Address], size: int) -> None:
    enough = len(acceptors) // 2 + 1
    answers: dict[bytes, int] = {}
    while (data := sock.recv(size)) != END:
        if data[:1] == ASKED:
            for acceptor in acceptors:
                sock.sendto(data, acceptor)
            continue
        ident = data[IDENT]
        count = answers.get(ident, 0) + 1
        if count == enough:
            sock.sendto(data, client)
        if count == len(acceptors):
            del answers[ident]
        else:
            answers[ident] = count


def _accept(sock: socket.socket, leader: Address, size: int) -> None:
    while (data := sock.recv(size)) != END:
        sock.sendto(ANSWERED + data[1:], leader)


def _ask(sock: socket.socket, leader: Address, size: int, outstanding: int, window: Window) -> None:
    # A time-out of Python's own would make the socket non-blocking, and each wait two calls.
    limit = struct.pack("ll", 0, int(LOST_AFTER * 1e6))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    since: dict[bytes, float] = {}
    count = 0

    def send() -> None:
        nonlocal count
        count += 1
        ident = count.to_bytes(8, "big")
        since[ident] = time.perf_counter()
        sock.sendto((ASKED + ident).ljust(size, b"."), leader)

    for _ in range(outstanding):
        send()
    while since:
        try:
            ident = sock.recv(size)[IDENT]
        except BlockingIOError:
            for lost in since:
                sock.sendto((ASKED + lost).ljust(size, b"."), leader)
            continue
        began = since.pop(ident, None)
        if began is not None:
            window.answered(time.perf_counter() - began)
            if window.more():
                send()


def measure(scale: Scale, tell: Tell) -> list[Table]:
    """Return the table, plain and coalesced."""
    table = Table(f"{ACCEPTORS} acceptors, {SIZE} bytes a command, a blocking thread per node")
    for outstanding in (1, 64) if scale is QUICK else (1, 64, 256, 1_024, 4_096):
        common = (outstanding, scale.seconds, scale.warm_up, ACCEPTORS)
        ways: dict[str, Way] = {PLAIN: partial(apart, run, *common)}
        if outstanding >= COALESCED:
            ways[f"{COALESCED} a datagram"] = partial(apart, run, *common, COALESCED)
        taken = take_turns(ways, scale.rounds, tell)
        table.rows += rows_of(taken, [PLAIN], f"{outstanding:,} outstanding")
    return [table]


def main() -> None:
    """Print rate and latency."""
    tables = measure(USUAL, lambda what: None)
    report.show(machine.describe(), {"floor": tables}, report.console_for(sys.stdout))


if __name__ == "__main__":
    main()
