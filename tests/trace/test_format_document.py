"""The definition of the trace file and the program say the same."""

from __future__ import annotations

import json
import re
import types
import typing
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

import pytest

from paxos_engine.roles.events import ALL_EVENTS, Sent
from paxos_engine.roles.messages import KINDS, AcceptedReport, Reply
from paxos_engine.roles.values import Command, ProposalNumber, Value
from paxos_engine.trace.jsonform import from_line, to_json

DOCUMENT = (Path(__file__).parents[2] / "docs" / "trace-format.md").read_text(encoding="utf-8")
EVENTS = DOCUMENT[DOCUMENT.index("## Events") : DOCUMENT.index("## Messages")]
MESSAGES = DOCUMENT[DOCUMENT.index("## Messages") : DOCUMENT.index("## What can be held")]
PARTS = [
    pytest.param(EVENTS, {event: event.name for event in ALL_EVENTS}, id="events"),
    pytest.param(MESSAGES, KINDS, id="messages"),
]
STAMP = {"seq", "t", "node", "event"}


@dataclass(frozen=True)
class Field:
    """A field as the document describes it, and as the program declares it."""

    owner: str
    name: str
    form: str
    default: str


def words(cell: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def rows(part: str, columns: int) -> Iterator[list[str]]:
    """Yield the rows of the tables with so many columns, without their heads."""
    for line in part.splitlines():
        cells = [cell.strip() for cell in line.split(" |")]
        if line.startswith("| `") and len(cells) == columns + 1:
            yield [cells[0].removeprefix("| "), *cells[1:-1]]


def examples(part: str) -> list[str]:
    """Return the lines of JSON."""
    return [line for line in part.splitlines() if line.startswith("{")]


def described(part: str) -> set[Field]:
    """Return the fields that the tables of a part describe."""
    found = [
        Field(owner, name.strip("`"), form, default.strip("`"))
        for name, owners, form, default, meaning in rows(part, 5)
        for owner in words(owners)
        if meaning
    ]
    assert len(found) == len({(field.owner, field.name) for field in found}), "described twice"
    return set(found)


def declared(kind: type[Any], word: str) -> Iterator[Field]:
    """Yield the fields of an event or message as its type declares them."""
    hints = typing.get_type_hints(kind)
    for field in fields(kind):
        if (kind, field.name) == (Sent, "body"):
            continue
        name = field.name.rstrip("_")
        form = "object" if name == "quorum" else form_of(hints[field.name])
        default = "" if field.default is MISSING else json.dumps(field.default)
        yield Field(word, name, form, default)


FORMS: dict[Any, str] = {
    int: "integer",
    float: "seconds",
    bool: "true or false",
    str: "text",
    bytes: "bytes",
    ProposalNumber: "number",
    Command: "command",
    Value: "value",
    AcceptedReport: "report",
    Reply: "answer",
}


def form_of(hint: Any) -> str:
    """Return the document's word for a declared type."""
    if hint in FORMS:
        return FORMS[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        assert arguments[1] is types.NoneType
        return f"{form_of(arguments[0])} or null"
    if origin is dict:
        return "object"
    return f"list of {form_of(arguments[0])}s" if arguments[-1] is Ellipsis else "pair"


@pytest.mark.parametrize(("part", "kinds"), PARTS)
def test_the_document_has_one_row_for_each_word_and_names_its_fields(
    part: str, kinds: dict[type[Any], str]
) -> None:
    table = {words(word)[0]: set(words(names)) for word, names, _ in rows(part, 3)}
    assert set(table) == set(kinds.values())
    for kind, word in kinds.items():
        extra = {"kind", "body"} if word == "sent" else set()
        assert table[word] == {field.name for field in declared(kind, word)} | extra


@pytest.mark.parametrize(("part", "kinds"), PARTS)
def test_each_field_is_described_with_its_form_and_its_default(
    part: str, kinds: dict[type[Any], str]
) -> None:
    program = {field for kind, word in kinds.items() for field in declared(kind, word)}
    assert described(part) == program


@pytest.mark.parametrize("line", examples(DOCUMENT), ids=lambda line: json.loads(line)["event"])
def test_each_example_is_read_and_written_again_as_the_same_object(line: str) -> None:
    assert to_json(from_line(line.encode())) == json.loads(line)


@pytest.mark.parametrize(("part", "kinds"), PARTS)
def test_there_is_an_example_of_each_word_in_the_order_of_the_program(
    part: str, kinds: dict[type[Any], str]
) -> None:
    key = "kind" if part is MESSAGES else "event"
    assert [json.loads(line)[key] for line in examples(part)] == list(kinds.values())


@pytest.mark.parametrize(("part", "key"), [(EVENTS, "event"), (MESSAGES, "kind")])
def test_an_example_has_no_field_that_is_not_described(part: str, key: str) -> None:
    known = {(field.owner, field.name) for field in described(part)}
    sent = {"message", "to", "after", "kind"}
    for line in examples(part):
        raw = json.loads(line)
        if raw["event"] == "sent" and key == "event":
            continue  # the fields of its message are described with the messages
        left = set(raw) - STAMP - (sent if key == "kind" else set())
        assert {(raw[key], name) for name in left} <= known


def test_the_stamp_is_described() -> None:
    part = DOCUMENT[DOCUMENT.index("## Every line") : DOCUMENT.index("## Values")]
    assert {words(name)[0] for name, _ in rows(part, 2)} == STAMP
