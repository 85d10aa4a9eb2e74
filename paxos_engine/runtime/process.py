"""What a process whose business is a cluster may want to be set to."""

from __future__ import annotations

import gc
from typing import Final

COLLECT_AFTER: Final = (50_000, 20, 20)
"""New containers after which the collector looks for cycles, and how often it looks further back.

Its default of 700 takes a sixth of the time of a loaded cluster, and a part of the simulator's:
every event, message and entry is one, waits for its readers for a moment, and is gone without a
cycle."""


def relax_collector() -> None:
    """Have the garbage collector run rarely, in the whole process.

    For a program that does nothing but run a cluster, play one in the simulator or check a trace,
    before it begins. A `Cluster` does not do it by itself, since the process may not be its own.
    """
    gc.set_threshold(*COLLECT_AFTER)
