"""Checks a trace by `docs/trace-format.md` alone: no code of the program, slow and obvious."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

AGREEMENT = {"at most one value is chosen", "one value per number and instance"}
NEVER, PROMISE = (0, 0), "no vote"


def judge(lines: Iterable[bytes]) -> tuple[str, int, set[str]]:
    """Return the verdict, the line of the first violation, and the rules that it breaks."""
    stranger, last, claims = Stranger(), -1, set[str]()
    for at, line in enumerate(lines, 1):
        try:
            e = json.loads(line.decode(), object_hook=comparable)
            last, before = e["seq"], last
            broken = {rule for holds, rule in stranger.rules(e) if not holds and last > before}
        except (KeyError, TypeError, ValueError):
            last = before = -1
        if last <= before:
            return ("violated" if claims else "not checked"), 0, claims
        stranger.missed |= e["event"] == "skipped" or (at > 2 and last > before + 1)
        if broken := broken & AGREEMENT if stranger.missed else broken:
            return "violated", at, broken
        claims |= {e["rule"]} if e["event"] == "violation" else set()
    return "violated" if claims else "not checked" if stranger.missed else "safe", 0, claims


def comparable(found: Any) -> Any:
    """Turn numbers into (round, rank), commands into tuples, values into tuples of commands."""
    for key in {"number", "promised"} & set(found):
        found[key] = found[key] and (found[key][0], int(found[key][1][1:]))
    if {"client", "sequence", "value"} <= set(found):
        more = found.get("session", 0), found.get("oldest", 0)
        return found["client"], found["sequence"], str(found["value"]), *more
    found |= {end: -1 for end in ("last", "covers_to") if found.get(end) == 0}  # 0 is as none
    if (value := found.get("value", 0)) != 0:
        found["value"] = tuple(value) if isinstance(value, list) else (value,) if value else ()
    return found


def speaks(pages: list[Any], instance: int) -> bool:
    """Say whether pages of one promise, the final one among them, tell of `instance`."""
    one = len({(page["first"], page["last"]) for page in pages}) == 1
    there = [p for p in pages if p["first"] <= instance <= (p["last"] or instance)]
    there = [p for p in there if p["cursor"] <= instance <= (p["covers_to"] or instance)]
    told = any(instance > page["compacted"] for page in there)
    return one and told and any(page["final"] for page in pages)


class Node:
    """What a node holds: records of mark, number, first and last instance, value or PROMISE."""

    synced = dropped = applied = durable = 0

    def __init__(self, *records: Any) -> None:
        self.records, self.rows = [*records], list[Any]()  # rows: of an instance with more to come

    def bound(self, first: int, last: int | None) -> Any:
        over = [r for r in self.records if r[2] <= (last or r[2]) and first <= (r[3] or first)]
        return max((r[1] for r in over), default=NEVER)

    def votes(self, mark: int) -> list[Any]:
        votes = [r for r in self.records if r[4] != PROMISE and r[0] <= mark]
        return [(n, i, value) for _, n, i, _, value in votes if i > self.dropped]

    def tells_all(self, e: Any, first: int, last: int | None) -> bool:
        told, held = {r["instance"]: r for r in e["reported"]}, self.votes(10**18)
        due = [v for v in held if v[0] < e["number"] and first <= v[1] <= (last or v[1])]
        due = [i in told and told[i]["number"] >= n for n, i, _ in due if i > e["compacted"]]
        known = [(r["number"], i, r["value"]) in held for i, r in told.items() if i > self.dropped]
        return e["compacted"] <= self.dropped and all(known) and all(due)


class Stranger:
    """One trace, line by line."""

    def __init__(self) -> None:
        self.missed, self.covered, self.acceptors, self.gone = False, 0, set[str](), set[str]()
        self.by: Any = {}  # what it is about -> the first line about that
        self.nodes: Any = defaultdict(Node)
        self.ballots: Any = defaultdict(dict)  # (number, instance) -> acceptor -> value
        self.reached: Any = defaultdict(int)  # leader -> how far its snapshot goes

    def rules(self, e: Any) -> Iterator[tuple[Any, str]]:  # noqa: C901, PLR0912, PLR0915 - a table
        name, i, n, m = e["node"], e.get("instance"), e.get("number"), e.get("message")
        node, by, first = self.nodes[name], self.by, self.by.setdefault
        if e["event"] in ("prepared", "proposed", "primary"):
            yield name == f"L{n[1]}", "a number has one owner"
        if e["event"] == "applied":
            yield i == node.applied + 1, "applied in order, without holes"
        match e["event"]:
            case "header":
                self.acceptors, self.leaders = set(e["acceptors"]), e["leaders"]
                self.q1, self.q2 = q = e["quorum"]["phase1"], e["quorum"]["phase2"]
                met = 1 <= min(q) <= max(q) <= len(self.acceptors) < sum(q)
                yield met, "every two quorums share an acceptor"
            case "prepared":
                one = e["to_instance"] and e["from_instance"]
                yield first(("prepared", n, one), e) is e, "a number is prepared once"
            case "proposed":
                came = [by["came", name, m] for m in e["promises"] if ("came", name, m) in by]
                ours = [p for p in came if p["kind"] == "promise" and p["number"] == n]
                each = [[p for p in ours if p["node"] == acceptor] for acceptor in self.acceptors]
                whole = [pages for pages in each if pages and speaks(pages, i)]
                told = [r for ps in whole for p in ps for r in p["reported"] if r["instance"] == i]
                top = max(told, key=lambda r: r["number"], default=e)
                yield first(("proposed", n, i), e) is e, "one proposal per number and instance"
                yield len(whole) >= self.q1, "a quorum promises before a value is proposed"
                yield top["value"] == e["value"], "what is proposed is what the promises demand"
            case "promised":
                vow = n, e["from_instance"], e["to_instance"], PROMISE
                yield n >= node.bound(*vow[1:3]), "a promise is never taken back"
                yield node.tells_all(e, *vow[1:3]), "a promise reports what was accepted"
                node.records += [] if vow in {r[1:] for r in node.records} else [(e["mark"], *vow)]
            case "accepted":
                yield n >= node.bound(i, i), "nothing is accepted below a promise"
                yield ("proposed", n, i) in by, "only what was proposed is accepted"
                node.records.append((e["mark"], n, i, i, e["value"]))
            case "synced":
                node.synced, node.durable = e["mark"], node.applied
            case "crashed" if e["kind"] == "wipe":
                self.nodes[name] = node = Node((1e18, NEVER, -1, -1, PROMISE))  # marks may go on
            case "restarted":
                mark, far, promised = e["mark"], e["applied"], e["promised"] or NEVER
                written = max([node.synced, *(r[0] for r in node.records)])
                kept = [r for r in node.records if r[0] <= mark]
                votes = len({i for _, i, _ in node.votes(mark)})
                owed = max([NEVER, *(r[1] for r in kept if r[3] is None or r[3] > node.dropped)])
                had = mark >= node.synced and far >= node.durable and e["accepted"] >= votes
                new = far > node.applied or promised > max([NEVER, *(r[1] for r in kept)])
                new = new or e["accepted"] > votes or (name in self.acceptors and mark > written)
                yield had and promised >= owed, "what is durable survives a restart"
                yield not new, "a restart invents nothing"
                node.records, node.rows = [*kept, (0, promised, -1, -1, PROMISE)], []
                node.synced, node.applied, node.durable, self.reached[name] = mark, far, far, far
            case "compacted":
                yield e["up_to"] <= self.covered, "only what snapshots cover is dropped"
                node.dropped = max(node.dropped, e["up_to"])
            case "sent":
                first(("sent", name, e["to"], m), e)
                yield e["after"] <= node.synced, "a record is durable before its answer leaves"
                votes = e["intervals"] if e["kind"] == "accepted" else ()
                told = [(j, j) for a, b in votes for j in range(a, b + 1)]
                if vows := e["kind"] == "promise":
                    all_told = node.tells_all(e, e["cursor"], e["covers_to"] or e["last"])
                    yield all_told, "a promise reports what was accepted"
                    told = [(e["first"], e["last"])]
                for lo, hi in [t for t in told if (t[1] or 1e18) > node.dropped]:
                    on = [r for r in node.records if r[1] == n and (vows or r[4] != PROMISE)]
                    on = [r[0] for r in on if r[2] <= lo and (hi or 1e18) <= (r[3] or 1e18)]
                    yield min(on, default=1e19) <= e["after"], "an answer rests on a record"
            case "delivered":
                yield ("sent", e["from"], name, m) in by, "every delivery has a sending"
                first(("came", name, m), by.get(("sent", e["from"], name, m)))
            case "learned":
                enough = e["source"] != "votes" or len(self.acceptors & {*e["voters"]}) >= self.q2
                yield enough, "learned from a quorum of distinct acceptors"
                yield by.get(("chosen", i), "none") == e["value"], "what is learned was chosen"
            case "applied" if e.get("more"):
                node.rows.append(e)
            case "applied":
                rows, node.rows, node.applied = [*node.rows, e], [], i
                what = e["state"], [r["command"] for r in rows]
                yield first(("applied", i), what) == what, "leaders apply the same history"
                first(("result", i), {r["command"][:2]: r["result"] for r in rows if r["command"]})
                done = [r for r in rows if r.get("duplicate_of") is None and not r.get("expired")]
                for c in [r["command"] for r in done if r["command"] and r["command"][1]]:
                    yield first(("done", *c[:2], c[3]), i) == i, "a command is applied once"
            case "snapshot":
                state, _ = by.get(("applied", e["applied"]), (e["state"], ()))
                yield state == e["state"], "leaders apply the same history"
                self.reached[name] = max(self.reached[name], e["applied"])
                node.applied = e["applied"] if e["kind"] == "installed" else node.applied
            case "submitted":
                first(("submitted", e["client"], e["sequence"]), []).append(e["command"][:3])
            case "answered":
                who, held = (e["client"], e["sequence"]), by.get(("chosen", i), ())
                asked, chosen = by.get(("submitted", *who)), e["outcome"] == "chosen"
                right = asked and (not chosen or {*asked} & {c[:3] for c in held})
                yield first(("answered", *who), e) is e, "a command is answered once"
                yield right, "what is answered was asked and chosen"
                right = not chosen or by.get(("result", i), {}).get(who) == e["result"]
                yield right, "an answer is the result of applying the command"
            case "written_off":
                self.gone = set(e["leaders"])
        far = sorted(self.reached[leader] for leader in {*self.leaders} - self.gone)
        self.covered = max(self.covered, far[(len(far) - 1) // 2])
        told = name in self.acceptors and e["event"] in ("accepted", "synced", "restarted")
        for n, i, value in node.votes(node.synced) if told else ():
            ballot = self.ballots[n, i]
            yield {*ballot.values()} <= {value}, "one value per number and instance"
            ballot[name] = value
            if [*ballot.values()].count(value) >= self.q2:
                yield first(("chosen", i), value) == value, "at most one value is chosen"
                asked = [c[:3] in by.get(("submitted", *c[:2]), ()) for c in value]
                yield all(asked), "what is chosen was submitted"
