"""Single fields from the wire: strict, bounded, and with one clear line for what is wrong.

Nothing that comes from the wire is believed: types are compared exactly (a bool is no number),
numbers are bounded, and what does not fit raises `WireError` before anything is built from it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeAlias

from paxos_engine.roles.values import MAX_INSTANCE, MAX_ROUND, ProposalNumber

MAX_RANK: Final = 1_000
MAX_NAME: Final = 64
_NO_NAME: Final = f"is no name: 1 to {MAX_NAME} printable characters"
MAX_ITEMS: Final = 4_096
"""Reports, rows, intervals, or messages in one list: several times what a page ever holds."""


class WireError(ValueError):
    """A datagram, or a message in it, that makes no sense; the text is one line."""


Read: TypeAlias = Callable[[Any], Any]


def shown(raw: Any) -> str:
    """Return a few words for something that came from the wire, however long or deep it is."""
    match raw:
        case str() | bytes():
            return repr(raw[:40])
        case list():
            return f"a list of {len(raw)} items"  # its repr may nest deeper than Python recurses
        case _:
            return repr(raw)[:40]


def read_int(raw: Any, most: int) -> int:
    """Return a whole number from 0 to `most`, or raise WireError."""
    if type(raw) is not int or not 0 <= raw <= most:
        raise WireError(f"{shown(raw)} is no whole number from 0 to {most}")
    return raw


def read_instance(raw: Any) -> int:
    """Return an instance (or 0), or raise WireError."""
    if type(raw) is int and 0 <= raw < MAX_INSTANCE:  # most numbers are: spare them the call
        return raw
    return read_int(raw, MAX_INSTANCE - 1)


def read_last(raw: Any) -> int | None:
    """Return the end of a range, None for an open one, or raise WireError."""
    return None if raw is None else read_instance(raw)


def read_name(raw: Any) -> str:
    """Return a short printable text, or raise WireError."""
    if type(raw) is not str or len(raw) > MAX_NAME:
        raise WireError(f"{shown(raw)} {_NO_NAME}")
    return _name(raw)


@lru_cache(1_024)
def _name(text: str) -> str:
    """Return the one text for a name: every command names its client, and is kept."""
    if not text or not text.isprintable():
        raise WireError(f"{shown(text)} {_NO_NAME}")
    return text


def read_primary(raw: Any) -> str | None:
    """Return the name of a primary or None, or raise WireError."""
    return None if raw is None else read_name(raw)


def read_list(raw: Any, length: int | None = None) -> list[Any]:
    """Return a list of `length` items (or of any bounded length), or raise WireError."""
    if type(raw) is not list or len(raw) > MAX_ITEMS:
        raise WireError(f"{shown(raw)} where a list of at most {MAX_ITEMS} items belongs")
    if length is not None and len(raw) != length:
        raise WireError(f"a list of {len(raw)} items where {length} belong")
    return raw


def read_number(raw: Any) -> ProposalNumber:
    """Return a proposal number, its round bounded, or raise WireError."""
    round_, rank = read_list(raw, 2)
    return ProposalNumber(read_int(round_, MAX_ROUND - 1), read_int(rank, MAX_RANK))


def read_bool(raw: Any) -> bool:
    """Return True or False, or raise WireError."""
    if type(raw) is not bool:
        raise WireError(f"{shown(raw)} is neither true nor false")
    return raw


def read_text(raw: Any) -> str:
    """Return a text of any length, or raise WireError."""
    if type(raw) is not str:
        raise WireError(f"{shown(raw)} is no text")
    return raw


def read_bytes(raw: Any) -> bytes:
    """Return bytes of any length, or raise WireError."""
    if type(raw) is not bytes:
        raise WireError(f"{shown(raw)} is no bytes")
    return raw


def read_first(raw: Any) -> int:
    """Return an instance, which 0 is not, or raise WireError."""
    instance = read_instance(raw)
    if instance < 1:
        raise WireError("instances begin at 1")
    return instance


def read_state(raw: Any) -> str:
    """Return the hash of a state, or raise WireError."""
    state = read_text(raw)
    if len(state) != 16 or set(state) - set("0123456789abcdef"):
        raise WireError(f"{shown(raw)} is no hash of a state")
    return state


def read_content(raw: Any) -> str | bytes:
    """Return what a client asks for, text or bytes, or raise WireError."""
    if type(raw) is not str and type(raw) is not bytes:
        raise WireError(f"{shown(raw)} is neither text nor bytes")
    return raw


def read_some(raw: Any) -> list[Any]:
    """Return a list that is not empty, or raise WireError."""
    items = read_list(raw)
    if not items:
        raise WireError("an empty list where something belongs")
    return items
