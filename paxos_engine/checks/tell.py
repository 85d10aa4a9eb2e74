"""One event as the rest of a sentence that begins with the name of its node."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from paxos_engine.checks.base import short
from paxos_engine.roles import events as ev
from paxos_engine.roles.messages import AcceptedReport, Promise, span

REPORTS_TOLD: Final = 3


def tell(event: ev.Event, about: int | None = None) -> str:
    """Return what the node did, or what happened to it.

    Args:
        event: the event.
        about: the instance that the reader asks about; of a long report only that is told.
    """
    told = _phases(event, about) or _history(event) or _circumstances(event) or ev.describe(event)
    return " ".join(told.splitlines())


def _phases(event: ev.Event, about: int | None) -> str:
    match event:
        case ev.Sent(message, to, Promise() as body, after):
            what = f"promise of {body.number} for {_range(body.first, body.last)}"
            told = f"which reports {_reports(body.reported, about)}"
            return f"sends {to} its {what} ({message}, resting on record {after}), {told}"
        case ev.Prepared(number, first, last, reason):
            return f"begins phase 1 under {number} for {_range(first, last)} ({reason})"
        case ev.Promised(number, first, last, reported):
            has = _reports(reported, about)
            return f"promises {number} for {_range(first, last)}; there it has accepted {has}"
        case ev.Proposed(instance, number, value, promises):
            named = ", ".join(promises) or "no promises"
            return f"proposes {short(value)} for instance {instance} under {number}, on {named:.80}"
        case ev.AcceptedValue(instance, number, value, mark):
            what = f"{short(value)} for instance {instance} under {number}"
            return f"accepts {what} (its record {mark})"
        case ev.Rejected(instance, number, promised):
            return f"refuses {number} for instance {instance}, having promised {promised}"
        case ev.BecamePrimary(number, reason):
            return f"leads under {number} ({reason})"
        case ev.Yielded(number, reason):
            return f"gives way to {number} ({reason})"
    return ""


def _history(event: ev.Event) -> str:
    match event:
        case ev.Learned(instance, number, value, source, voters, peer):
            whom = f"from {', '.join(voters) or 'nobody'}" if source == "votes" else f"from {peer}"
            what = f"{short(value)} is chosen for instance {instance} under {number}"
            return f"learns that {what} ({source}, {whom})"
        case ev.Applied(instance, command, result, state, duplicate_of):
            what = short(command) if command else "the no-op"
            again = f", a duplicate of {duplicate_of}" if duplicate_of is not None else ""
            came = f" with result {result!r}" if result is not None else ""
            return f"applies {what} in instance {instance}{came}{again}; its state is {state}"
        case ev.SnapshotMade(kind, applied, state):
            verb = "installs" if kind == "installed" else "takes"
            return f"{verb} a snapshot after instance {applied}; its state is {state}"
        case ev.Dropped(up_to):
            return f"drops everything up to instance {up_to}"
        case ev.Submitted(_, sequence, command):
            return f"is given command #{sequence}, {command.value!r:.60}"
        case ev.Answered(_, sequence, instance, result, outcome):
            said = f"{result!r:.60}, {outcome}"
            return f"gets the answer {said}, to command #{sequence}, naming instance {instance}"
    return ""


def _circumstances(event: ev.Event) -> str:
    match event:
        case ev.Header(acceptors, _, quorum):
            return (
                f"has {counted(len(acceptors), 'acceptor')}, {quorum[0]} for a quorum of phase 1,"
                f" {quorum[1]} for one of phase 2"
            )
        case ev.Sent(message, to, body, after):
            return f"sends {to} {body.describe()} ({message}, resting on record {after})"
        case ev.Delivered(message, from_):
            return f"receives {message} from {from_}"
        case ev.Synced(mark):
            return f"has its records up to {mark} on disk"
        case ev.Crashed(kind, forgotten):
            return f"crashes ({kind}) and loses {forgotten}"
        case ev.Restarted(promised, accepted, applied, mark, note):
            held = f"votes in {counted(accepted, 'instance')}, the promise of {promised}"
            held = held if promised is not None else f"the history applied up to {applied}"
            return f"is back with {counted(mark, 'record')}: {held}{f' ({note})' if note else ''}"
    return ""


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which has an "s" unless there is one of it."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _range(first: int, last: int | None) -> str:
    if last is None:
        return f"every instance from {first} on"
    return f"instance {first}" if first == last else f"instances {span(first, last)}"


def _reports(reported: Iterable[AcceptedReport], about: int | None) -> str:
    said = list(reported)
    if about is not None and len(said) > REPORTS_TOLD:
        said = [report for report in said if report.instance == about]
        if not said:
            return f"nothing for {about}"
    if not said:
        return "nothing"
    shown = [f"{r.instance}: {r.number} {short(r.value)}" for r in said[:REPORTS_TOLD]]
    more = f" and {len(said) - REPORTS_TOLD} more" if len(said) > REPORTS_TOLD else ""
    return ", ".join(shown) + more
