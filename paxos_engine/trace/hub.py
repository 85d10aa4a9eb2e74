"""The trace while it happens: one stream, any number of readers, nobody ever waits.

`seq` comes from one counter at the moment of emission, so the stream extends happens-before
whichever threads speak. Each reader has a queue of its own; appending to it takes no lock.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from typing import Final

from paxos_engine.roles.events import Entry, Event, Header, Skipped

PATIENCE: Final = 3
"""In how many successive drains a bounded reader may meet the same hole before it gives it up."""


class TraceReader:
    """One reader's place in the trace.

    Entries come in contiguous `seq`. A hole is either a race (another thread has its number but
    has not appended yet), which is waited for, or an overflow of the ring, which is reported as
    a `Skipped` entry and counted in `missed`. A reader without a limit never skips.

    Args:
        trace: where it is detached again.
        limit: the most entries kept for it; None keeps all, for readers that must miss nothing.
    """

    def __init__(self, trace: Trace, limit: int | None) -> None:
        self.missed = 0
        self._trace = trace
        self._limit = limit
        self._ring: deque[Entry] = deque(maxlen=limit)
        self.offer: Callable[[Entry], None] = self._ring.append
        self._header: Entry | None = None
        self._early: dict[int, Entry] = {}
        self._next = 1
        self._waited = 0

    @property
    def backlog(self) -> int:
        """How many entries wait to be drained."""
        return len(self._ring) + len(self._early) + (self._header is not None)

    def drain(self, most: int | None = None) -> list[Entry]:
        """Return what has come since, in order, at most `most` entries."""
        released: list[Entry] = []
        if self._header is not None and most != 0:
            released.append(self._header)
            self._header = None
        room = None if most is None else most - len(released)
        overflowed = self._take(room)
        self._release(released, most)
        if not self._early or self._next in self._early:
            self._waited = 0
            return released
        self._waited += 1
        if self._limit is not None and (overflowed or self._waited >= PATIENCE):
            if most is None or len(released) < most:
                released.append(self._skip())
            self._release(released, most)
        return released

    def close(self) -> None:
        """Stop reading; nothing is kept for this reader any more."""
        self._trace.detach(self)
        self._ring.clear()
        self._early.clear()

    def begin(self, header: Entry, seq: int) -> None:
        """Be owed the header and everything from `seq` on; called once, by the trace."""
        self._header = header
        self._next = seq

    def _take(self, room: int | None) -> bool:
        """Sort in what is in the ring; return whether the ring was full."""
        taken = len(self._ring)
        overflowed = self._limit is not None and taken >= self._limit
        if room is not None:
            # What was sorted in already and waits for a hole must not stop us from reaching the
            # entry that fills it.
            ready = len(self._early) if self._next in self._early else 0
            taken = min(taken, max(0, room - ready))
        for _ in range(taken):
            try:
                entry = self._ring.popleft()
            except IndexError:  # dropped by an overflow after we had counted
                overflowed = True
                break
            # What was given up as missed, or was never owed, may still arrive; it stays missed.
            if entry.seq >= self._next:
                self._early[entry.seq] = entry
        return overflowed

    def _release(self, released: list[Entry], most: int | None) -> None:
        early = self._early
        while most is None or len(released) < most:
            entry = early.pop(self._next, None)
            if entry is None:
                return
            self._next += 1
            released.append(entry)

    def _skip(self) -> Entry:
        """Step over a hole, and say how long it is."""
        first = min(self._early)
        count = first - self._next
        hole = Entry(self._next, self._early[first].t, "trace", Skipped(count))
        self.missed += count
        self._next = first
        self._waited = 0
        return hole


class Trace:
    """The stream of one cluster.

    A reader that must see everything is made before the nodes start; one that is made later gets
    the header, and then what happens from that moment on.

    Args:
        header: what every reader gets first.
        clock: seconds since the cluster began.
    """

    def __init__(self, header: Header, clock: Callable[[], float]) -> None:
        self._header = Entry(0, 0.0, "cluster", header)
        self._clock = clock
        self._numbers = itertools.count(1)
        self._readers: tuple[TraceReader, ...] = ()
        self._sinks: tuple[Callable[[Entry], None], ...] = ()
        self._spoken = False
        self._joining = threading.Lock()  # readers come and go one at a time; publishing is free

    @property
    def header(self) -> Header:
        """What ran: the first entry that every reader gets."""
        assert isinstance(self._header.event, Header)
        return self._header.event

    def publish(self, node: str, *events: Event) -> None:
        """Stamp what happened and hand it to every reader; never blocks, takes no lock."""
        self._spoken = True
        for event in events:
            # The number is drawn before the readers are looked up: `reader` relies on that order.
            entry = Entry(next(self._numbers), self._clock(), node, event)
            for sink in self._sinks:
                sink(entry)

    def reader(self, limit: int | None = None) -> TraceReader:
        """Return a reader of the header and of everything from now on.

        Args:
            limit: the size of its ring in entries, for a reader that may skip; None: lossless.

        Raises:
            ValueError: `limit` is not positive.
        """
        if limit is not None and limit < 1:
            raise ValueError("a reader keeps at least 1 entry")
        reader = TraceReader(self, limit)
        with self._joining:
            self._set_readers((*self._readers, reader))
            if not self._spoken:
                reader.begin(self._header, 1)
                return reader
            # Numbers below this one may be given out already and are not owed to this reader;
            # this and every later one is offered to it, since it is on the list by now.
            reader.begin(self._header, self._next_number())
        return reader

    def detach(self, reader: TraceReader) -> None:
        """Forget a reader; a second time is harmless."""
        with self._joining:
            self._set_readers(tuple(r for r in self._readers if r is not reader))

    def _next_number(self) -> int:
        """Return the number that is drawn next, without drawing it.

        One that was drawn for a reader would be missing in every recording, and nobody could tell
        it from an entry that was taken out of it.
        """
        # A count can be copied no more from Python 3.14 on, and a lock would cost every event.
        return int(repr(self._numbers).removeprefix("count(").removesuffix(")"))

    def _set_readers(self, readers: tuple[TraceReader, ...]) -> None:
        self._readers = readers
        self._sinks = tuple(reader.offer for reader in readers)


class CountingTrace(Trace):
    """The stream of a cluster that only counts: readers get the header, and nothing more.

    `counts` is node -> event -> how often it happened there. A node's events are published by its
    own thread, so that nothing is lost between two of them.
    """

    def __init__(self, header: Header, clock: Callable[[], float]) -> None:
        super().__init__(header, clock)
        self.counts: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def publish(self, node: str, *events: Event) -> None:
        """Count what happened."""
        counts = self.counts[node]
        for event in events:
            counts[event.name] += 1
