"""Plans drawn from seeds: each run has its own mixture, with some kinds of fault switched off.

("Swarm Testing", Groce and others, 2012: runs that leave some features out find more than runs
that use all of them.) Some runs aim at situations that chance alone meets rarely.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Final

from paxos_engine.faults.profiles import LinkFaults
from paxos_engine.roles.assembly import RIGHT, Rules, Shape
from paxos_engine.roles.election import Timing
from paxos_engine.simulation.plan import LATENCY, Act, Ask, Plan

MIXED: Final = (
    *("fail", "pause", "crash", "power cut", "torn write", "bit flip", "wipe", "disk failure"),
    *("partition", "cut", "slow link", "slow disks", "clock", "suspect", "fill gaps"),
)
"""Kinds of fault that a run draws its mixture from."""

KINDS: Final = (*MIXED, "clock jump", "deafen")
"""Every kind of fault."""

JUMPS: Final = (-30.0, -1.0, -0.1, 0.1, 1.0, 30.0)
"""Seconds by which a clock is set wrong: less, about as much, and more than leaders are patient."""

DEAF: Final = 0.3
"""The part of the runs without an aim in which a leader hears nothing from some moment on."""

JUMPY: Final = 0.5
"""The part of the runs without an aim in which clocks jump."""

AIMS: Final = ("duel", "overlap in one", "around a sync", "late accepts", "takeover at once")
"""Situations that a run may aim at; one run in six aims at none."""

FAR: Final = (0.2, 0.3)
"""Seconds that a datagram takes in a slow network: a claim takes about an election time-out."""

FROM_BEHIND: Final = 0.3
"""The part of the takeovers that are by a leader without a history that the others have dropped."""

SLOW_DUELS: Final = 0.3
"""The part of the duels that are fought over such a network."""

DISTINGUISHED: Final = 0.2
"""The part of the runs in which the leader that proposes is the distinguished learner."""

VALUES: Final = ("set {k} {n}", "get {k}", "del {k}", "incr {k}", "cas {k} {n} {m}", "value {n}")


def draw(seed: int, rules: Rules = RIGHT) -> Plan:
    """Return the plan of a seed."""
    rng = random.Random(f"{seed}/swarm")
    aim = rng.choice((*AIMS, ""))
    if aim == "takeover at once" and random.Random(f"{seed}/behind").random() < FROM_BEHIND:
        aim = "takeover from behind"
    shape = _shape(rng, seed, rules, aim)
    storm = rng.uniform(2.0, 6.0)
    acts = _acts(rng, shape, storm, aim)
    if not aim:  # what is aimed at is not disturbed
        acts += _jumps(seed, shape, storm) + _deafened(seed, shape, storm)
    return Plan(
        seed=seed,
        shape=shape,
        faults=_faults(rng),
        acts=tuple(sorted(acts)),
        asks=tuple(_asks(rng, shape, storm)),
        storm=storm,
        latency=_latency(seed, aim),
    )


def _latency(seed: int, aim: str) -> tuple[float, float]:
    """Let some duels be fought over a network that is nearly as slow as leaders are patient.

    Nobody hears of a claim before the next one is under way: only leaders that wait, each for a
    while of its own, come apart there.
    """
    slow = aim == "duel" and random.Random(f"{seed}/latency").random() < SLOW_DUELS
    return FAR if slow else LATENCY


def _shape(rng: random.Random, seed: int, rules: Rules, aim: str) -> Shape:
    few = aim != ""  # what is aimed at happens between few nodes
    shape = Shape(
        leaders=rng.choice((2, 3)) if few else rng.choice((1, 2, 2, 3, 4)),
        acceptors=rng.choice((3, 3, 5)) if few else rng.choice((1, 2, 3, 3, 4, 5, 5, 6, 7)),
        clients=rng.choice((1, 1, 2, 3)),
        mode=rng.choice(("multi", "multi", "classic")),
        election="number",  # the seed's rule may block for ever (S15): no liveness to demand
        seed=seed,
        timing=Timing(
            heartbeat_every=rng.choice((0.2, 0.4)),
            election_timeout=rng.choice((0.8, 1.5)),
            gap_fill_after=rng.choice((0.5, 2.0)),
        ),
        pipeline=rng.choice((1, 4, 64)),
        batch=random.Random(f"{seed}/batch").choice((1, 1, 2, 8)),
        distinguished=random.Random(f"{seed}/learner").random() < DISTINGUISHED,
        snapshot_every=rng.choice((2, 5, 10_000, 10_000)),
        rules=rules,
    )
    # A majority of the leaders has to have what is dropped, and one of them must not.
    return replace(shape, leaders=3, snapshot_every=1) if aim == "takeover from behind" else shape


def _faults(rng: random.Random) -> LinkFaults:
    return LinkFaults(
        delay=rng.choice((0.0, 0.0, 0.01, 0.1)),
        distribution=rng.choice(("uniform", "exponential", "pareto")),
        longest=2.0,
        loss=rng.choice((0.0, 0.0, 0.05, 0.25)),
        duplicate=rng.choice((0.0, 0.0, 0.2)),
        reorder=rng.choice((0.0, 0.0, 0.2)),
        gap=0.1,
    )


def _asks(rng: random.Random, shape: Shape, storm: float) -> list[Ask]:
    asks = []
    for number in range(rng.choice((1, 3, 6, 12))):
        value = rng.choice(VALUES).format(k=rng.choice("ab"), n=number, m=number + 1)
        client = rng.choice(shape.client_names)
        asks.append(Ask(rng.uniform(0.0, storm), client, value))
    return sorted(asks)


def _acts(rng: random.Random, shape: Shape, storm: float, aim: str) -> list[Act]:
    kinds = [kind for kind in MIXED if rng.random() < 0.3]
    acts: list[Act] = []
    for _ in range(rng.choice((2, 5, 10)) if kinds else 0):
        acts += _act(rng, shape, rng.choice(kinds), rng.uniform(0.1, storm))
    return acts + _aimed(rng, shape, storm, aim)


def _act(rng: random.Random, shape: Shape, kind: str, t: float) -> list[Act]:
    """Return something of a kind that begins at `t`, with its end."""
    servers = (*shape.leader_names, *shape.acceptor_names)
    name = rng.choice(servers)
    end = t + rng.choice((0.05, 0.5, 2.0))
    match kind:
        case "partition":
            side = tuple(sorted(rng.sample(servers, rng.randint(1, len(servers)))))
            return [Act(t, kind, side), Act(end, "heal")]
        case "cut":
            return [Act(t, kind, tuple(rng.sample(servers, 2))), Act(end, "heal")]
        case "slow link":
            return [Act(t, kind, (name,), rng.uniform(0.2, 2.0)), Act(end, "links as before")]
        case "slow disks":
            return [Act(t, kind, (), rng.uniform(0.01, 0.5)), Act(end, kind)]
        case "clock":
            return [Act(t, kind, (name,), rng.choice((0.5, 0.9, 1.1, 2.0)))]
        case "suspect" | "fill gaps":
            return [Act(t, kind, (rng.choice(shape.leader_names),))]
        case _:
            return [Act(t, kind, (name,), rng.random()), Act(end, "recover", (name,))]


def _jumps(seed: int, shape: Shape, storm: float) -> list[Act]:
    """Let clocks jump in some runs; by chance of its own, so that it joins every mixture."""
    rng = random.Random(f"{seed}/jumps")
    if rng.random() >= JUMPY:
        return []
    servers = (*shape.leader_names, *shape.acceptor_names)
    return [
        Act(rng.uniform(0.1, storm), "clock jump", (rng.choice(servers),), rng.choice(JUMPS))
        for _ in range(rng.choice((1, 2, 5)))
    ]


def _deafened(seed: int, shape: Shape, storm: float) -> list[Act]:
    """Let a leader become deaf for good in some runs, where others are left to lead.

    It still speaks: only one that falls silent lets the others take over (S15).
    """
    rng = random.Random(f"{seed}/hearing")
    if shape.leaders < 2 or rng.random() >= DEAF:
        return []
    return [Act(rng.uniform(0.3, storm), "deafen", (rng.choice(shape.leader_names),))]


# --- situations that a run aims at -----------------------------------------------------------


def _aimed(rng: random.Random, shape: Shape, storm: float, aim: str) -> list[Act]:
    match aim:
        case "duel":
            return _duel(rng, shape, storm)
        case "overlap in one":
            return _overlap(rng, shape, storm)
        case "around a sync":
            return _around_a_sync(rng, shape, storm)
        case "late accepts":
            return _late_accepts(rng, shape, storm)
        case "takeover at once":
            return _takeover_at_once(rng, shape, storm)
        case "takeover from behind":
            return _takeover_from_behind(rng, shape, storm)
    return []


def _duel(rng: random.Random, shape: Shape, storm: float) -> list[Act]:
    """Let the leaders claim the primacy in turn."""
    t, acts = rng.uniform(0.2, 1.0), []
    while t < storm:
        acts.append(Act(t, "suspect", (rng.choice(shape.leader_names),)))
        t += rng.choice((0.001, 0.002, 0.01, 0.3))
        if len(acts) > 40:
            break
    return acts


def _overlap(rng: random.Random, shape: Shape, storm: float) -> list[Act]:
    """Let one leader after the other reach a bare quorum; the quorums share one acceptor."""
    names = list(shape.acceptor_names)
    rng.shuffle(names)
    size, acts = shape.quorums.phase1, []
    for turn, t in enumerate(_times(rng, storm, 4)):
        quorum = names[:size] if turn % 2 == 0 else names[-size:]
        leader = rng.choice(shape.leader_names)
        acts += [
            Act(t, "heal"),
            Act(t, "partition", (leader, *sorted(quorum))),
            Act(t + 0.001, "suspect", (leader,)),
        ]
    return acts


def _around_a_sync(rng: random.Random, shape: Shape, storm: float) -> list[Act]:
    """Cut the power of acceptors right before a sync, or right after one."""
    acts = [Act(0.2, "slow disks", (), rng.choice((0.002, 0.02)))] if rng.random() < 0.6 else []
    for t in _times(rng, storm, 5):
        name = rng.choice(shape.acceptor_names)
        after = rng.choice(("accepted", "promised", "synced"))
        kind = rng.choice(("power cut", "power cut", "torn write", "crash"))
        acts += [
            Act(t, kind, (name,), rng.random(), after),
            Act(t + rng.uniform(0.05, 0.5), "recover", (name,)),
            Act(t + rng.uniform(0.0, 0.3), "suspect", (rng.choice(shape.leader_names),)),
        ]
    return acts


def _late_accepts(rng: random.Random, shape: Shape, storm: float) -> list[Act]:
    """Let what a primary sends arrive only after another leader's phase 1."""
    acts = []
    for t in _times(rng, storm, 3):
        slow, fast = rng.sample(shape.leader_names, 2)
        acts += [
            Act(t, "slow link", (slow,), rng.uniform(0.1, 0.6)),
            Act(t + 0.05, "links as before"),
            Act(t + 0.05 + rng.uniform(0.0, 0.05), "suspect", (fast,)),
        ]
    return acts


def _takeover_at_once(rng: random.Random, shape: Shape, storm: float) -> list[Act]:
    """Lose the primary right after it proposed, or at the first vote, and let another take over."""
    acts = []
    for t in _times(rng, storm, 3):
        old, new = rng.sample(shape.leader_names, 2)
        kind = rng.choice(("fail", "crash", "power cut", "pause"))
        acts += [
            Act(t, kind, (old,), 0.0, rng.choice(("proposed", "learned", "primary"))),
            Act(t + rng.uniform(0.0, 0.3), "suspect", (new,)),
            Act(t + rng.uniform(0.3, 1.5), "recover", (old,)),
        ]
    return acts


def _takeover_from_behind(rng: random.Random, shape: Shape, storm: float) -> list[Act]:
    """Let a leader take over that was cut off while the others dropped what it never had (S24)."""
    behind = rng.choice(shape.leader_names)
    t = rng.uniform(storm / 2, storm)
    return [
        Act(0.0, "partition", (behind,)),
        Act(t, "heal"),
        Act(t, "partition", (behind, *shape.acceptor_names)),
        Act(t + 0.001, "suspect", (behind,)),
    ]


def _times(rng: random.Random, storm: float, most: int) -> list[float]:
    return sorted(rng.uniform(0.3, storm) for _ in range(rng.randint(1, most)))
