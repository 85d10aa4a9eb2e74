"""How much of what happens a cluster's trace tells."""

from __future__ import annotations

from enum import StrEnum


class TraceLevel(StrEnum):
    """What is told, and therefore recorded, shown and checked.

    Telling less is cheaper: most of a trace is messages. `everything` tells all that the glossary
    (`roles/events.py`) has. `protocol` leaves out the messages, that is `sent`, `delivered`,
    `lost`, `duplicated`, `delayed` and `refused`, and with them the rules that are about messages.
    `counters` tells nothing: what happened is only counted, and no rule is watched.
    """

    EVERYTHING = "everything"
    PROTOCOL = "protocol"
    COUNTERS = "counters"
