"""The trace while it happens: one stream, any number of readers, nobody ever waits.

`seq` comes from one counter at the moment of emission, so the stream extends happens-before
whichever threads speak. Each reader has a queue of its own; appending to it takes no lock.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable

from paxos_engine.roles.events import Entry, Event, Header, Skipped

_JOINED = Skipped(0)  # holds the place of the number that a new reader used up


class TraceReader:
    """One reader's place in the trace.

    Entries come in contiguous `seq`. A hole is either a race (another thread has its number but
    has not appended yet), which is waited for, or an overflow of the ring, which is reported as
    a `Skipped` entry and counted in `missed`.

    Args:
        trace: where it is detached again.
        limit: the most entries kept for it; None keeps all, for readers that must miss nothing.
    """

    def __init__(self, trace: Trace, limit: int | None) -> None:
        self.missed = 0
        self._trace = trace
        self._limit = limit
        self._ring: deque[Entry] = deque(maxlen=limit)
        self._early: dict[int, Entry] = {}
        self._next = 0
        self._begin = 0

    @property
    def backlog(self) -> int:
        """How many entries wait to be drained."""
        return len(self._ring) + len(self._early)

    def drain(self, most: int | None = None) -> list[Entry]:
        """Return what has come since, in order, at most about `most` entries."""
        taken = len(self._ring)
        overflowed = self._limit is not None and taken >= self._limit
        for _ in range(taken if most is None else min(taken, most)):
            try:
                entry = self._ring.popleft()
            except IndexError:  # the ring overflowed meanwhile, and dropped what we had counted
                break
            if entry.seq >= self._begin or entry.seq == 0:
                self._early[entry.seq] = entry
        released = self._release()
        if overflowed and self._early:
            released += self._skip()
        return released

    def close(self) -> None:
        """Stop reading; nothing is kept for this reader any more."""
        self._trace.detach(self)

    def begin(self, seq: int) -> None:
        """Be owed everything after `seq`; called once, by the trace."""
        self._begin = seq

    def offer(self, entry: Entry) -> None:
        """Take an entry; called by whichever thread publishes."""
        self._ring.append(entry)

    def _release(self) -> list[Entry]:
        released: list[Entry] = []
        while (entry := self._early.pop(self._next, None)) is not None:
            self._next = max(entry.seq + 1, self._begin)
            if entry.event != _JOINED:
                released.append(entry)
        return released

    def _skip(self) -> list[Entry]:
        """Step over the hole that an overflow left."""
        first = min(self._early)
        count = first - self._next
        self.missed += count
        hole = Entry(self._next, self._early[first].t, "trace", Skipped(count))
        self._next = first
        return [hole, *self._release()]


class Trace:
    """The stream of one cluster.

    Args:
        header: what every reader gets first.
        clock: seconds since the cluster began.
    """

    def __init__(self, header: Header, clock: Callable[[], float]) -> None:
        self._header = Entry(0, 0.0, "cluster", header)
        self._clock = clock
        self._numbers = itertools.count(1)
        self._readers: tuple[TraceReader, ...] = ()

    def publish(self, node: str, event: Event) -> None:
        """Stamp an event and hand it to every reader; never blocks."""
        seq = next(self._numbers)
        entry = Entry(seq, self._clock(), node, event)
        self._offer(entry)

    def reader(self, limit: int | None = None) -> TraceReader:
        """Return a reader of the header and of everything from now on.

        Args:
            limit: the size of its ring in entries, for a reader that may skip; None: lossless.
        """
        reader = TraceReader(self, limit)
        reader.offer(self._header)
        self._readers = (*self._readers, reader)
        # Numbers up to this one may be given out already and are not owed to this reader; every
        # later one is offered to it, since it is on the list by now.
        mark = next(self._numbers)
        reader.begin(mark)
        self._offer(Entry(mark, self._clock(), "trace", _JOINED))
        return reader

    def detach(self, reader: TraceReader) -> None:
        """Forget a reader."""
        self._readers = tuple(r for r in self._readers if r is not reader)

    def _offer(self, entry: Entry) -> None:
        for reader in self._readers:
            reader.offer(entry)
