"""What was durable is there after a restart; what was not written is not."""

from __future__ import annotations

import pytest

from paxos_engine.checks.holdings import Holdings
from paxos_engine.checks.restarts import NOT_INVENTED, SURVIVES, DurableSurvives
from paxos_engine.roles.events import Crashed, Dropped, SnapshotMade, Synced
from paxos_engine.roles.values import ZERO
from tests.checks.histories import History, cmd, n, rules, verdicts

X, Y = cmd("x", 1), cmd("y", 2)
CRASH = Crashed("crash", "its memory")
POWER_CUT = Crashed("power cut", "its memory, and what was not synced")
WIPE = Crashed("wipe", "its memory and its disk")


def broken(history: History) -> set[str]:
    holdings = Holdings()
    return rules([DurableSurvives(holdings), holdings], history)


def worked() -> History:
    """A1 has promised 2.L1 and voted twice: three records, all on disk."""
    return History().promise("A1", n(2)).vote("A1", n(2), 1, X).vote("A1", n(2), 2, Y)


def test_an_acceptor_that_finds_everything_is_right() -> None:
    assert not broken(worked().say("A1", POWER_CUT).restart("A1", n(2), 2, mark=3))


def test_an_acceptor_that_has_lost_records_is_caught() -> None:
    history = worked().say("A1", POWER_CUT).restart("A1", n(2), 2, mark=2)
    holdings = Holdings()
    [violation] = verdicts([DurableSurvives(holdings), holdings], history)
    assert (violation.rule, violation.evidence) == (SURVIVES, (6, 8))
    assert violation.text == "A1 restarts with 2 records, and its disk had vouched for 3"


def test_an_acceptor_that_has_lost_a_vote_or_its_promise_is_caught() -> None:
    assert broken(worked().say("A1", CRASH).restart("A1", n(2), 1, mark=3)) == {SURVIVES}
    assert broken(worked().say("A1", CRASH).restart("A1", n(1), 2, mark=3)) == {SURVIVES}


def test_an_acceptor_that_comes_back_with_more_than_it_wrote_is_caught() -> None:
    assert broken(worked().say("A1", CRASH).restart("A1", n(2), 2, mark=4)) == {NOT_INVENTED}
    assert broken(worked().say("A1", CRASH).restart("A1", n(2), 3, mark=3)) == {NOT_INVENTED}
    assert broken(worked().say("A1", CRASH).restart("A1", n(3), 2, mark=3)) == {NOT_INVENTED}


def test_a_wiped_acceptor_that_comes_back_with_a_promise_or_a_vote_is_caught() -> None:
    """Its marks may go on: they count what it ever wrote."""
    assert not broken(worked().say("A1", WIPE).restart("A1", ZERO, 0, mark=3))
    assert broken(worked().say("A1", WIPE).restart("A1", n(2), 0, mark=3)) == {NOT_INVENTED}
    assert broken(worked().say("A1", WIPE).restart("A1", ZERO, 1, mark=3)) == {NOT_INVENTED}


def test_what_is_none_of_its_business_is_caught_too() -> None:
    """An acceptor applies nothing, and a leader does not vote."""
    assert broken(worked().say("A1", CRASH).restart("A1", n(2), 2, 1, mark=3)) == {NOT_INVENTED}
    history = History().say("L1", Synced(1, 1, 0)).say("L1", CRASH)
    assert broken(history.restart("L1", None, 1, mark=1)) == {NOT_INVENTED}


def test_a_power_cut_may_take_what_was_not_synced_or_leave_it() -> None:
    def cut(accepted: int, mark: int) -> History:
        history = worked().vote("A1", n(2), 3, X, sync=False).say("A1", POWER_CUT)
        return history.restart("A1", n(2), accepted, mark=mark)

    assert not broken(cut(2, 3))
    assert not broken(cut(3, 4))
    assert broken(cut(3, 3)) == {NOT_INVENTED}
    assert broken(cut(2, 4)) == {SURVIVES}


def test_a_second_restart_is_measured_against_the_first() -> None:
    history = worked().vote("A1", n(2), 3, X, sync=False).say("A1", POWER_CUT)
    history.restart("A1", n(2), 2, mark=3).vote("A1", n(2), 4, X).say("A1", POWER_CUT)
    assert not broken(history.restart("A1", n(2), 3, mark=4))
    assert broken(history.restart("A1", n(2), 2, mark=4)) == {SURVIVES}


def test_what_was_compacted_counts_no_more() -> None:
    history = worked().say("A1", Dropped(1)).say("A1", Synced(4, 1, 10)).say("A1", POWER_CUT)
    assert not broken(history.restart("A1", n(2), 1, mark=4))
    history.entries.pop()
    assert broken(history.restart("A1", n(2), 2, mark=4)) == {NOT_INVENTED}


@pytest.mark.parametrize(("accepted", "mark"), [(1, 4), (2, 3)])
def test_a_compaction_that_a_power_cut_met_may_have_happened_or_not(
    accepted: int, mark: int
) -> None:
    history = worked().say("A1", Dropped(1)).say("A1", POWER_CUT)
    assert not broken(history.restart("A1", n(2), accepted, mark=mark))


def test_a_promise_for_a_compacted_instance_binds_nobody_any_more() -> None:
    history = History().promise("A1", n(1)).promise("A1", n(5), first=3, last=3)
    history.say("A1", Dropped(3)).say("A1", Synced(3, 1, 10)).say("A1", CRASH)
    assert not broken(history.restart("A1", n(1), 0, mark=3))
    history.entries.pop()
    assert broken(history.restart("A1", ZERO, 0, mark=3)) == {SURVIVES}


def test_a_wiped_disk_owes_nothing() -> None:
    assert not broken(worked().say("A1", WIPE).restart("A1", ZERO, 0, mark=3))
    after = worked().say("A1", WIPE).restart("A1", ZERO, 0, mark=3).vote("A1", n(3), 1, X)
    assert not broken(after.say("A1", CRASH).restart("A1", n(3), 1, mark=4))
    after.entries.pop()
    assert broken(after.restart("A1", n(3), 0, mark=4)) == {SURVIVES}
    after.entries.pop()  # from its first restart on, what it writes is counted as ever
    assert broken(after.restart("A1", n(3), 1, mark=9)) == {NOT_INVENTED}


def test_what_a_node_held_before_the_trace_began_is_taken_as_it_is() -> None:
    history = History().restart("A1", n(9), accepted=40, mark=77)
    assert not broken(history)
    history.vote("A1", n(10), 50, X).say("A1", CRASH)
    assert not broken(history.restart("A1", n(10), 41, mark=78))
    history.entries.pop()
    assert broken(history.restart("A1", n(10), 0, mark=78)) == {SURVIVES}


def learned(*, durable: int, applied: int) -> History:
    """L1 has applied `applied` instances, the first `durable` of which are on its disk."""
    history = History()
    for instance in range(1, applied + 1):
        history.apply("L1", instance, cmd("x", instance))
        if instance == durable:
            history.say("L1", Synced(durable, durable, 10))
    return history.say("L1", POWER_CUT)


@pytest.mark.parametrize("applied", [2, 3])
def test_a_leader_goes_on_from_what_was_durable_or_later(applied: int) -> None:
    history = learned(durable=2, applied=3)
    assert not broken(history.restart("L1", None, applied=applied, mark=applied))


def test_a_leader_that_forgot_what_was_durable_or_knows_more_is_caught() -> None:
    history = learned(durable=2, applied=3)
    assert broken(history.restart("L1", None, applied=1, mark=2)) == {SURVIVES}
    history.entries.pop()
    assert broken(history.restart("L1", None, applied=4, mark=4)) == {NOT_INVENTED}
    history.entries.pop()
    assert broken(history.restart("L1", None, applied=2, mark=1)) == {SURVIVES}


def test_a_leader_that_installed_a_snapshot_goes_on_from_there() -> None:
    history = History().say("L1", SnapshotMade("installed", 50, "s50", 10))
    history.say("L1", Synced(1, 1, 10)).say("L1", CRASH)
    assert not broken(history.restart("L1", None, applied=50, mark=1))
    history.entries.pop()
    assert broken(history.restart("L1", None, applied=0, mark=1)) == {SURVIVES}
