"""Commands and answers by the hundred: said column by column, since most of them are alike.

One client's commands, of one session, are five columns for all of them. What is alike is written
once, and a column is most often seen to be right at one look.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Any

from paxos_engine.roles.messages import Reply
from paxos_engine.roles.values import MAX_INSTANCE, Command
from paxos_engine.wire.reading import (
    MAX_ITEMS,
    Read,
    WireError,
    read_content,
    read_first,
    read_instance,
    read_list,
    read_name,
    read_some,
    read_text,
)


def read_commands(raw: Any) -> tuple[Command, ...]:
    """Return several commands, which come in columns; or raise WireError."""
    commands: list[Command] = []
    for who, opened, sequences, oldests, values in _runs(raw):
        client, session = read_name(who), read_instance(opened)
        count = len(read_some(values))
        rows = zip(
            _column(sequences, count, int, read_instance),
            _column(oldests, count, int, read_instance),
            _column(values, count, str, read_content),
            strict=True,
        )
        commands += [Command(client, number, value, old, session) for number, old, value in rows]
    return tuple(commands)


def read_replies(raw: Any) -> tuple[Reply, ...]:
    """Return the answers to many commands, which come in columns; or raise WireError."""
    replies: list[Reply] = []
    for who, how, sequences, instances, results in _runs(raw):
        client, outcome = read_name(who), read_name(how)
        count = len(read_some(results))
        rows = zip(
            _column(sequences, count, int, read_instance),
            _column(instances, count, int, read_first),
            _column(results, count, str, read_text),
            strict=True,
        )
        replies += [Reply(client, number, at, result, outcome) for number, at, result in rows]
    return tuple(replies)


def columns_of_commands(commands: Iterable[Command]) -> list[Any]:
    """Return commands as columns, for each run of one session: most are of a single one."""
    columns = []
    for (client, session), several in groupby(commands, attrgetter("client", "session")):
        run = [*several]
        sequences, oldests = [c.sequence for c in run], [c.oldest for c in run]
        columns.append([client, session, sequences, oldests, [c.value for c in run]])
    return columns


def columns_of_replies(replies: Iterable[Reply]) -> list[Any]:
    """Return answers as columns, for each run to one client: most are to a single one."""
    columns = []
    for (client, outcome), several in groupby(replies, attrgetter("client", "outcome")):
        run = [*several]
        sequences, instances = [r.sequence for r in run], [r.instance for r in run]
        columns.append([client, outcome, sequences, instances, [r.result for r in run]])
    return columns


def _runs(raw: Any) -> list[list[Any]]:
    """Return runs of columns, each whole; or raise WireError."""
    runs = [read_list(run, 5) for run in read_some(raw)]
    count = sum(len(read_list(run[-1])) for run in runs)
    if count > MAX_ITEMS:
        raise WireError(f"{count} rows in one message, and {MAX_ITEMS} are the most")
    return runs


def _column(raw: Any, count: int, usual: type, check: Read) -> list[Any]:
    """Return a column of `count` items, or raise WireError; `usual` is the type of most of them.

    Most columns are seen to be right at one look: of one type, and numbers far from every bound.
    """
    column = read_list(raw, count)
    if {*map(type, column)} == {usual} and (
        usual is str or (min(column) > 0 and max(column) < MAX_INSTANCE)
    ):
        return column
    return [check(item) for item in column]
