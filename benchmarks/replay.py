"""What a replay costs: CPU seconds to open, to survey, to seek and to step back, and memory.

python -m benchmarks.replay FILE
"""

from __future__ import annotations

import random
import resource
import sys
import time
from pathlib import Path

from paxos_engine import TraceFile
from paxos_tui.playback import Playback

SEEKS = 4
STEPS_BACK = 20


def memory() -> int:
    """Return the most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main(path: Path) -> None:
    """Print the figures of one trace."""
    now, before = time.process_time, memory()
    start = now()
    playback = Playback(TraceFile(path))
    playback.step()
    print(f"first event     {now() - start:8.2f} s")
    start = now()
    while playback.source.look():
        pass
    print(f"counting        {now() - start:8.2f} s  {playback.source.lines:,} lines")
    start = now()
    while playback.work(2_000):
        pass
    count, taken = playback.count, now() - start
    print(f"survey          {taken:8.2f} s  {1e6 * taken / count:.1f} us an event")
    print(
        f"memory          {memory() - before:8} MiB  {len(playback.survey.checkpoints)} checkpoints"
    )
    chance = random.Random(1)
    for seq in (count, *(chance.randrange(count) for _ in range(SEEKS))):
        start = now()
        playback.go_to_event(seq)
        playback.settle()
        sought, start = now() - start, now()
        for _ in range(STEPS_BACK):
            playback.back()
        back = 1000 * (now() - start) / STEPS_BACK
        print(f"seek            {sought:8.2f} s  to {seq:,}, then {back:.1f} ms a step back")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
