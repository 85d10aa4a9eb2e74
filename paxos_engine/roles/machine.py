"""The state machine: what the ordered history is for.

Any class with the three methods of `StateMachine` will do. Every leader runs its own copy over
the same history, so `apply` must depend on nothing but the values before it: no clock, no random
number, no order of a set.
"""

from __future__ import annotations

import json
import re
from typing import Final, NamedTuple, Protocol


class Outcome(NamedTuple):
    """What applying a value came to.

    Args:
        result: what the client is told.
        changed: (key, new content) of what is different now, None for what is gone; for display.
    """

    result: str
    changed: tuple[tuple[str, str | None], ...] = ()


class StateMachine(Protocol):
    """What the history is applied to."""

    def apply(self, value: str | bytes) -> Outcome:
        """Apply one command and return its outcome; never raises, whatever the value is."""

    def snapshot(self) -> bytes:
        """Return the whole state; equal states give equal bytes."""

    def restore(self, snapshot: bytes) -> None:
        """Take the state that `snapshot` returned in place of the present one.

        Raises:
            ValueError: it is no such state.
        """


WHOLE_NUMBER: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)
"""What `incr` counts up: bounded, so that every leader can add one to it."""

_BEGINNINGS: Final = frozenset(("set", "get", "del", "inc", "cas"))
"""The first letters of every command; what begins otherwise is not cut into words to see that it is
none. A command that `apply` knows and this does not would never be carried out."""

ABSENT: Final = "(none)"

OK: Final = Outcome("ok")
"""What changes nothing, and could not fail."""


class KeyValueStore:
    """The default machine: `set k v`, `get k`, `del k`, `incr k`, `cas k old new`.

    Anything else is an opaque value: it has its place in the history and changes nothing.
    """

    def __init__(self) -> None:
        self.items: dict[str, str] = {}

    def apply(self, value: str | bytes) -> Outcome:
        """Apply one command; a result that begins with "error" has changed nothing."""
        if isinstance(value, bytes) or value.lstrip()[:3] not in _BEGINNINGS:
            return OK
        match value.split():
            case ["set", key, _, *_]:
                return self._put(key, value.split(None, 2)[2], "ok")
            case ["get", key]:
                return Outcome(self.items.get(key, ABSENT))
            case ["del", key]:
                if self.items.pop(key, None) is None:
                    return Outcome(ABSENT)
                return Outcome("ok", ((key, None),))
            case ["incr", key]:
                return self._increment(key)
            case ["cas", key, old, new]:
                found = self.items.get(key, ABSENT)
                if found != old:
                    return Outcome(f"error: {key} is {found}, not {old}")
                return self._put(key, new, "ok")
        return OK

    def snapshot(self) -> bytes:
        """Return the keys and their contents."""
        return json.dumps(self.items, sort_keys=True).encode()

    def restore(self, snapshot: bytes) -> None:
        """Take back what `snapshot` returned."""
        items = json.loads(snapshot)
        if type(items) is not dict or any(type(content) is not str for content in items.values()):
            raise ValueError("keys and texts are what a snapshot of the store holds")
        self.items = items

    def _increment(self, key: str) -> Outcome:
        found = self.items.get(key, "0")
        if not WHOLE_NUMBER.fullmatch(found):
            return Outcome(f"error: {key} holds no whole number of at most 18 digits")
        counted = str(int(found) + 1)
        return self._put(key, counted, counted)

    def _put(self, key: str, content: str, result: str) -> Outcome:
        self.items[key] = content
        return Outcome(result, ((key, content),))
