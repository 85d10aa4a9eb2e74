"""Hypothesis strategies: every event and message, built from the declared types of its fields."""

from __future__ import annotations

import types
import typing
from dataclasses import fields
from typing import Any

from hypothesis import strategies as st

from paxos_engine.roles.events import ALL_EVENTS, Entry, Event
from paxos_engine.roles.messages import KINDS, AcceptedReport, Reply
from paxos_engine.roles.values import NOOP, Command, ProposalNumber, Value

texts = st.text(max_size=12)  # surrogates included
numbers = st.builds(ProposalNumber, st.integers(0, 2**40), st.integers(0, 99))
commands = st.builds(
    Command, texts, st.integers(0, 2**40), texts | st.binary(max_size=12), st.integers(0, 9)
)
values = st.just(NOOP) | commands
seconds = st.integers(0, 10**9).map(lambda microseconds: microseconds / 10**6)
plans = st.dictionaries(st.text("abc", min_size=1), st.integers() | st.lists(st.text("AL12")))

_BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(0, 2**48),
    float: seconds,
    bool: st.booleans(),
    str: texts,
    bytes: st.binary(max_size=12),
    str | bytes: texts | st.binary(max_size=12),
    ProposalNumber: numbers,
    Command: commands,
    Value: values,
    dict[str, Any]: plans,
    dict[str, int]: st.dictionaries(texts, st.integers(0, 65535)),
    typing.get_type_hints(_body := next(e for e in ALL_EVENTS if e.name == "sent"))["body"]: (
        st.deferred(lambda: st.one_of([instances_of(kind) for kind in KINDS]))
    ),
    Reply: st.builds(Reply, texts, st.integers(0, 2**48), st.integers(1, 2**48), texts, texts),
    AcceptedReport: st.builds(AcceptedReport, st.integers(1, 2**48), numbers, values),
}


def of(hint: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for a declared type."""
    if hint in _BY_TYPE:
        return _BY_TYPE[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(of(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*[of(argument) for argument in arguments])
    if origin in (types.UnionType, typing.Union):
        return st.one_of([st.none() if a is types.NoneType else of(a) for a in arguments])
    raise TypeError(f"no strategy for {hint}")


def instances_of(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for a dataclass."""
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{field.name: of(hints[field.name]) for field in fields(kind)})


def entries_of(event: type[Event]) -> st.SearchStrategy[Entry]:
    """Return a strategy for entries of one event type."""
    return st.builds(Entry, st.integers(0, 2**60), seconds, texts, instances_of(event))
