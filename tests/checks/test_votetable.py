"""Votes in rows of machine numbers are what a table of them would be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paxos_engine.checks.votetable import Vote, VoteTable

instances = st.integers(-2, 12) | st.integers(2**63 - 2, 2**63 - 1)
numbers = st.integers(-(2**63), 2**63 - 1)
votes = st.builds(Vote, numbers, numbers, numbers, numbers, numbers)
steps = st.lists(st.tuples(st.sampled_from(["put", "put", "remove", "drop"]), instances, votes))


@given(steps)
def test_they_are_what_a_table_of_them_would_be(steps: list[tuple[str, int, Vote]]) -> None:
    rows, table = VoteTable(), dict[int, Vote]()
    for what, instance, vote in steps:
        match what:
            case "put":
                rows.put(instance, vote)
                table[instance] = vote
            case "remove" if instance in table:
                rows.remove(instance)
                del table[instance]
            case "drop":
                rows.drop(instance)
                table = {i: kept for i, kept in table.items() if i > instance}
        assert [*rows.between(-3, None)] == sorted(table.items())
        assert [*rows.between(3, 9)] == [(i, v) for i, v in sorted(table.items()) if 3 <= i <= 9]
        assert [rows.get(i) for i in range(-3, 14)] == [table.get(i) for i in range(-3, 14)]
        assert len(rows) == len(table)
        assert all((i in rows) == (i in table) for i in range(-3, 14))
