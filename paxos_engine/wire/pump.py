"""Pumps: the one way by which messages enter and leave a node.

A `MessagePump` owns a UDP socket and no thread: its loop waits on `fileno`, and
`receive_all` empties the socket as fast as datagrams come, since the kernel drops what does not
fit its buffer. `AdversarialMessagePump` asks the fault plan what becomes of each datagram.
"""

from __future__ import annotations

import heapq
import socket
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol, TypeAlias

from paxos_engine.roles.effects import Outgoing
from paxos_engine.roles.events import Delayed, Duplicated, Event, Lost, Refused, Sent
from paxos_engine.roles.messages import Envelope
from paxos_engine.wire.codec import MAX_DATAGRAM, MOST_RECEIVERS, Codec
from paxos_engine.wire.reading import WireError

Tell: TypeAlias = Callable[[str, Event], None]
Address: TypeAlias = tuple[str, int]

RECEIVE_BUFFER: Final = 4 * 1024 * 1024
"""Bytes asked of the kernel. Of its default little is left to wait in: see `room_of`."""


class Copy(Protocol):
    """One copy of a datagram, kept back for `delay` seconds."""

    @property
    def delay(self) -> float:
        """Seconds."""

    @property
    def why(self) -> str:
        """The fault that keeps it back."""


class Fate(Protocol):
    """What becomes of a datagram."""

    @property
    def lost(self) -> str:
        """Why it is lost; empty if it is not."""

    @property
    def copies(self) -> Sequence[Copy]:
        """The copies that are sent."""


class Plan(Protocol):
    """What an adversarial pump asks: `faults.FaultPlan` in a cluster, anything alike in a test."""

    def fate(self, sender: str, to: str) -> Fate:
        """Decide what becomes of one datagram."""


class PortInUse(OSError):
    """A port that was asked for is taken; the text names it and says what to do."""


def bind_ports(count: int, base_port: int | None = None) -> list[socket.socket]:
    """Bind `count` UDP sockets on 127.0.0.1, in ascending order of their ports.

    Args:
        count: how many.
        base_port: the first port, the others follow; None takes free ones.

    Raises:
        PortInUse: one of the fixed ports is taken, or may not be used.
        ValueError: the fixed ports do not all lie between 1 and 65535.
    """
    if base_port is not None and not 1 <= base_port <= 65_536 - count:
        raise ValueError(f"{count} ports from {base_port} on do not fit between 1 and 65535")
    sockets: list[socket.socket] = []
    try:
        for offset in range(count):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sockets.append(sock)
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            port = 0 if base_port is None else base_port + offset
            try:
                sock.bind(("127.0.0.1", port))
            except OSError as error:
                raise PortInUse(
                    f"UDP port {port} on 127.0.0.1 cannot be bound ({error.strerror}):"
                    " choose another --base-port, or leave it out to use free ports"
                ) from error
    except BaseException:
        for sock in sockets:
            sock.close()
        raise
    return sorted(sockets, key=lambda sock: int(sock.getsockname()[1]))


def room_of(sockets: Iterable[socket.socket]) -> int:
    """Return how many bytes may be under way to any of these sockets without loss.

    The kernel grants what `net.core.rmem_max` allows, and says twice that: one half is for what it
    keeps beside each datagram. Of the other, a third is left for what is sent again, and for all
    that is not asked for by a client.
    """
    return min(sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) for sock in sockets) // 3


class MessagePump:
    """The socket of one node.

    Args:
        name: the node.
        sock: a bound, non-blocking UDP socket; the pump owns it from now on.
        codec: how messages become datagrams.
        peers: where every node is.
        publish: how the trace is told; None where it does not tell of messages: they are counted
            then as ever, and no event is made.
    """

    def __init__(
        self,
        name: str,
        sock: socket.socket,
        codec: Codec,
        peers: Mapping[str, Address],
        publish: Tell | None,
    ) -> None:
        self.name = name
        self.counts: Counter[str] = Counter()  # messages by what became of them here
        self._sock = sock
        self._codec = codec
        self._peers = peers
        self._publish = publish
        self._next_id = 1

    @property
    def deadline(self) -> float | None:
        """When something delayed is due: never, in a pump that delays nothing."""
        return None

    def fileno(self) -> int:
        """Return the socket's descriptor, for a selector."""
        return self._sock.fileno()

    def receive_all(self, limit: int) -> list[Envelope]:
        """Take off the socket what is there, up to about `limit` messages.

        What cannot be decoded, or comes from nobody we know, is counted, told to the trace, and
        dropped. A closed socket has nothing.
        """
        envelopes: list[Envelope] = []
        # Refused datagrams and errors count too: no flood of garbage and no broken socket may keep
        # the node from its timers.
        for _ in range(limit):
            try:
                data, address = self._sock.recvfrom(MAX_DATAGRAM + 1)
            except BlockingIOError:
                break
            except OSError:
                continue  # an ICMP error of an earlier send, or a closed socket: both pass
            try:
                envelopes += self._open(data)
            except WireError as error:
                self.counts["refused"] += 1
                if self._publish is not None:
                    where = f"{address[0]}:{address[1]}"
                    self._publish(self.name, Refused("", where, str(error)))
            if len(envelopes) >= limit:
                break
        self.counts["received"] += len(envelopes)
        return envelopes

    def send(self, batches: Mapping[str, Sequence[Outgoing]], now: float) -> None:
        """Send the messages for each peer, as few datagrams as they fit.

        What goes to several is one datagram that names them all. `Sent` is published before the
        system call, so that no delivery precedes its sending.
        """
        for receivers in _alike(batches):
            messages = [outgoing.message for outgoing in batches[receivers[0]]]
            self.counts["sent"] += len(messages) * len(receivers)
            done = 0
            for data, count in self._codec.encode(self.name, self._next_id, receivers, messages):
                for to in receivers:
                    ids = range(self._next_id, self._next_id + count)
                    self._next_id += count
                    if self._publish is not None:
                        for ident, outgoing in zip(ids, batches[to][done:], strict=False):
                            sent = Sent(self._id(ident), to, outgoing.message, outgoing.after)
                            self._publish(self.name, sent)
                    if len(data) > MAX_DATAGRAM:
                        self._lose(to, ids, f"too large: {len(data):,} bytes fit no datagram")
                    else:
                        self._dispatch(to, data, ids, now)
                done += count

    def tick(self, now: float) -> None:
        """Send what is due."""

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def _id(self, number: int) -> str:
        return f"{self.name}.{number}"

    def _open(self, data: bytes) -> list[Envelope]:
        envelopes = self._codec.decode(data, self.name)
        if envelopes and envelopes[0].sender not in self._peers:
            raise WireError(f"sender {envelopes[0].sender!r} is no member of the cluster")
        return envelopes

    def _dispatch(self, to: str, data: bytes, ids: range, now: float) -> None:
        self._transmit(to, data, ids)

    def _transmit(self, to: str, data: bytes, ids: range) -> None:
        address = self._peers.get(to)
        if address is None:
            self._lose(to, ids, f"no node {to} is known")
            return
        try:
            self._sock.sendto(data, address)
        except OSError as error:
            self._lose(to, ids, f"the system refused it: {error.strerror}")

    def _lose(self, to: str, ids: range, reason: str) -> None:
        self.counts["lost"] += len(ids)
        if self._publish is not None:
            for number in ids:
                self._publish(to, Lost(self._id(number), self.name, reason))


class AdversarialMessagePump(MessagePump):
    """The pump that obeys a fault plan: it loses, doubles, delays and reorders datagrams.

    Delayed datagrams wait in a heap of the node's own loop; `deadline` says when the next is due.

    Args:
        name: the node.
        sock: a bound, non-blocking UDP socket.
        codec: how messages become datagrams.
        peers: where every node is.
        publish: how the trace is told; see `MessagePump`.
        plan: what the network does to whom; may change at any time.
    """

    def __init__(
        self,
        name: str,
        sock: socket.socket,
        codec: Codec,
        peers: Mapping[str, Address],
        publish: Tell | None,
        plan: Plan,
    ) -> None:
        super().__init__(name, sock, codec, peers, publish)
        self._plan = plan
        self._delayed: list[tuple[float, int, str, bytes, range]] = []
        self._tickets = 0

    @property
    def deadline(self) -> float | None:
        """When the next delayed datagram is due."""
        return self._delayed[0][0] if self._delayed else None

    def tick(self, now: float) -> None:
        """Send the delayed datagrams that are due."""
        while self._delayed and self._delayed[0][0] <= now:
            _, _, to, data, ids = heapq.heappop(self._delayed)
            self._transmit(to, data, ids)

    def _dispatch(self, to: str, data: bytes, ids: range, now: float) -> None:
        fate = self._plan.fate(self.name, to)
        if fate.lost:
            self._lose(to, ids, fate.lost)
            return
        for position, copy in enumerate(fate.copies):
            if position or copy.delay > 0:
                self._count_copy(to, ids, copy, again=position > 0)
            if copy.delay > 0:
                self._tickets += 1
                due = now + copy.delay
                heapq.heappush(self._delayed, (due, self._tickets, to, data, ids))
            else:
                self._transmit(to, data, ids)

    def _count_copy(self, to: str, ids: range, copy: Copy, *, again: bool) -> None:
        """Count what a copy undergoes, and say so."""
        self.counts["duplicated"] += len(ids) * again
        self.counts["delayed"] += len(ids) * (copy.delay > 0)
        if self._publish is None:
            return
        for number in ids:
            ident = self._id(number)
            if again:
                self._publish(to, Duplicated(ident, self.name, "duplicate"))
            if copy.delay > 0:
                self._publish(to, Delayed(ident, self.name, copy.why, copy.delay))


def _alike(batches: Mapping[str, Sequence[Outgoing]]) -> Iterator[list[str]]:
    """Return the receivers of `batches`, together who are to hear the same."""
    groups: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for to, batch in batches.items():
        groups[tuple([id(outgoing.message) for outgoing in batch])].append(to)
    for group in groups.values():
        for first in range(0, len(group), MOST_RECEIVERS):
            yield group[first : first + MOST_RECEIVERS]
