"""Commands and answers by the hundred: said column by column, since most of them are alike.

One client's commands, of one session, are five columns for all of them. What is alike is written
once, and a column is most often seen to be right at one look.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, groupby, repeat
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
    return tuple(
        chain.from_iterable(
            map(Command, repeat(client), sequences, values, oldest, repeat(session))
            for client, session, sequences, oldest, values in _runs(
                raw, read_instance, read_instance, read_content
            )
        )
    )


def read_replies(raw: Any) -> tuple[Reply, ...]:
    """Return the answers to many commands, which come in columns; or raise WireError."""
    return tuple(
        chain.from_iterable(
            map(Reply, repeat(client), sequences, instances, results, repeat(outcome))
            for client, outcome, sequences, instances, results in _runs(
                raw, read_name, read_first, read_text
            )
        )
    )


def columns_of_commands(commands: Iterable[Command]) -> list[Any]:
    """Return commands as columns, for each run of one session: most are of a single one."""
    return _columns(commands, ("client", "session"), ("sequence", "oldest", "value"))


def columns_of_replies(replies: Iterable[Reply]) -> list[Any]:
    """Return answers as columns, for each run to one client: most are to a single one."""
    return _columns(replies, ("client", "outcome"), ("sequence", "instance", "result"))


def _columns(said: Iterable[Any], alike: tuple[str, str], names: tuple[str, ...]) -> list[Any]:
    columns = []
    for key, several in groupby(said, attrgetter(*alike)):
        run = [*several]
        columns.append([*key, *([*map(attrgetter(name), run)] for name in names)])
    return columns


def _runs(
    raw: Any, alike: Read, number: Read, content: Read
) -> Iterator[tuple[str, Any, list[int], list[int], list[Any]]]:
    """Yield what each run is alike in, the client and one thing more, and its columns.

    Args:
        raw: the runs, as they came.
        alike: reads what a run has in common beside its client.
        number: reads the number that a row has beside its sequence.
        content: reads the text of a row.

    Raises:
        WireError: anything about it is not as it must be.
    """
    runs = [read_list(run, 5) for run in read_some(raw)]
    count = sum(len(read_some(run[-1])) for run in runs)
    if count > MAX_ITEMS:
        raise WireError(f"{count} rows in one message, and {MAX_ITEMS} are the most")
    for client, common, sequences, numbers, contents in runs:
        length = len(contents)
        yield (
            read_name(client),
            alike(common),
            _column(sequences, length, int, read_instance),
            _column(numbers, length, int, number),
            _column(contents, length, str, content),
        )


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
