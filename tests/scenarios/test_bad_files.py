"""A mistake in a scenario file is one line: file, line, what is wrong, and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from paxos_engine.scenarios.reading import ScenarioError, parse_scenario, read_scenario

GOOD = """\
id = "X1"
title = "A title"
question = "Why?"
answer = "So."
wrong_rule = "own-value"

[start]
acceptors = 3
primary = "L1"

[[step]]
do = ["submit X at L1"]

[[step]]
when = "A1 accepted value X"
say = '''
Two
lines'''
do = [
    "hold accept L1->A2",
    "fail A1",
]

[[aside]]
when = "L1 learned"
say = "Learned."

[expect.right]
history = ["X"]
chosen = { 2 = "X" }

[expect.wrong]
violates = "at most one value is chosen"
"""


def mistake(old: str, new: str) -> str:
    """Return what is said of the good file with one thing in it changed."""
    assert old in GOOD
    with pytest.raises(ScenarioError) as raised:
        parse_scenario(GOOD.replace(old, new, 1), "f.toml")
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_the_file_that_the_mistakes_are_made_in_is_good() -> None:
    scenario = parse_scenario(GOOD, "f.toml")
    assert [step.line for step in scenario.steps] == [11, 14]
    assert scenario.steps[1].say == "Two lines"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[start]", "[start", "f.toml:7: no TOML: "),
        ('id = "X1"\n', "", "f.toml:1: the scenario lacks id = \"...\""),
        ("title", "titel", "f.toml:2: titel: no such key in the scenario: is it 'title'?"),
        ('"Why?"', "3", "f.toml:3: question: a text is expected, not 3"),
        ("own-value", "own-valeu", "no wrong rule 'own-valeu': is it 'own-value'?"),
        ("acceptors = 3", "acceptors = 30", "f.toml:8: acceptors: a number from 1 to 9 is"),
        ("acceptors = 3", "acceptors = true", "f.toml:8: acceptors: a number from 1 to 9 is"),
        ("acceptors = 3", "aceptors = 3", "f.toml:8: aceptors: no such key in [start]: is it"),
        ("acceptors = 3", 'mode = "mutli"', "f.toml:8: mode: one of multi, classic is expected"),
        ("acceptors = 3", "phase2 = 1", "f.toml:8: phase2: quorums that can be disjoint"),
        ("acceptors = 3", "timers = 1", "f.toml:8: timers: true or false is expected, not 1"),
        ("acceptors = 3", "latency = 0", "f.toml:8: latency: seconds above 0 and up to 1 are"),
        ("acceptors = 3", 'hold = "accept L1->A7"', "f.toml:8: hold: no node 'A7'"),
        ('"L1"\n\n', '"L3"\n\n', "f.toml:9: primary: no leader 'L3': there are L1, L2"),
        ("submit X", "sumbit X", "f.toml:12: do: nothing can 'sumbit': is it 'submit'?"),
        ("X at L1", "X at A1", 'f.toml:12: do: \'submit X at A1\': write "submit VALUE at'),
        ("X at L1", "X", 'f.toml:12: do: \'submit X\': write "submit VALUE at LEADER [by CLIENT]"'),
        ("X at L1", "X at L1 by C2", "f.toml:12: do: no node 'C2'"),
        ("A1 accepted", "A1 acepted", "f.toml:15: when: no event 'acepted': is it 'accepted'?"),
        ("value X", "valeu X", "an event 'accepted' has no field 'valeu': is it 'value'?"),
        ("value X", "value", "f.toml:15: when: the field 'value' has no value"),
        ("value X", "value 'X", "f.toml:15: when: "),
        ("A1 accepted value X", "later", "f.toml:15: when: 'later' names no event: write for"),
        ("hold accept L1->A2", "hold acept L1->A2", "f.toml:20: do: no message 'acept': is it"),
        ("hold accept L1->A2", "hold accept L1-A2", "f.toml:20: do: 'accept L1-A2' names no mess"),
        ("hold accept L1->A2", "hold accept L1->A9", "f.toml:20: do: no node 'A9'"),
        ("fail A1", "fail acceptor", "f.toml:21: do: 'acceptor' is no name of a node"),
        ("fail A1", "tear A1 much", 'f.toml:21: do: \'tear A1 much\': write "tear NODE PART"'),
        ("fail A1", "tear A1 2", 'f.toml:21: do: \'tear A1 2\': write "tear NODE PART"'),
        ("fail A1", "clock A1 0", 'f.toml:21: do: \'clock A1 0\': write "clock NODE RATE"'),
        ("fail A1", f"submit {60_000 * 'x'} at L1", "f.toml:21: do: the value needs 60,064 bytes"),
        ("[[aside]]", "[[asides]]", "f.toml:24: asides: no such key in the scenario: is it"),
        ('say = "Learned."\n', "", 'f.toml:24: [aside] lacks say = "..."'),
        ("history", "histroy", "f.toml:29: histroy: no such key in [expect.right]: is it"),
        ("{ 2 =", "{ two =", "f.toml:30: chosen: { 3 = \"X\" }, an instance and its value is"),
        ("at most one value", "at most two values", "f.toml:33: violates: no rule 'at most two"),
        ('history = ["X"]', 'violates = "at most one value is chosen"', "the right rules break"),
        ('wrong_rule = "own-value"\n', "", "[expect.wrong] needs a wrong_rule"),
        ("[expect.wrong]", "[expect.worng]", "f.toml:32: worng: no such key in [expect]: is it"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_what_was_expected(
    old: str, new: str, said: str
) -> None:
    assert said in mistake(old, new)


def test_a_wrong_rule_without_an_expectation_is_refused() -> None:
    without = GOOD[: GOOD.index("[expect.wrong]")]
    with pytest.raises(ScenarioError, match=r"f.toml:5: wrong_rule: a wrong rule needs an"):
        parse_scenario(without, "f.toml")


def test_a_scenario_without_steps_or_expectations_is_refused() -> None:
    head = GOOD[: GOOD.index("[[step]]")]
    with pytest.raises(ScenarioError, match=r"f.toml:1: a scenario needs at least one"):
        parse_scenario(head, "f.toml")
    with pytest.raises(ScenarioError, match=r"f.toml:1: the scenario lacks \[expect\]"):
        parse_scenario(head + '[[step]]\ndo = "heal"\n', "f.toml")


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read: No such file"):
        read_scenario(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b'id = "\xff"')
    with pytest.raises(ScenarioError, match="no UTF-8 at byte 7"):
        read_scenario(tmp_path / "bytes.toml")


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 5000])
def test_what_the_toml_reader_itself_stumbles_over_is_one_line_too(value: str) -> None:
    said = mistake("acceptors = 3", f"acceptors = {value}")
    assert said == "f.toml: no TOML: a number too long, or nested too deep"
