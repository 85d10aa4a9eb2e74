"""A scenario file read strictly: whatever is wrong with it is said with file, line and remedy."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar, cast

from paxos_engine.checks.invariants import INVARIANTS
from paxos_engine.checks.linear import LINEARIZABLE
from paxos_engine.roles.assembly import names
from paxos_engine.roles.values import MAX_BATCH
from paxos_engine.scenarios.form import (
    WITHIN,
    Aside,
    Expected,
    Passed,
    Quiet,
    Scenario,
    Start,
    Step,
    Trigger,
    Under,
)
from paxos_engine.scenarios.lines import LineIndex
from paxos_engine.scenarios.patterns import (
    NODE,
    EventPattern,
    PatternError,
    event_pattern,
    message_pattern,
    nearest,
)
from paxos_engine.scenarios.tables import Table
from paxos_engine.scenarios.verbs import action
from paxos_engine.scenarios.wrong_rules import WRONG_RULES

MOST: Final = {"acceptors": 9, "leaders": 9, "clients": 9}
"""How many nodes of a kind a scenario may have."""

RULES: Final = tuple(rule.name for rule in (*INVARIANTS, LINEARIZABLE))
"""The names of all safety rules."""

_SECONDS_PASS: Final = re.compile(r"(\d+(?:\.\d+)?) s pass(?:es)?")

T = TypeVar("T")


class ScenarioError(ValueError):
    """A scenario file that cannot be played; the text names file and line, and what is expected."""


def read_scenario(path: Path) -> Scenario:
    """Return the scenario of a file.

    Raises:
        ScenarioError: the file cannot be read, or is no scenario.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path}: no UTF-8 at byte {error.start + 1}") from error
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror or error}") from error
    return parse_scenario(text, str(path))


def parse_scenario(text: str, file: str) -> Scenario:
    """Return the scenario that a text describes.

    Args:
        text: TOML.
        file: its name, for messages.

    Raises:
        ScenarioError: it is no scenario.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(_syntax(file, text, error)) from error
    except (ValueError, RecursionError) as error:  # what the reader of the library did not foresee
        raise ScenarioError(f"{file}: no TOML: a number too long, or nested too deep") from error
    return _scenario(Table(raw, (), LineIndex(text), file, ScenarioError))


def _syntax(file: str, text: str, error: tomllib.TOMLDecodeError) -> str:
    found = re.search(r"^(.*) \(at (?:line (\d+), column (\d+)|end of document)\)$", str(error))
    if found is None:
        return f"{file}: no TOML: {error}"
    line = found[2] or str(len(text.splitlines()) or 1)
    where = f", column {found[3]}" if found[3] else ""
    return f"{file}:{line}: no TOML: {found[1]}{where}"


def _scenario(top: Table) -> Scenario:
    top.only("id", "title", "question", "answer", "wrong_rule", "start", "step", "aside", "expect")
    texts = {key: top.text(key, needed=True) for key in ("id", "title", "question", "answer")}
    wrong_rule = top.text("wrong_rule")
    if wrong_rule and wrong_rule not in WRONG_RULES:
        raise top.error(
            "wrong_rule", f"no wrong rule {wrong_rule!r}{nearest(wrong_rule, WRONG_RULES)}"
        )
    start_table = top.table("start")
    reader = _Reader(_start(start_table))
    reader.check_start(start_table)
    steps = tuple(reader.step(table) for table in top.tables("step"))
    if not steps:
        raise top.error("", "a scenario needs at least one [[step]]")
    asides = tuple(reader.aside(table) for table in top.tables("aside"))
    expect = top.table("expect", needed=True)
    expect.only("right", "wrong")
    right = reader.expected(expect.table("right", needed=True))
    wrong = reader.expected(expect.table("wrong")) if "wrong" in expect else None
    if right.violates:
        raise expect.table("right").error("violates", "the right rules break no rule")
    if wrong_rule and wrong is None:
        raise top.error("wrong_rule", "a wrong rule needs an [expect.wrong]")
    if wrong is not None and not wrong_rule:
        raise expect.error("wrong", 'an [expect.wrong] needs a wrong_rule = "..." at the top')
    return Scenario(
        file=top.file,
        wrong_rule=wrong_rule,
        start=reader.start,
        steps=steps,
        asides=asides,
        right=right,
        wrong=wrong,
        **texts,
    )


def _start(table: Table) -> Start:
    default = Start()
    table.only(*Start.__slots__)
    counts = {key: table.number(key, getattr(default, key), 1, most) for key, most in MOST.items()}
    quorums = {key: table.number(key, 0, 1, counts["acceptors"]) for key in ("phase1", "phase2")}
    majority = counts["acceptors"] // 2 + 1
    if sum(size or majority for size in quorums.values()) <= counts["acceptors"]:
        key = "phase2" if quorums["phase2"] else "phase1"
        raise table.error(
            key, f"quorums that can be disjoint: phase1 + phase2 must exceed {counts['acceptors']}"
        )
    primary = table.text("primary")
    leaders = names("L", counts["leaders"])
    if primary and primary not in leaders:
        raise table.error("primary", f"no leader {primary!r}{nearest(primary, leaders)}")
    return Start(
        **counts,
        **quorums,
        mode=table.choice("mode", default.mode, ("multi", "classic")),
        election=table.choice("election", default.election, ("number", "port")),
        seed=table.number("seed", 0, 0, 2**31),
        primary=primary,
        timers=table.flag("timers"),
        pipeline=table.number("pipeline", default.pipeline, 1, 1000),
        batch=table.number("batch", default.batch, 1, MAX_BATCH),
        thrifty=table.flag("thrifty"),
        distinguished=table.flag("distinguished"),
        snapshot_every=table.number("snapshot_every", default.snapshot_every, 1, 1_000_000),
        latency=table.seconds("latency", default.latency, 1.0),
        hold=tuple(_read(table, "hold", line, message_pattern) for line in table.texts("hold")),
    )


def _read(table: Table, key: str, text: str, reader: Callable[[str], T]) -> T:
    """Read one line of the scenario's language, and say where it stands if it means nothing."""
    try:
        return reader(text)
    except PatternError as error:
        raise table.error(key, str(error), text) from error


class _Reader:
    """Reads what speaks of nodes, and knows which nodes there are.

    Args:
        start: the cluster.
    """

    def __init__(self, start: Start) -> None:
        self.start = start
        self._nodes = {
            *names("A", start.acceptors),
            *names("L", start.leaders),
            *names("C", start.clients),
        }

    def check_start(self, table: Table) -> None:
        """Refuse held messages of nodes that are not there."""
        for pattern in self.start.hold:
            self._check_nodes(table, "hold", pattern.text)

    def step(self, table: Table) -> Step:
        """Return a step."""
        table.only("when", "say", "do", "within", "under")
        do = tuple(self._language(table, "do", line, action) for line in table.texts("do"))
        when = table.text("when")
        found = Step(
            table.line(),
            self._language(table, "when", when, _trigger) if when else None,
            table.text("say"),
            do,
            table.seconds("within", WITHIN, 3600.0),
            _under(table),
        )
        if not (found.do or found.say or found.when):
            raise table.error("", 'an empty step: it needs "do", "say" or "when"')
        return found

    def aside(self, table: Table) -> Aside:
        """Return a line of narration that no step waits for."""
        table.only("when", "say", "under")
        when = self._language(table, "when", table.text("when", needed=True), event_pattern)
        return Aside(table.line(), when, table.text("say", needed=True), _under(table))

    def expected(self, table: Table) -> Expected:
        """Return what is expected under one of the rules."""
        keys = [key for key in Expected.__slots__ if key != "line"]
        table.only(*keys)
        violates = table.text("violates")
        if violates and violates not in RULES:
            raise table.error("violates", f"no rule {violates!r}{nearest(violates, RULES)}")
        return Expected(
            table.line(),
            tuple(table.texts("history")) if "history" in table else None,
            table.by_instance("chosen"),
            tuple(table.texts("answered")),
            tuple(table.texts("unanswered")),
            violates,
            self._events(table, "see"),
            self._events(table, "never"),
        )

    def _events(self, table: Table, key: str) -> tuple[EventPattern, ...]:
        return tuple(self._language(table, key, t, event_pattern) for t in table.texts(key))

    def _language(self, table: Table, key: str, text: str, reader: Callable[[str], T]) -> T:
        found = _read(table, key, text, reader)
        self._check_nodes(table, key, text)
        return found

    def _check_nodes(self, table: Table, key: str, text: str) -> None:
        for word in re.split(r"[\s,|>-]+", re.sub(r"submit \S+ ", "", _unquoted(text))):
            if NODE.fullmatch(word) and word not in self._nodes:
                raise table.error(key, f"no node {word!r}{nearest(word, self._nodes)}", text)


def _unquoted(text: str) -> str:
    """Leave out values: a value may look like a node."""
    return re.sub(r"""(value|command|result) \S+|"[^"]*"|'[^']*'""", "", text)


def _trigger(text: str) -> Trigger:
    if text == "quiet":
        return Quiet()
    if passed := _SECONDS_PASS.fullmatch(text):
        return Passed(float(passed[1]))
    return event_pattern(text)


def _under(table: Table) -> Under:
    return cast("Under", table.choice("under", "both", ("both", "right", "wrong")))
