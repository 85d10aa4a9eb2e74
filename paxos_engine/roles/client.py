"""The client: it submits, is redirected, retries, and takes exactly one answer per command.

A client never says "failed": a command without an answer may still be chosen.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from paxos_engine.roles.effects import Effects, Role
from paxos_engine.roles.events import (
    Answered,
    Event,
    Refused,
    Retried,
    SessionOpened,
    Submitted,
)
from paxos_engine.roles.flow import MOST_WINDOW, ROOM, Flow
from paxos_engine.roles.messages import KINDS, Envelope, Redirect, Replies, Reply, Request
from paxos_engine.roles.patience import jittered
from paxos_engine.roles.values import MAX_COMMAND_BYTES, Command, command_size, utf8_size

UTF8_AT_MOST: Final = 4
"""Bytes that a character takes at the most."""

STALE: Final = 512
"""Timers of answered commands that are borne until they run out."""

ASK_AGAIN: Final = 0.15
"""Seconds after which a client asks again when it was told that nobody leads."""


@dataclass(slots=True)
class _Outstanding:
    command: Command
    since: float
    sendings: int = 0
    missed: int = 0  # how often its answer did not come in time
    asked: str = ""  # the leader that it was last sent to
    sent_at: float = 0.0
    missed_from: str = ""  # the leader whose answer did not come first, and when that was asked
    missed_since: float = 0.0
    led_on: int = 0  # redirects followed since it last waited
    cost: int = 0  # bytes that it takes on its way


class PaxosClient(Role):
    """One client of the cluster.

    Args:
        name: its node id, `C1`.
        leaders: the leaders that it may ask.
        rng: the source of jitter.
        retry_after: seconds without an answer before it tries another leader, at least: longer
            where answers usually take longer (see `Flow`), and doubled each time.
        retry_at_most: the wait in seconds beyond which doubling does not go.
        window: how many commands are under way at once, at the most; further ones wait here, in
            order.
        room: how many bytes are under way at once, at the most: what the buffers on the way hold.
        session: an open session to go on with; 0 opens one with the first command.
        client: the client id in its commands; its name if empty. Who starts anew beside a history
            that is kept needs another one each time, since its sequences begin at 1 again.
    """

    def __init__(
        self,
        name: str,
        leaders: Iterable[str],
        rng: random.Random,
        *,
        retry_after: float = 0.3,
        retry_at_most: float = 1.0,
        window: int = MOST_WINDOW,
        room: int = ROOM,
        session: int = 0,
        client: str = "",
    ) -> None:
        self.name = name
        self.client = client or name
        self.leaders = tuple(leaders)
        self._rng = rng
        self._retry_at_most = retry_at_most
        self.flow = Flow(retry_after, window, room)
        self._sequence = 0
        self._session = session  # the instance of the command that opened it; 0 while there is none
        self._primary = self.leaders[-1]
        self._waiting: deque[_Outstanding] = deque()
        self._out: dict[int, _Outstanding] = {}
        self._under_way = 0  # bytes that those take on their way
        self._sent = 0  # the highest sequence that was ever sent
        self._oldest = 1  # no command before this one is under way
        self._due: list[tuple[float, int, int]] = []

    @property
    def unanswered(self) -> int:
        """How many commands have no answer yet."""
        return len(self._waiting) + len(self._out)

    @property
    def deadline(self) -> float | None:
        """When the next retry is due."""
        return self._due[0][0] if self._due else None

    def start(self, now: float) -> Effects:
        """Begin; a client speaks only when it has a command."""
        return Effects()

    def submit(self, value: str | bytes, now: float) -> tuple[int, Effects]:
        """Take a value to have chosen; return its sequence number and what to do.

        Raises:
            ValueError: the value needs a message larger than a datagram can carry.
        """
        check_value(value)
        (sequence,), effects = self.submit_all([value], now)
        return sequence, effects

    def submit_all(self, values: Sequence[str | bytes], now: float) -> tuple[range, Effects]:
        """Take several values, each of which `check_value` lets pass, as `submit` takes one."""
        effects = Effects()
        first = self._sequence + 1
        self._sequence += len(values)
        for sequence, value in enumerate(values, first):
            command = Command(self.client, sequence, value)
            effects.say(Submitted(self.client, sequence, command))
            self._waiting.append(_Outstanding(command, now))
        self._send_more(now, effects)
        return range(first, first + len(values)), effects

    def open(self, now: float) -> Effects:
        """Ask for a session before there is a command, unless there is one or was asked for."""
        effects = Effects()
        if not self._session:
            self._open_session(now, effects)
        return effects

    def ask_first(self, leader: str) -> None:
        """Send what comes next to `leader`, whoever answered last; ValueError if it is none."""
        if leader not in self.leaders:
            raise ValueError(f"no leader {leader!r}: there are {', '.join(self.leaders)}")
        self._primary = leader

    def give_up(self, now: float) -> Effects:
        """Stop asking for every command without an answer: its outcome is unknown, not "failed"."""
        effects = Effects()
        for out in [*self._out.values(), *self._waiting]:
            if not out.command.opens_session:
                effects.say(self._answered(out, 0, "given up", "unknown", now))
        self._out.clear()
        self._under_way = 0
        self._waiting.clear()
        return effects

    def receive(self, envelope: Envelope, now: float) -> Effects:
        """Handle a reply or a redirect; what concerns no outstanding command changes nothing."""
        effects = Effects()
        match envelope.message:
            case _ if envelope.sender not in self.leaders:
                reason = f"{self.name} is answered by leaders only"
                effects.say(Refused(envelope.id, envelope.sender, reason))
            case Reply() as reply if reply.client == self.client:
                self._reply(envelope.sender, reply, now, effects)
                self._send_more(now, effects)
            case Replies(replies) if ours := [r for r in replies if r.client == self.client]:
                for reply in ours:
                    self._reply(envelope.sender, reply, now, effects)
                self._send_more(now, effects)
            case Redirect() as redirect if redirect.client == self.client:
                self._redirect(redirect, now, effects)
            case other:
                reason = f"{self.name} takes no {KINDS[type(other)]} of others"
                effects.say(Refused(envelope.id, envelope.sender, reason))
        return effects

    def tick(self, now: float) -> Effects:
        """Try another leader for each command that has waited too long."""
        effects = Effects()
        if len(self._due) > STALE + 2 * len(self._out):
            self._forget_answered()
        while self._due and self._due[0][0] <= now:
            _, sequence, sendings = heapq.heappop(self._due)
            out = self._out.get(sequence)
            if out is None or out.sendings != sendings:
                continue
            self._missed(out)
            if out.asked == self._primary:  # else another command has turned away from it already
                self._turn_from(self._primary)
            self._send_again(out, now, effects, "no answer")
        return effects

    def _reply(self, sender: str, reply: Reply, now: float, effects: Effects) -> None:
        out = self._out.pop(reply.sequence, None)
        if out is None:
            return  # a duplicate: the command has had its one answer
        self._primary = sender
        self._under_way -= out.cost
        self.flow.answered(_latency(out, sender, now), utf8_size(reply.result))
        if out.command.opens_session:
            self._session = reply.instance
            effects.say(SessionOpened(self.client, reply.instance))
        else:
            effects.say(self._answered(out, reply.instance, reply.result, reply.outcome, now))
            if reply.outcome == "unknown" and out.command.session == self._session:
                self._session = 0  # it has expired: what was not sent yet goes under a new one

    def _answered(
        self, out: _Outstanding, instance: int, result: str, outcome: str, now: float
    ) -> Event:
        seconds = now - out.since
        return Answered(self.client, out.command.sequence, instance, result, outcome, seconds)

    def _redirect(self, redirect: Redirect, now: float, effects: Effects) -> None:
        out = self._out.get(redirect.sequence)
        if out is None:
            return
        known = redirect.primary in self.leaders and redirect.primary != out.asked
        if known and redirect.primary is not None and out.led_on < len(self.leaders):
            out.led_on += 1
            self._primary = redirect.primary
            self._send_again(out, now, effects, f"redirected to {redirect.primary}")
        elif redirect.primary is None or known:
            # Nobody leads, or the leaders point at each other: ask again soon, but not at once, or
            # the question circles as fast as the network carries it.
            out.sendings += 1
            self._due_in(out, now, ASK_AGAIN)

    def _send_more(self, now: float, effects: Effects) -> None:
        if not self._session:
            if self._waiting:
                self._open_session(now, effects)
            return
        flow = self.flow
        window, wait = flow.window, flow.wait
        while self._waiting and len(self._out) < window:
            out = self._waiting[0]
            cost = flow.cost(utf8_size(out.command.value))
            if self._under_way and self._under_way + cost > flow.room:
                break
            self._waiting.popleft()
            out.cost = cost
            self._under_way += cost
            sequence = out.command.sequence
            while self._oldest < sequence and self._oldest not in self._out:
                self._oldest += 1  # sequences are sent in order, so this passes each one once
            # From its first sending on a command is the same in every retry.
            value = out.command.value
            out.command = Command(self.client, sequence, value, self._oldest, self._session)
            self._out[sequence] = out
            self._sent = sequence
            self._send(out, now, wait, effects)

    def _open_session(self, now: float, effects: Effects) -> None:
        """Ask for a session, whose id no command before can have used (once at a time)."""
        if 0 not in self._out:
            out = self._out[0] = _Outstanding(Command(self.client, 0, "open session"), now)
            effects.say(Submitted(self.client, 0, out.command))
            self._send(out, now, self.flow.wait, effects)

    def _send_again(self, out: _Outstanding, now: float, effects: Effects, why: str) -> None:
        effects.say(Retried(self.client, out.command.sequence, self._primary, why))
        wait = self.flow.wait
        if out.missed:
            wait = max(wait, min(wait * 2.0 ** min(out.missed, 16), self._retry_at_most))
        self._send(out, now, wait, effects)

    def _send(self, out: _Outstanding, now: float, wait: float, effects: Effects) -> None:
        out.sendings += 1
        out.asked, out.sent_at = self._primary, now
        effects.send(self._primary, Request(out.command))
        self._due_in(out, now, wait)

    def _missed(self, out: _Outstanding) -> None:
        if not out.missed:
            out.missed_from, out.missed_since = out.asked, out.sent_at
        out.missed += 1
        out.led_on = 0
        self.flow.missed(out.command.sequence, self._sent)

    def _due_in(self, out: _Outstanding, now: float, wait: float) -> None:
        due = now + jittered(wait, self._rng)
        heapq.heappush(self._due, (due, out.command.sequence, out.sendings))

    def _forget_answered(self) -> None:
        """Drop the timers of what is answered: at once, since one by one they cost more."""
        out = self._out
        self._due = [due for due in self._due if due[1] in out and out[due[1]].sendings == due[2]]
        heapq.heapify(self._due)

    def _turn_from(self, leader: str) -> None:
        self._primary = self.leaders[(self.leaders.index(leader) + 1) % len(self.leaders)]


def _latency(out: _Outstanding, sender: str, now: float) -> float | None:
    """Return how long an answer took, as far as that is known; None if it is not.

    Which of several sendings is answered is unknown (Karn and Partridge, 1987). Where the leader
    answers at last whose answer was missed, it was slow rather than gone: it took since then, at
    the most. Where another one does, nothing is known about either.
    """
    if not out.missed:
        return now - out.sent_at
    return now - out.missed_since if sender == out.missed_from else None


def check_value(value: str | bytes) -> None:
    """Raise ValueError, in one line, if `value` cannot be sent in one datagram.

    Raises:
        TypeError: it is neither text nor bytes, and no node could take it.
    """
    if type(value) is not str and type(value) is not bytes:
        raise TypeError(f"a value is text or bytes, and this one is a {type(value).__name__}")
    if len(value) < MAX_COMMAND_BYTES // UTF8_AT_MOST - 64:
        return
    size = command_size(Command("", 0, value))
    if size > MAX_COMMAND_BYTES:
        raise ValueError(
            f"the value needs {size:,} bytes, and a command may have {MAX_COMMAND_BYTES:,}:"
            " submit a shorter one"
        )
