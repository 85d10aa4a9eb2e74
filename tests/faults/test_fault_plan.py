"""The fault plan: what the network does to whom, decided in one place and repeatable."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paxos_engine.faults.plan import UNTOUCHED, Copy, Fate, FaultPlan
from paxos_engine.faults.profiles import PERFECT, PROFILES, LinkFaults

NODES = ("L1", "L2", "A1", "A2", "A3")
EVERYTHING = LinkFaults(
    delay=0.02, distribution="exponential", loss=0.2, duplicate=0.3, reorder=0.2, gap=0.1
)


def fates(plan: FaultPlan, sender: str, to: str, count: int = 200) -> list[Fate]:
    """Ask for the fates of `count` datagrams in a row."""
    return [plan.fate(sender, to) for _ in range(count)]


# --- one fault at a time -----------------------------------------------------------------------


def test_a_new_plan_touches_nothing() -> None:
    plan = FaultPlan(1)
    assert fates(plan, "L1", "A1", 5) == [UNTOUCHED] * 5
    assert plan.profile == "calm"


def test_certain_loss_loses_every_datagram() -> None:
    plan = FaultPlan(1)
    plan.set_everywhere(LinkFaults(loss=1))
    assert fates(plan, "L1", "A1", 5) == [Fate("loss", ())] * 5


def test_loss_takes_about_the_share_it_names() -> None:
    plan = FaultPlan(1)
    plan.set_everywhere(LinkFaults(loss=0.15))
    lost = sum(fate.lost == "loss" for fate in fates(plan, "L1", "A1", 4_000))
    assert 0.12 < lost / 4_000 < 0.18


def test_a_duplicate_is_two_copies() -> None:
    plan = FaultPlan(1)
    plan.set_everywhere(LinkFaults(duplicate=1))
    assert plan.fate("L1", "A1") == Fate("", (Copy(0.0), Copy(0.0)))


def test_a_fixed_delay_is_the_delay_itself_however_long() -> None:
    plan = FaultPlan(1)
    plan.set_everywhere(LinkFaults(delay=2.5))
    assert plan.fate("L1", "A1") == Fate("", (Copy(2.5, "delay"),))


def test_a_reordered_datagram_waits_for_the_gap() -> None:
    plan = FaultPlan(1)
    plan.set_everywhere(LinkFaults(reorder=1, gap=0.07))
    assert plan.fate("L1", "A1") == Fate("", (Copy(0.07, "reorder"),))


# --- composition: cut, loss, duplicate, delay, reorder -----------------------------------------


def test_faults_compose_as_cut_loss_duplicate_delay_reorder() -> None:
    plan = FaultPlan(1)
    plan.set_everywhere(LinkFaults(delay=0.5, loss=1, duplicate=1, reorder=1, gap=0.25))
    plan.partition([{"L1"}, {"A1"}])
    plan.cut("L1", "A1")
    assert plan.fate("L1", "A1").lost == "cut"
    assert plan.fate("A1", "L1").lost == "partition"
    plan.heal()
    assert plan.fate("L1", "A1").lost == "loss"
    plan.set_everywhere(LinkFaults(delay=0.5, duplicate=1, reorder=1, gap=0.25))
    assert plan.fate("L1", "A1") == Fate("", (Copy(0.75, "reorder"),) * 2)


def test_each_copy_of_a_duplicate_draws_its_own_delay() -> None:
    plan = FaultPlan(1)
    plan.set_everywhere(LinkFaults(delay=0.1, distribution="uniform", duplicate=1))
    first, second = plan.fate("L1", "A1").copies
    assert first.delay != second.delay


def test_a_link_of_its_own_counts_instead_of_the_general_rule_in_one_direction_only() -> None:
    plan = FaultPlan(1)
    plan.set_everywhere(LinkFaults(loss=1))
    plan.set_link("L1", "A1", PERFECT)
    assert plan.fate("L1", "A1") == UNTOUCHED
    assert plan.fate("A1", "L1").lost == "loss"


# --- chance is repeatable, and each link has its own -------------------------------------------


def test_the_same_seed_gives_the_same_fates() -> None:
    one, two, other = FaultPlan(7), FaultPlan(7), FaultPlan(8)
    for plan in (one, two, other):
        plan.set_everywhere(EVERYTHING)
    assert fates(one, "L1", "A1") == fates(two, "L1", "A1")
    assert fates(one, "L2", "A1") != fates(other, "L2", "A1")


def test_the_two_directions_of_a_link_have_chances_of_their_own() -> None:
    plan = FaultPlan(7)
    plan.set_everywhere(EVERYTHING)
    assert fates(plan, "L1", "A1") != fates(plan, "A1", "L1")


@settings(max_examples=50, deadline=None)
@given(
    noise=st.lists(st.sampled_from([("A1", "L1"), ("L1", "A2"), ("L2", "A1")]), max_size=60),
    changed=st.sampled_from(list(PROFILES.values())),
)
def test_what_happens_on_other_links_never_shifts_the_fates_of_one(
    noise: list[tuple[str, str]], changed: LinkFaults
) -> None:
    quiet, busy = FaultPlan(3), FaultPlan(3)
    for plan in (quiet, busy):
        plan.set_everywhere(EVERYTHING)
    busy.set_link("L2", "A1", changed)
    busy.cut("L1", "A2")
    for link in noise:
        busy.fate(*link)
    assert fates(quiet, "L1", "A1", 30) == fates(busy, "L1", "A1", 30)


def test_a_cut_uses_up_no_chance() -> None:
    cut, uncut = FaultPlan(3), FaultPlan(3)
    for plan in (cut, uncut):
        plan.set_everywhere(EVERYTHING)
    cut.cut("L1", "A1")
    fates(cut, "L1", "A1")
    cut.heal()
    assert fates(cut, "L1", "A1") == fates(uncut, "L1", "A1")


# --- partitions --------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(sides=st.lists(st.integers(0, 3), min_size=len(NODES), max_size=len(NODES)))
def test_exactly_the_nodes_of_different_groups_are_apart(sides: list[int]) -> None:
    side = dict(zip(NODES, sides, strict=True))
    named = [{node for node in NODES if side[node] == group} for group in (1, 2, 3)]
    groups = [group for group in named if group]  # side 0 is not named: the rest
    if not groups:
        return
    plan = FaultPlan(1)
    plan.partition(groups)
    for sender in NODES:
        for to in NODES:
            apart = plan.fate(sender, to).lost == "partition"
            assert apart == (side[sender] != side[to])
    assert all(plan.fate("C1", node) == plan.fate(node, "C1") == UNTOUCHED for node in NODES)
    plan.heal()
    assert all(plan.fate(sender, to) == UNTOUCHED for sender in NODES for to in NODES)


def test_one_group_is_apart_from_the_rest() -> None:
    plan = FaultPlan(1)
    plan.partition([{"L1", "A1"}])
    assert plan.fate("L1", "A1") == UNTOUCHED
    assert plan.fate("A2", "L2") == UNTOUCHED
    assert plan.fate("L1", "A2").lost == "partition"
    assert plan.fate("L2", "A1").lost == "partition"


def test_a_client_that_is_named_is_on_its_side_only() -> None:
    plan = FaultPlan(1)
    plan.partition([{"L1", "C1"}, {"L2"}])
    assert plan.fate("C1", "L1") == UNTOUCHED
    assert plan.fate("C1", "L2").lost == "partition"
    assert plan.fate("C2", "L2") == UNTOUCHED


def test_a_cut_is_one_way() -> None:
    plan = FaultPlan(1)
    plan.cut("L1", "A1")
    assert plan.fate("L1", "A1").lost == "cut"
    assert plan.fate("A1", "L1") == UNTOUCHED
    assert plan.is_partitioned


def test_healing_ends_cuts_and_partitions_and_leaves_delays_and_losses() -> None:
    plan = FaultPlan(1)
    plan.set_profile("lossy")
    plan.partition([{"L1"}])
    plan.cut("L2", "A1")
    plan.heal()
    assert not plan.is_partitioned
    assert plan.profile == "lossy"


def test_a_profile_leaves_partitions_and_clearing_ends_everything() -> None:
    plan = FaultPlan(1)
    plan.partition([{"L1"}])
    plan.set_profile("hostile")
    assert plan.is_partitioned
    plan.clear()
    assert plan.to_dict() == FaultPlan(1).to_dict()


# --- what makes no sense -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda plan: plan.set_profile("wild"), "no fault profile 'wild': choose one of calm"),
        (lambda plan: plan.partition([]), "at least one group"),
        (lambda plan: plan.partition([{"L1"}, set()]), "none of them empty"),
        (lambda plan: plan.partition([{"L1"}, {"A1", "L1"}]), "L1 is in two groups"),
        (lambda plan: plan.partition(["L1", "A1"]), "a set of names, not a single name"),
        (lambda plan: plan.partition([{1}]), "1 is no name of a node"),
        (lambda plan: plan.cut("L1", "L1"), "a link joins two nodes, and L1 is one"),
        (lambda plan: plan.cut("", "L1"), "'' is no name of a node"),
        (lambda plan: plan.set_link("L1", "A->1", PERFECT), "'A->1' is no name of a node"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_and_changes_nothing(
    change: Callable[[FaultPlan], None], reason: str
) -> None:
    told: list[str] = []
    plan = FaultPlan(1, lambda _, why: told.append(why))
    before = plan.to_dict()
    with pytest.raises(ValueError, match=reason) as refusal:
        change(plan)
    assert "\n" not in str(refusal.value)
    assert plan.to_dict() == before
    assert told == []


# --- telling -----------------------------------------------------------------------------------


def test_every_change_is_told_with_the_whole_plan_and_a_line_about_it() -> None:
    told: list[tuple[dict[str, Any], str]] = []
    plan = FaultPlan(1, lambda now, why: told.append((now, why)))
    plan.set_profile("jittery")
    plan.set_everywhere(LinkFaults(loss=0.5))
    plan.set_link("L1", "A1", LinkFaults(delay=0.2))
    plan.partition([{"L1", "A2"}, {"A1"}])
    plan.cut("L2", "A1")
    plan.heal()
    plan.clear()
    assert [why for _, why in told] == [
        "profile jittery",
        "every link: loss 50 %",
        "link L1 -> A1: fixed delay 200 ms",
        "partition A2,L1 | A1",
        "cut L2 -> A1",
        "healed",
        "all faults ended",
    ]
    assert told[3][0]["groups"] == [["A2", "L1"], ["A1"]]
    assert told[-1][0] == plan.to_dict()


def test_an_observer_may_change_the_plan_again() -> None:
    plan = FaultPlan(1)
    plan.on_change = lambda now, _: plan.heal() if now["groups"] else None
    plan.partition([{"L1"}])
    assert not plan.is_partitioned


def test_the_profile_is_custom_as_soon_as_one_link_is_not_as_it_says() -> None:
    plan = FaultPlan(1)
    plan.set_profile("lossy")
    assert plan.profile == "lossy"
    plan.set_link("L1", "A1", LinkFaults(delay=0.1))
    assert plan.profile == "custom"
    assert "L1->A1: fixed delay 100 ms" in plan.describe()


def test_a_plan_survives_json_and_then_decides_as_before() -> None:
    plan = FaultPlan(11)
    plan.set_profile("hostile")
    plan.set_link("L1", "A1", EVERYTHING)
    plan.partition([{"L2"}, {"A3"}])
    plan.cut("A1", "L1")
    again = FaultPlan.from_dict(json.loads(json.dumps(plan.to_dict())))
    assert again.to_dict() == plan.to_dict()
    assert again.describe() == plan.describe()
    assert fates(again, "L1", "A1") == fates(plan, "L1", "A1")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"seed": "1"}, "the seed '1' of a fault plan is no whole number"),
        ({"everywhere": {"loss": 2}}, "loss is 2: give a probability"),
        ({"everywhere": {"wild": 1}}, "unknown fault 'wild'"),
        ({"everywhere": 3}, "no table of names and values"),
        ({"links": {"L1": {}}}, "no link: it takes a sender and a receiver"),
        ({"links": ["L1->A1"]}, "no fault plan"),
        ({"groups": [["L1"], ["L1"]]}, "L1 is in two groups"),
        ({"groups": 5}, "no fault plan"),
        ({"cuts": [["L1"]]}, "no link: it takes a sender and a receiver"),
        ({"cuts": [["L1", 2]]}, "2 is no name of a node"),
    ],
)
def test_a_plan_that_could_not_have_been_written_is_refused(
    change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        FaultPlan.from_dict({**FaultPlan(1).to_dict(), **change})


def test_a_plan_with_a_part_missing_is_refused_by_naming_it() -> None:
    raw = FaultPlan(1).to_dict()
    del raw["groups"]
    with pytest.raises(ValueError, match="'groups' is missing"):
        FaultPlan.from_dict(raw)


@pytest.fixture
def eager_switching() -> Iterator[None]:
    """Have threads take turns as often as they can, so that a lost update shows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("eager_switching")
def test_changes_from_many_threads_are_all_kept_and_told_in_their_order() -> None:
    told: list[int] = []
    plan = FaultPlan(1, lambda now, _: told.append(len(now["cuts"])))
    start = threading.Barrier(4)

    def cut_many(worker: int) -> None:
        start.wait()
        for n in range(100):
            plan.cut("L1", f"A{worker}{n:02}")

    threads = [threading.Thread(target=cut_many, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(plan.to_dict()["cuts"]) == 400
    assert told == list(range(1, 401))
