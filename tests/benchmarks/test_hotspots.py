"""The profiles: every module has its part, and what the parts take is all that is taken."""

from __future__ import annotations

import selectors
from dataclasses import replace

import pytest

from benchmarks import holders, hotspots, simulator, starting
from benchmarks.apart import apart
from benchmarks.parts import ELSEWHERE, PARTS, ROOT, modules, part_at, parts_of
from benchmarks.scale import QUICK

PUMP = "paxos_engine/wire/pump.py"
LIBRARY = (selectors.__file__.replace("selectors.py", "heapq.py"), 1)
"""A place in the standard library."""


def place(module: str, text: str = "") -> tuple[str, int]:
    """Return the place of a line in a module of ours: the first with such a text."""
    lines = (ROOT / module).read_text(encoding="utf-8").splitlines()
    return str(ROOT / module), next(n for n, line in enumerate(lines, 1) if text in line)


def test_every_module_belongs_to_exactly_one_part() -> None:
    assert [(module, parts_of(module)) for module in modules() if len(parts_of(module)) != 1] == []


def test_every_module_and_room_that_a_part_claims_is_there() -> None:
    claimed = [each for part in PARTS.values() for each in part]
    assert [each for each in claimed if not (ROOT / each).exists()] == []


def test_a_stack_is_in_the_part_of_its_innermost_place_that_is_of_ours() -> None:
    leader, world = place("paxos_engine/roles/leader.py"), place("paxos_engine/simulation/world.py")
    assert part_at([leader, world]) == "leader"
    assert part_at([("<string>", 1), LIBRARY, world, leader]) == "simulated world"
    assert part_at([LIBRARY]) == ELSEWHERE


def test_a_call_of_the_system_is_told_by_its_line() -> None:
    loop = place("paxos_engine/runtime/loop.py")
    assert part_at([place(PUMP, ".sendto("), loop]) == "system call: sendto"
    assert part_at([place(PUMP, ".recvfrom("), loop]) == "system call: recvfrom"
    assert part_at([place(PUMP, "def tick"), loop]) == "pump and faults"
    assert part_at([(selectors.__file__, 1), loop]) == "system call: select"


def test_the_largest_part_comes_first_and_one_that_a_round_did_not_see_took_nothing_in_it() -> None:
    leader, client = hotspots.rows("a case", [{"client": 1.0, "leader": 3.0}, {"leader": 4.0}])
    assert (leader.name, client.name) == ("leader", "client")
    assert client.figures[hotspots.SHARE].values == (25, 0)
    assert leader.figures[hotspots.SPENT].values == (3, 4)


def test_the_shares_of_each_case_of_a_quick_run_are_all_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(simulator, "COMMANDS", 200)
    table = hotspots.cpu(replace(QUICK, seconds=0.1), lambda what: None)
    cases = {row.case for row in table.rows}
    assert cases == {*hotspots.CASES, "simulator, checks off", "simulator, checks on"}
    for case in cases:
        mine = [row for row in table.rows if row.case == case]
        shares = [row.figures[hotspots.SHARE].spread.median for row in mine]
        assert sum(shares) == pytest.approx(100)
        known = {*PARTS, ELSEWHERE}
        assert {row.name for row in mine if not row.name.startswith("system call: ")} <= known


def test_what_modules_made_is_all_that_was_made() -> None:
    made = {"paxos_engine/checks/holdings.py": 600.0, "paxos_engine/roles/log.py": 395.0, "x": 5.0}
    rows = {row.name: row for row in holders.rows(made)}
    assert [row.case for row in rows.values()] == ["checks", "leader", "together", "together"]
    assert rows[holders.REST].figures[holders.BYTES].values == (5,)
    assert rows[holders.ALL].figures[holders.BYTES].values == (1_000,)


def test_the_memory_of_an_instance_is_held_by_modules_of_the_program() -> None:
    made = apart(holders.grown, 50, 150)
    assert made["paxos_engine/roles/log.py"] > 0
    assert "benchmarks/parts.py" not in made
    assert set(made) & set(modules())


def test_imports_are_told_by_package() -> None:
    told = (
        "import time: self [us] | cumulative | imported package\n"
        "import time:       100 |        100 |   _io\n"
        "import time:        20 |        120 | textual.app\n"
        "import time:         3 |          3 |     rich\n"
        "import time:         5 |          5 | paxos_engine.roles.events\n"
        "import time:         7 |          7 | msgpack._cmsgpack\n"
        "a line that a module printed\n"
    )
    spent = starting.by_group(told)
    assert spent["standard library"] == 100
    assert spent["textual and rich"] == 23
    assert (spent["paxos_engine"], spent["other packages"], spent["click"]) == (5, 7, 0)
    assert spent["all"] == 135


def test_the_bare_application_imports_nothing_of_ours() -> None:
    spent = starting.importing(starting.IMPORTS["bare app"])
    assert spent["textual and rich"] > 0
    assert spent["paxos_engine"] == spent["paxos_tui"] == 0
