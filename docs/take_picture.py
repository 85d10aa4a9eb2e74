"""Takes the picture of the README from the running program: `make picture`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual.pilot import Pilot

from paxos_engine import Cluster, ClusterConfig
from paxos_tui.app import PaxosApp

SIZE = (132, 40)
PICTURE = Path(__file__).parent / "console.svg"
VALUES = ("set x 1", "set y 2", "incr x", "hello, Paxos", "del y", "set lang Python", "set z 3")


async def play(pilot: Pilot[None], cluster: Cluster) -> None:
    """Submit values, fail an acceptor, make the network lossy, and let the primary fail."""
    await pilot.pause(1.0)
    for value in VALUES:
        cluster.submit(value)
    await pilot.pause(0.5)
    cluster.fail("A2")
    cluster.faults.set_profile("lossy")
    for number in range(8):
        cluster.submit(f"order {number + 1}")
    await pilot.pause(0.05)
    cluster.fail("L2")
    cluster.submit("after the takeover")
    await pilot.pause(5.0)
    cluster.submit("one more")
    await pilot.pause(1.0)


async def main() -> None:
    """Run the console without a terminal and save what it shows."""
    cluster = Cluster(ClusterConfig(seed=7))
    app = PaxosApp(cluster)
    async with app.run_test(size=SIZE) as pilot:
        await play(pilot, cluster)
        app.clear_notifications()
        await pilot.pause(0.5)
        PICTURE.write_text(app.export_screenshot(title="paxos-tui"), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
