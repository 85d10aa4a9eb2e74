"""The order contract of docs/trace-format.md: what a trace must not say before what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from paxos_engine.roles.events import (
    AcceptedValue,
    Answered,
    Delivered,
    Entry,
    Sent,
    Submitted,
    Synced,
)
from paxos_engine.roles.messages import Message, Replies, Reply, Request, Requests
from paxos_engine.roles.values import Command


def asked_in(message: Message) -> tuple[Command, ...]:
    """Return the commands that a message asks for."""
    match message:
        case Request(command):
            return (command,)
        case Requests(commands):
            return commands
        case _:
            return ()


def replies_in(message: Message | None) -> tuple[Reply, ...]:
    """Return the answers that a message brings."""
    match message:
        case Reply():
            return (message,)
        case Replies(replies):
            return replies
        case _:
            return ()


def order_breaches(entries: Iterable[Entry]) -> list[str]:
    """Return each line that comes before one which must have gone before it."""
    wrong: list[str] = []
    sent: dict[str, Message] = {}
    synced: Counter[str] = Counter()
    recorded: Counter[str] = Counter()
    submitted: set[tuple[str, int]] = set()
    replied: set[tuple[str, int]] = set()

    def demand(holds: bool, entry: Entry, what: str) -> None:
        if not holds:
            wrong.append(f"seq {entry.seq}: {what}")

    for entry in entries:
        match entry.event:
            case Sent(message=name, body=body, after=after):
                demand(synced[entry.node] >= after, entry, "sent before the sync it depends on")
                for command in asked_in(body):
                    key = (command.client, command.sequence)
                    demand(key in submitted, entry, "asked before it was submitted")
                sent[name] = body
            case Delivered(message=name):
                demand(name in sent, entry, "delivered before it was sent")
                replied |= {(r.client, r.sequence) for r in replies_in(sent.get(name))}
            case AcceptedValue(mark=mark):
                demand(synced[entry.node] < mark, entry, "synced before it was recorded")
                recorded[entry.node] = mark
            case Synced(mark=mark):
                demand(recorded[entry.node] <= mark, entry, "a sync that goes back")
                synced[entry.node] = mark
            case Submitted(client=client, sequence=sequence):
                submitted.add((client, sequence))
            case Answered(client=client, sequence=sequence):
                demand((client, sequence) in replied, entry, "answered before the reply arrived")
    return wrong
