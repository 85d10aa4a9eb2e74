"""Votes in columns are what a table of them would be, whatever comes between."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paxos_engine.roles.values import NOOP, Command, ProposalNumber
from paxos_engine.roles.votes import Vote, Votes

instances = st.integers(1, 12)
numbers = st.builds(ProposalNumber, st.integers(1, 3), st.integers(1, 2))
votes = st.tuples(numbers, st.sampled_from([NOOP, Command("C1", 1, "x")]))
steps = st.lists(st.tuples(st.sampled_from(["cast", "cast", "drop"]), instances, votes))


@given(steps)
def test_they_are_what_a_table_of_them_would_be(steps: list[tuple[str, int, Vote]]) -> None:
    columns, table = Votes(), dict[int, Vote]()
    for what, instance, vote in steps:
        if what == "cast":
            columns.cast(instance, *vote)
            table[instance] = vote
        else:
            columns.drop(instance)
            table = {i: kept for i, kept in table.items() if i > instance}
        assert columns.instances == sorted(table)
        assert columns.last == max(table, default=0)
        assert [columns.of(i) for i in range(14)] == [table.get(i) for i in range(14)]
        assert [*columns.numbers(4)] == [(i, table[i][0]) for i in sorted(table) if i >= 4]
