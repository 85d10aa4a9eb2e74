"""The votes that are put away are those that were cast, whatever comes between."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paxos_engine.roles.values import NOOP, Command, ProposalNumber
from paxos_engine.roles.votes import Vote, Votes

instances = st.integers(1, 12)
numbers = st.builds(ProposalNumber, st.integers(1, 3), st.integers(1, 2))


@st.composite
def votes(draw: st.DrawFn) -> Vote:
    """Return a vote, under a number that may be below what is promised, or the same."""
    return Vote(draw(numbers), draw(numbers), draw(st.sampled_from([NOOP, Command("C1", 1, "x")])))


steps = st.lists(
    st.tuples(st.just("note"), instances, votes())
    | st.tuples(st.just("put away"), instances, votes())
    | st.tuples(st.just("take out"), instances, votes())
    | st.tuples(st.just("drop"), instances, votes()),
    max_size=40,
)


@given(steps)
def test_they_are_what_a_table_of_them_would_be(steps: list[tuple[str, int, Vote]]) -> None:
    columns, table = Votes(), dict[int, Vote | None]()
    for what, instance, vote in steps:
        match what:
            case "note" if instance not in table:
                columns.note(instance)
                table[instance] = None
            case "put away" if instance in table:
                columns.put_away(instance, vote)
                table[instance] = vote
            case "take out":
                columns.take_out(instance)
                if instance in table:
                    table[instance] = None
            case "drop":
                columns.drop(instance)
                table = {i: kept for i, kept in table.items() if i > instance}
        assert columns.instances == sorted(table)
        assert columns.last == max(table, default=0)
        assert [columns.kept(i) for i in range(14)] == [table.get(i) for i in range(14)]
        promised = [kept.promised for i, kept in sorted(table.items()) if kept and i >= 4]
        assert [*columns.promises(4)] == promised
        assert [*columns.starting(4)] == [i for i in sorted(table) if i >= 4]
