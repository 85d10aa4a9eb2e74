"""Searches every state of the model in paxos.pml, under the right rules and each wrong one.

    make model
    make model ARGS='--story --rule AcceptKeepsThePromise'

SPIN makes a program of the model, the C compiler makes it fast, and each verdict is compared with
the one expected. It needs nothing but the standard library; without SPIN or a compiler it says so
and is content.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
MODEL: Final = "paxos.pml"
FILES: Final = (MODEL, "wrong_rules.h")
LEADERS: Final = 2
COMPILERS: Final = ("gcc", "cc", "clang")
VALUES: Final = "xyzw"

# Every step reads or writes what the others do, so a partial order reduction would find nothing to
# leave out: without it the search is complete by construction. Violations are searched breadth
# first, which finds a shortest path; the right rules depth first, which takes less memory.
COMPLETE: Final = ("-w", "-O2", "-DSAFETY", "-DNOREDUCE")
SHORTEST: Final = ("-w", "-O0", "-DSAFETY", "-DNOREDUCE", "-DBFS")
DEPTH_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Case:
    """One search: which rules, within which bounds, and what must come out.

    Args:
        rule: "right", or a name out of wrong_rules.h.
        expected: "safe" for the right rules, "broken" for a wrong one, "refuted" for a claim that
            the right rules must disprove.
        acceptors: how many there are.
        numbers: how many proposal numbers there are.
        quorum1: the size of a quorum of phase 1, 0 for a majority.
        quorum2: the size of a quorum of phase 2, 0 for a majority.
    """

    rule: str
    expected: str = "broken"
    acceptors: int = 3
    numbers: int = 2
    quorum1: int = 0
    quorum2: int = 0

    @property
    def quorums(self) -> str:
        """The sizes of the quorums, of phase 1 and of phase 2."""
        majority = self.acceptors // 2 + 1
        return f"{self.quorum1 or majority}+{self.quorum2 or majority}"

    @property
    def definitions(self) -> list[str]:
        """What the preprocessor is told."""
        said = {"ACCEPTORS": self.acceptors, "NUMBERS": self.numbers, "LEADERS": LEADERS}
        if self.quorum1:
            said |= {"QUORUM1": self.quorum1, "QUORUM2": self.quorum2}
        rule = [] if self.rule == "right" else [f"-DRULE={self.rule}"]
        return [f"-D{name}={value}" for name, value in said.items()] + rule


SMALLEST: Final = Case("right", "safe")
RIGHT: Final = (
    SMALLEST,
    replace(SMALLEST, numbers=3),
    replace(SMALLEST, acceptors=4, quorum1=3, quorum2=2),
    replace(SMALLEST, acceptors=5),
)
DEEP: Final = (
    replace(SMALLEST, acceptors=4, numbers=3, quorum1=3, quorum2=2),
    replace(SMALLEST, numbers=4),
)
"""Minutes, and gigabytes of memory."""

WRONG: Final = (
    Case("LastReplyOnly"),
    Case("MostCommonReport", numbers=3),
    Case("OnlyMajorityReports"),
    Case("IgnoresReports"),
    Case("ReportsPromised"),
    Case("AcceptsBelowPromise"),
    Case("AcceptKeepsThePromise", numbers=3),
    Case("ComparesPortWithCount"),
    Case("PromiseMayFall"),
    Case("CountsMessages"),
    Case("QuorumsDoNotMeet"),
    Case("ReusesNumber", numbers=3),
    Case("NoOpWithoutPhaseOne"),
    Case("ForgetsPromise"),
    Case("ForgetsVote"),
    Case("WipedVotesAgain"),
    Case("NothingIsChosen", "refuted"),
    Case("NothingIsAdopted", "refuted"),
)
"""Each within the smallest bounds in which it shows."""


@dataclass(frozen=True, slots=True)
class Tools:
    """The programs that the search needs."""

    spin: str
    compiler: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a search found.

    Args:
        found: "safe", "broken", "refuted", "unfinished", or "mistake": the model itself is wrong.
        states: how many different states were visited.
        seconds: how long the search took, without compiling.
        story: the shortest path to the violation, a line for each step and what follows from it.
        remark: what SPIN said of a search that proves nothing, or nothing.
    """

    found: str
    states: int
    seconds: float
    story: tuple[str, ...] = ()
    remark: str = ""

    @property
    def steps(self) -> int:
        """How many steps the path has: prepares, deliveries, crashes."""
        return sum(line.startswith("- ") for line in self.story)


class ToolError(Exception):
    """A program that the search needs did not do its work; the message is one line."""


def find_tools() -> Tools | str:
    """Return the programs needed, or the reason why there is nothing to run."""
    spin = shutil.which("spin")
    compiler = next((path for name in COMPILERS if (path := shutil.which(name))), None)
    if spin is None or compiler is None:
        missing = "spin" if spin is None else "a C compiler"
        return f"{missing} is not installed (Debian: apt install spin gcc)"
    # Another program, of a cloud platform, has the same name.
    said = subprocess.run([spin, "-V"], capture_output=True, text=True, check=False).stdout
    if not said.startswith("Spin Version"):
        return f"{spin} is not the model checker SPIN (Debian: apt install spin gcc)"
    return Tools(spin, compiler)


def call(command: list[str], folder: Path, *, may_fail: bool = False) -> str:
    """Run a program in `folder` and return what it printed.

    Raises:
        ToolError: it failed, and `may_fail` does not allow it.
    """
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    printed = done.stdout + done.stderr
    if done.returncode != 0 and not may_fail:
        lines = [line for line in printed.splitlines() if line.strip()] or ["it said nothing"]
        wrong = next((line for line in lines if "rror" in line), lines[0])
        raise ToolError(f"{Path(command[0]).name} failed: {wrong.strip()}")
    return printed


def search(case: Case, tools: Tools, memory_mb: int) -> Verdict:
    """Visit every state of one case, in a folder of its own.

    Raises:
        ToolError: SPIN or the compiler failed.
    """
    with tempfile.TemporaryDirectory(prefix="paxos-model-") as name:
        folder = Path(name)
        for file in FILES:
            shutil.copy(HERE / file, folder)
        spin = [tools.spin, f"-P{tools.compiler} -E -x c", *case.definitions]
        flags = COMPLETE if case.expected == "safe" else SHORTEST
        call([*spin, "-a", MODEL], folder)
        call([tools.compiler, *flags, f"-DMEMLIM={memory_mb}", "-o", "pan", "pan.c"], folder)
        start = time.perf_counter()
        printed = call([str(folder / "pan"), f"-m{DEPTH_MAX}", "-w20"], folder, may_fail=True)
        verdict = read_verdict(case, printed, time.perf_counter() - start)
        trail = f"{MODEL}.trail"
        if not (folder / trail).exists():
            return verdict
        told = call([*spin, "-B", "-k", trail, MODEL], folder, may_fail=True)
        return replace(verdict, story=read_story(case, told))


def read_verdict(case: Case, printed: str, seconds: float) -> Verdict:
    """Read the verdict out of what the search printed.

    Only the model's own assertion counts as a violation: the search also stops at mistakes in the
    model, such as an index out of bounds, and those prove nothing.
    """
    # Breadth first, `nominal` leaves out the states inside the one atomic step that starts it all.
    counts = re.search(r"(\d+) nominal states", printed) or re.search(r"(\d+) states, st", printed)
    states = int(counts[1]) if counts else 0
    complaint = re.search(r"^(?:pan:1: |pan: reached |error: )(.*)$", printed, re.MULTILINE)
    remark = complaint[1] if complaint else ""
    if "MEMLIM" in remark:
        remark = "more memory is needed than --memory allows"
    if re.match("assertion violated (?!- )", remark):
        return Verdict("refuted" if case.expected == "refuted" else "broken", states, seconds)
    if remark.startswith("assertion violated - ") or "invalid end state" in remark:
        return Verdict("mistake", states, seconds, remark=remark)
    complete = "errors: 0" in printed and "not completed" not in printed and not remark
    return Verdict("safe" if complete else "unfinished", states, seconds, remark=remark)


def read_story(case: Case, told: str) -> tuple[str, ...]:
    """Return the steps that SPIN replayed, with the numbers and values by their names."""

    def name(match: re.Match[str]) -> str:
        which = int(match[2])
        if match[1] == "$":
            return "no-op" if which > case.numbers else VALUES[which - 1]
        above = which + LEADERS - 1
        return f"{above // LEADERS}.L{above % LEADERS + 1}" if which else "nothing"

    lines = (line.strip() for line in told.splitlines())
    return tuple(re.sub(r"([#$])(\d+)", name, line) for line in lines if line[:2] in ("- ", "= "))


HEAD: Final = f"{'rules':<22}{'acceptors':>9}{'numbers':>9}{'quorums':>9}  {'expected':<9}"


def run(cases: list[Case], tools: Tools, memory_mb: int, story: bool) -> list[Case]:
    """Search all cases, print a line for each, and return those with an unexpected verdict."""
    print(f"{HEAD}{'found':<9}{'states':>11}{'seconds':>9}{'steps':>7}")
    unexpected = []
    for case in cases:
        verdict = search(case, tools, memory_mb)
        steps = f"{verdict.steps:>7}" if verdict.steps else ""
        print(
            f"{case.rule:<22}{case.acceptors:>9}{case.numbers:>9}{case.quorums:>9}"
            f"  {case.expected:<9}{verdict.found:<9}{verdict.states:>11,}{verdict.seconds:>9.2f}"
            f"{steps}",
            flush=True,
        )
        for line in (verdict.remark, *(verdict.story if story else ())):
            if line:
                print(f"    {line}")
        if verdict.found != case.expected:
            unexpected.append(case)
    return unexpected


def chosen_cases(options: argparse.Namespace) -> list[Case]:
    """Return the cases that the command line asks for."""
    right = {"small": (SMALLEST,), "usual": RIGHT, "deep": (*RIGHT, *DEEP)}[options.bounds]
    return [case for case in (*right, *WRONG) if not options.rule or case.rule in options.rule]


def megabytes(text: str) -> int:
    """Read an amount of memory in megabytes off the command line."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of megabytes from 1 up")
    return int(text)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    bounds = parser.add_mutually_exclusive_group()
    add_bounds = partial(bounds.add_argument, dest="bounds", action="store_const", default="usual")
    add_bounds("--small", const="small", help="the right rules in the smallest bounds only")
    add_bounds("--deep", const="deep", help="in larger bounds too: minutes, and gigabytes")
    parser.add_argument(
        "--rule",
        action="append",
        metavar="NAME",
        choices=sorted({case.rule for case in (*RIGHT, *WRONG)}),
        help="only these rules: right, or one of wrong_rules.h; may be given again",
    )
    parser.add_argument("--story", action="store_true", help="print each path to a violation")
    parser.add_argument(
        "--memory",
        type=megabytes,
        default=4096,
        metavar="MB",
        help="the memory that one search may take (4096)",
    )
    return parser.parse_args()


def main() -> int:
    """Run the model; return 1 if a verdict is not the expected one, 2 if a program failed."""
    options = arguments()
    tools = find_tools()
    if isinstance(tools, str):
        print(f"skipped: {tools}")
        return 0
    cases = chosen_cases(options)
    try:
        unexpected = run(cases, tools, options.memory, options.story)
    except ToolError as error:
        print(f"make model: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    print(f"{len(cases) - len(unexpected)} of {len(cases)} verdicts are as expected.")
    return 1 if unexpected else 0


if __name__ == "__main__":
    sys.exit(main())
