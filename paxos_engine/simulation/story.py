"""A path in words: one line for each turn."""

from __future__ import annotations

from paxos_engine.roles.messages import (
    Accept,
    Accepted,
    Heartbeat,
    Message,
    Nack,
    Prepare,
    Promise,
    Request,
)
from paxos_engine.roles.values import Value, commands_of
from paxos_engine.simulation.path import Path, Turn
from paxos_engine.simulation.steps import Act, Deliver, Input


def tell_path(path: Path) -> list[str]:
    """Return a path in words, a line for each turn."""
    return [*map(_told, path.turns), *map(_learned, path.learning)]


def named(value: Value) -> str:
    """Return what a value is called: whose it is."""
    owners = dict.fromkeys(f"{command.client}'s command" for command in commands_of(value))
    return " and ".join(owners) or "the no-op"


def _told(turn: Turn) -> str:
    heard = [words for what in turn.inputs if (words := _heard(what, turn.node))]
    said = dict.fromkeys(_said(letter.message, turn) for letter in turn.sent)
    return f"{turn.node} {', '.join([*heard, *(words for words in said if words)])}"


def _heard(what: Input, node: str) -> str:
    """Say what a node took in; empty where what it says then tells as much."""
    match what:
        case Act.CRASH:
            return "crashes and comes back"
        case Act.SUSPECT:
            return ""
        case Deliver(sender=sender, message=Promise(number=number) as promise):
            return f"hears {sender} promise {number}{_report(promise)}"
        case Deliver(sender=sender, message=Nack(number=number)):
            return f"hears {sender} refuse {number}"
        case Deliver(sender=sender, message=Heartbeat(number=number)):
            return f"hears {sender} lead under {number}"
        case Deliver(sender=sender, message=Accept(number=number)) if node.startswith("L"):
            return f"hears {sender} propose under {number}"
        case Deliver(sender=sender, message=Request()):
            return f"is asked by {sender}"
        case _:
            return ""


def _said(message: Message, turn: Turn) -> str:
    match message:
        case Prepare(number=number, last=None):
            return f"prepares {number}"
        case Prepare(number=number, first=first):
            return f"prepares {number} once more, for instance {first} alone"
        case Promise(number=number) as promise:
            return f"promises {number} to {number.leader}{_report(promise)}"
        case Nack(number=number, promised=promised):
            return f"refuses {number} of {number.leader}, having promised {promised}"
        case Heartbeat(number=number):
            return f"leads under {number}"
        case Accept(number=number, value=value):
            return f"proposes {named(value)} under {number}"
        case Accepted(number=number):
            values = [x.message for x in turn.inputs if isinstance(x, Deliver)]
            return "".join(
                f"accepts {named(accept.value)} under {number}"
                for accept in values
                if isinstance(accept, Accept) and accept.number == number
            )
        case _:
            return ""


def _report(promise: Promise) -> str:
    for report in promise.reported:
        return f" with {named(report.value)} accepted under {report.number}"
    return " with nothing accepted"


def _learned(turn: Turn) -> str:
    messages = [x.message for x in turn.inputs if isinstance(x, Deliver)]
    votes = [x.sender for x in turn.inputs if isinstance(x, Deliver) and _is_vote(x)]
    number = next(m.number for m in messages if isinstance(m, Accepted))
    twice = "a vote" if len(votes) == 1 else "the votes"
    return f"{turn.node} hears {twice} of {' and '.join(votes)} for {number}, and learns its value"


def _is_vote(what: Deliver) -> bool:
    return isinstance(what.message, Accepted)
