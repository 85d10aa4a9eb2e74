"""The model of the rules: what it says, what its runner makes of it, and what SPIN finds."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

DOCS = Path(__file__).parent.parent / "docs"
RUNNER = DOCS / "model" / "run.py"
MODEL = (DOCS / "model" / "paxos.pml").read_text(encoding="utf-8")
WRONG_RULES = (DOCS / "model" / "wrong_rules.h").read_text(encoding="utf-8")
DOCUMENT = (DOCS / "rules.md").read_text(encoding="utf-8")


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("paxos_model", RUNNER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


model = _load()
TOOLS = model.find_tools()
needs_spin = pytest.mark.skipif(isinstance(TOOLS, str), reason=str(TOOLS))
MEMORY_MB = 512


def run(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the runner as `make model` does, with another PATH if one is given."""
    return subprocess.run(
        [sys.executable, str(RUNNER), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=None if path is None else {"PATH": path},
    )


def put_program(folder: Path, name: str, says: str) -> None:
    """Put a program into `folder` that prints one line and is content."""
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\n", encoding="utf-8")
    program.chmod(0o755)


def blocks() -> dict[str, str]:
    """Return the replacement of each wrong rule, by its name."""
    parts = re.split(r"^#(?:el)?if RULE == (\w+)$", WRONG_RULES, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


# ---- The texts -----------------------------------------------------------------------------------


def test_every_wrong_rule_of_the_model_is_searched() -> None:
    assert {case.rule for case in model.WRONG} == set(blocks())
    assert set(re.findall(r"^#define (\w+) +\d+$", WRONG_RULES, re.MULTILINE)) == set(blocks())


@pytest.mark.parametrize("rule", blocks())
def test_a_wrong_rule_replaces_exactly_one_rule_of_the_model(rule: str) -> None:
    replaced = set(re.findall(r"^#undef (\w+)", blocks()[rule], re.MULTILINE))
    defined = set(re.findall(r"^#define (\w+)", blocks()[rule], re.MULTILINE))
    assert replaced == defined
    # What a crash does is one rule in two definitions: whether something is forgotten, and what.
    assert len(replaced - {"forget"}) == 1
    for name in replaced:
        assert re.search(rf"^#define {name}\b", MODEL, re.MULTILINE), name


def test_the_document_quotes_the_model_line_by_line() -> None:
    quoted = re.findall(r"```promela\n(.*?)```", DOCUMENT, re.DOTALL)
    lines = [line for block in quoted for line in block.splitlines()]
    assert len(lines) > 10
    in_model = {line.rstrip("\\").rstrip() for line in MODEL.splitlines()}
    assert [line for line in lines if line not in in_model] == []


@pytest.mark.parametrize("case", model.WRONG, ids=lambda case: case.rule)
def test_the_document_explains_every_wrong_rule(case: Any) -> None:
    rule = case.rule
    (replaced,) = set(re.findall(r"^#undef (\w+)", blocks()[rule], re.MULTILINE)) - {"forget"}
    rows = [line for line in DOCUMENT.splitlines() if line.startswith(f"| `{rule}` | `{replaced}`")]
    assert len(rows) == 1 or (case.expected == "refuted" and f"`{rule}`" in DOCUMENT)


# ---- The runner, without SPIN --------------------------------------------------------------------


def test_without_spin_it_says_that_it_is_skipped_and_is_content(tmp_path: Path) -> None:
    done = run(path=str(tmp_path))
    assert done.stdout == "skipped: spin is not installed (Debian: apt install spin gcc)\n"
    assert (done.returncode, done.stderr) == (0, "")


def test_without_a_compiler_it_says_that_it_is_skipped_and_is_content(tmp_path: Path) -> None:
    put_program(tmp_path, "spin", "Spin Version 6.5.2 -- 6 December 2019")
    done = run(path=str(tmp_path))
    assert done.stdout == "skipped: a C compiler is not installed (Debian: apt install spin gcc)\n"
    assert done.returncode == 0


def test_another_program_of_the_same_name_is_not_taken_for_spin(tmp_path: Path) -> None:
    put_program(tmp_path, "spin", "spin 3.1.2 (a cloud platform)")
    put_program(tmp_path, "cc", "")
    done = run(path=str(tmp_path))
    assert done.stdout.startswith(f"skipped: {tmp_path / 'spin'} is not the model checker SPIN")
    assert done.returncode == 0


def test_a_compiler_that_fails_is_said_in_one_line(tmp_path: Path) -> None:
    put_program(tmp_path, "spin", "Spin Version 6.5.2 -- 6 December 2019")
    (tmp_path / "cc").write_text("#!/bin/sh\necho 'cc: error: no space left'\nexit 1\n")
    (tmp_path / "cc").chmod(0o755)
    done = run("--small", path=str(tmp_path))
    assert done.stderr == "make model: cc failed: cc: error: no space left\n"
    assert done.returncode == 2


COMPLETE = "State-vector 93 byte, depth reached 49, errors: 0\n     4346 states, stored\n"
BROKEN = "depth reached 55, errors: 1\n     3839 states, stored\n\t    3798 nominal states (stored-"
ASSERTED = "pan:1: assertion violated ( !(decided)||(decided==accept[p])) (at depth 55)\n"


@pytest.mark.parametrize(
    ("expected", "printed", "found", "states"),
    [
        ("safe", COMPLETE, "safe", 4346),
        ("broken", COMPLETE, "safe", 4346),
        ("safe", ASSERTED + BROKEN, "broken", 3798),
        ("refuted", ASSERTED + BROKEN, "refuted", 3798),
        ("broken", "pan:1: assertion violated - invalid array index\n" + BROKEN, "mistake", 3798),
        ("broken", "pan:1: invalid end state (at depth 9)\n" + BROKEN, "mistake", 3798),
        ("safe", "error: max search depth too small\n" + COMPLETE, "unfinished", 4346),
        ("safe", "pan: reached -DMEMLIM bound\n" + COMPLETE, "unfinished", 4346),
        ("safe", "Warning: Search not completed\n" + COMPLETE, "unfinished", 4346),
        ("safe", "Killed", "unfinished", 0),
    ],
)
def test_only_the_models_own_assertion_counts_and_only_a_complete_search(
    expected: str, printed: str, found: str, states: int
) -> None:
    verdict = model.read_verdict(model.Case("right", expected), printed, 1.0)
    assert (verdict.found, verdict.states) == (found, states)


def test_a_path_is_told_with_the_names_of_numbers_and_values() -> None:
    told = (
        "     - L1 begins #3\n"
        "         - A2 promises #3, reports #2\n"
        "     = L1 proposes $2 under #3\n"
        " - A1 promises #1, reports #0\n"
        "   - A2 accepts $4 under #2\n"
        "spin: trail ends after 57 steps\n"
    )
    story = model.read_story(model.Case("right", numbers=3), told)
    assert story == (
        "- L1 begins 2.L1",
        "- A2 promises 2.L1, reports 1.L2",
        "= L1 proposes y under 2.L1",
        "- A1 promises 1.L1, reports nothing",
        "- A2 accepts no-op under 1.L2",
    )
    assert model.Verdict("broken", 1, 1.0, story).steps == 4


def test_an_unexpected_verdict_fails_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(model, "find_tools", lambda: model.Tools("spin", "cc"))
    monkeypatch.setattr(model, "search", lambda *_: model.Verdict("safe", 1, 0.0))
    monkeypatch.setattr(sys, "argv", ["run.py", "--rule", "right", "--small"])
    assert model.main() == 0
    monkeypatch.setattr(sys, "argv", ["run.py", "--rule", "ForgetsVote"])
    assert model.main() == 1
    assert "0 of 1 verdicts are as expected." in capsys.readouterr().out


@pytest.mark.parametrize("memory", ["0", "-1", "much"])
def test_a_wrong_amount_of_memory_is_refused_in_plain_words(memory: str) -> None:
    done = run(f"--memory={memory}")
    assert f"'{memory}' is no number of megabytes from 1 up" in done.stderr
    assert done.returncode == 2


# ---- The model, with SPIN ------------------------------------------------------------------------


@needs_spin
@pytest.mark.parametrize("numbers", [2, 3])
def test_the_right_rules_never_decide_two_values(numbers: int) -> None:
    (case,) = (c for c in model.RIGHT if (c.acceptors, c.numbers) == (3, numbers))
    verdict = model.search(case, TOOLS, MEMORY_MB)
    assert verdict.found == "safe"
    assert f"| 3 acceptors, {numbers} numbers | {verdict.states:,} |" in DOCUMENT


@needs_spin
@pytest.mark.parametrize("case", model.WRONG, ids=lambda case: case.rule)
def test_a_wrong_rule_is_caught_by_a_path_as_long_as_the_document_says(case: Any) -> None:
    verdict = model.search(case, TOOLS, MEMORY_MB)
    assert verdict.found == case.expected
    if verdict.found == "broken":
        assert verdict.story[-1].startswith("= ")
        assert "is decided after" in verdict.story[-1]
        (row,) = (line for line in DOCUMENT.splitlines() if line.startswith(f"| `{case.rule}` |"))
        assert row.endswith(f"| {verdict.steps} |")


@needs_spin
@pytest.mark.parametrize("case", [c for c in model.WRONG if c.numbers == 3], ids=lambda c: c.rule)
def test_a_rule_said_to_need_three_numbers_is_not_caught_with_two(case: Any) -> None:
    fewer = model.replace(case, numbers=2)
    assert model.search(fewer, TOOLS, MEMORY_MB).found == "safe"


@needs_spin
def test_a_rule_that_does_not_exist_is_no_right_one() -> None:
    with pytest.raises(model.ToolError, match="RULE names none of the wrong rules"):
        model.search(model.Case("ForgetsVotes"), TOOLS, MEMORY_MB)


@needs_spin
def test_a_search_that_runs_out_of_memory_is_not_called_safe() -> None:
    done = run("--rule", "right", "--small", "--memory", "9")
    assert "unfinished" in done.stdout
    assert done.returncode == 1


@needs_spin
def test_the_table_says_what_was_expected_found_and_visited() -> None:
    done = run("--small", "--rule", "right", "--rule", "QuorumsDoNotMeet", "--story")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].split() == [
        "rules", "acceptors", "numbers", "quorums", "expected", "found", "states", "seconds",
        "steps",
    ]  # fmt: skip
    assert lines[1].split()[:6] == ["right", "3", "2", "2+2", "safe", "safe"]
    assert lines[2].split()[:6] == ["QuorumsDoNotMeet", "3", "2", "2+2", "broken", "broken"]
    assert {"    = y is decided after x", "    = x is decided after y"} & set(lines)
    assert lines[-1] == "2 of 2 verdicts are as expected."
