"""Which wrong rules show within one instance and no clients that retry, and what others need."""

from __future__ import annotations

from typing import Final

NEED_A_CRASH: Final = ("forget-promises", "forget-votes", "answer-first", "reuse-numbers")
"""Rules that are wrong about what is on disk: nothing shows before a node crashes."""

BEYOND: Final = {
    "compacted-is-empty": "it needs a snapshot, and many instances before one",
    "no-op-at-once": "it needs a gap, and a chosen instance above that",
    "apply-past-gaps": "it needs a gap, and a chosen instance above that",
    "apply-twice": "it needs a client's command in two instances",
    "highest-sequence": "it needs two commands of one session that overtake each other",
    "local-read": "it needs a client that reads after a write, and answers",
    **dict.fromkeys(
        ("claim-at-once", "never-again", "beat-unheard", "quorum-of-nacks", "no-duplicates"),
        "it costs progress, and this search asks for safety",
    ),
}
"""Name of a wrong rule that does not fit -> what it needs."""
