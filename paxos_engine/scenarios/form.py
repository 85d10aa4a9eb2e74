"""A scenario as data: the question, the start, the steps, and what is expected of both rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from paxos_engine.scenarios.patterns import EventPattern, MessagePattern
from paxos_engine.scenarios.verbs import Action

Under: TypeAlias = Literal["both", "right", "wrong"]
"""Under which rules a step or a line of the narration belongs to the play."""

WITHIN: Final = 30.0
"""Seconds of virtual time for which a step waits unless it says otherwise."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Waits until no message is on its way any more; those held do not count."""


@dataclass(frozen=True, slots=True)
class Passed:
    """Waits for this many seconds of virtual time."""

    seconds: float


Trigger: TypeAlias = EventPattern | Quiet | Passed
"""What a step waits for."""


@dataclass(frozen=True, slots=True)
class Start:
    """The cluster before the first step.

    Args:
        acceptors: how many.
        leaders: how many.
        clients: how many.
        mode: "multi" or "classic".
        election: "number" or "port".
        seed: of every role's jitter.
        phase1: acceptors that make a quorum of phase 1; 0 for a majority.
        phase2: the same of phase 2.
        primary: the leader that leads when the first step begins, every client's session being
            open; empty where nobody leads.
        timers: whether anything happens by itself after a while. Without timers nobody suspects,
            beats, retransmits, retries, fills gaps or catches up unless a step says so.
        pipeline: instances that a primary may have under way at once.
        batch: commands that one instance may decide.
        thrifty: an accept goes to a quorum of acceptors first, to the others if that is silent.
        distinguished: acceptors tell of a vote only the leader that asked for it, which tells the
            others what is chosen.
        snapshot_every: instances between two snapshots.
        latency: seconds that a message takes.
        hold: messages that are held from the first step on.
    """

    acceptors: int = 3
    leaders: int = 2
    clients: int = 1
    mode: str = "multi"
    election: str = "number"
    seed: int = 0
    phase1: int = 0
    phase2: int = 0
    primary: str = ""
    timers: bool = False
    pipeline: int = 64
    batch: int = 1
    thrifty: bool = False
    distinguished: bool = False
    snapshot_every: int = 10_000
    latency: float = 0.001
    hold: tuple[MessagePattern, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step: it waits for its trigger, is told, and does something.

    Args:
        line: where it stands in the file.
        when: what it waits for; None if it follows at once.
        say: the narration; empty for none.
        do: what is done, in order.
        within: seconds of virtual time for which it waits.
        under: under which rules it belongs to the play.
    """

    line: int
    when: Trigger | None
    say: str
    do: tuple[Action, ...]
    within: float = WITHIN
    under: Under = "both"


@dataclass(frozen=True, slots=True)
class Aside:
    """Narration that belongs to an event, whenever it comes first; nothing waits for it."""

    line: int
    when: EventPattern
    say: str
    under: Under = "both"


@dataclass(frozen=True, slots=True)
class Expected:
    """What has to be true at the end.

    Args:
        line: where it stands in the file.
        history: what the leaders that are up have applied, in order, without the openings of
            sessions; None if nothing is said.
        chosen: what the votes have decided, by instance.
        answered: values whose client has been answered.
        unanswered: values whose client has not.
        violates: the safety rule that is broken; empty: none is.
        see: events that have to happen.
        never: events that must not.
    """

    line: int
    history: tuple[str, ...] | None = None
    chosen: Mapping[int, str] = field(default_factory=dict)
    answered: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    violates: str = ""
    see: tuple[EventPattern, ...] = ()
    never: tuple[EventPattern, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario.

    Args:
        file: what it is played by: the path of its file, or the id of one that ships.
        id: by which it is asked for: S04.
        title: a few words.
        question: that it answers.
        answer: to that question, in one or two sentences.
        wrong_rule: the name of the rule whose breaking makes the bad outcome possible; empty where
            there is none.
        start: the cluster before the first step.
        steps: in order.
        asides: narration that no step waits for.
        right: what is expected under the right rules.
        wrong: what is expected under the wrong rule; None where there is none.
    """

    file: str
    id: str
    title: str
    question: str
    answer: str
    wrong_rule: str
    start: Start
    steps: tuple[Step, ...]
    asides: tuple[Aside, ...]
    right: Expected
    wrong: Expected | None
