"""What a replay says of an event, in words: those of the explanations, and these for the rest."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from paxos_engine import Event, tell

SENTENCES: Final = {
    "lost": "never receives {message} from {from_} ({reason})",
    "refused": "refuses {message} from {from_} ({reason})",
    "duplicated": "will receive {message} from {from_} twice ({by})",
    "delayed": "waits for {message} from {from_}, which is kept back ({by}, {seconds:.3f} s)",
    "heartbeat": "hears the heartbeat of {from_}, which leads under {number}",
    "gap_found": "finds instance {instance} open ({reason})",
    "gap_filled": "fills instance {instance}, which was open ({reason}): {outcome}",
    "catch_up": "asks {peer} for what was chosen in instances {first} to {last}",
    "session": "has a session, which instance {session} opened",
    "retried": "sends command #{sequence} again, to {to} ({reason})",
    "suspected": "hears no primary, and will ask for promises under {number} ({reason})",
    "failed": "fails: it neither hears nor speaks, and keeps its memory",
    "recovered": "hears and speaks again",
    "paused": "stands still",
    "resumed": "goes on after it stood still",
    "faults_changed": "changes: {reason}",
    "written_off": "changes which leaders are written off: {reason}",
    "skipped": "lacks events here: {count}",
    "violation": "finds a rule broken: {rule}",
}
"""By the name of an event, what its node does or what happens to it; its fields stand in braces."""


def sentence(event: Event) -> str:
    """Return what the node did, or what happened to it, in one line."""
    words = SENTENCES.get(event.name)
    if words is None:
        return tell(event)
    told = {field.name: getattr(event, field.name) for field in fields(event)}
    return " ".join(words.format_map(told).splitlines())
