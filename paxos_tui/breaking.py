"""The actions that break nodes and bring them back."""

from __future__ import annotations

from paxos_engine import Cluster
from paxos_tui.console import Console

SLOW_SYNC = 0.5
"""Seconds that a sync takes on a slow disk."""


class Breaking(Console):
    """Everything that is done to nodes."""

    _failed_primary: str | None = None

    def action_toggle_node(self, node: str) -> None:
        """Fail a node, or let it recover."""
        cluster = self.cluster
        if cluster is None:
            return
        if node not in cluster.nodes:
            self.say(f"There is no {node} in this cluster.", wrong=True)
        elif cluster.is_failed(node):
            if self._recover(node):
                self.say(f"{node} recovers. {standing(cluster, node)}")
        else:
            cluster.fail(node)
            self.say(f"{node} failed. {standing(cluster, node)}")

    def _recover(self, node: str) -> bool:
        """Bring a node back; say why where that cannot be."""
        assert self.cluster is not None
        try:
            self.cluster.recover(node)
        except ValueError as error:
            self.say(f"{error}.", wrong=True)
            return False
        return True

    def action_toggle_focus(self) -> None:
        """Fail or recover the node in focus."""
        self.action_toggle_node(self.main.node_in_focus)

    def action_toggle_primary(self) -> None:
        """Fail the primary; let it recover if that was done before."""
        cluster, before = self.cluster, self._failed_primary
        if cluster is None:
            return
        if before is not None and cluster.status(before) == "failed":
            self._failed_primary = None
            self.action_toggle_node(before)
        elif primaries := self.view.primaries:
            self._failed_primary = primaries[-1]
            cluster.fail(primaries[-1])
            self.say(f"{primaries[-1]} failed, and was primary; p again lets it recover.")
        else:
            self.say("No leader is primary now; r recovers every failed node.", wrong=True)

    def action_recover_all(self) -> None:
        """Recover every node that can come back, and name the others."""
        cluster = self.cluster
        if cluster is None:
            return
        down = [node for node in cluster.nodes if cluster.is_failed(node)]
        stay = []
        for node in down:
            try:
                cluster.recover(node)
            except ValueError:
                stay.append(f"{node} ({self._why_down(node)})")
        if stay:
            self.say(f"{', '.join(stay)} cannot come back; every other node is up.", wrong=True)
        else:
            self.say("Every node is up again." if down else "Every node is up.")

    def _why_down(self, node: str) -> str:
        seen = self.view.nodes.get(node)
        if seen is not None and seen.status != "up":
            return seen.standing
        return "down" if self.cluster is None else self.cluster.status(node)

    def action_crash(self, kind: str) -> None:
        """Crash the node in focus, after saying what it will forget."""
        cluster, node = self.cluster, self.main.node_in_focus
        if cluster is None:
            return
        if cluster.status(node) in ("crashed", "broken"):
            self.say(f"{node} is down already: {self._why_down(node)}.", wrong=True)
        elif kind == "wipe":
            self._ask_to_wipe(cluster, node)
        else:
            what = "Crash" if kind == "crash" else "Cut the power of"
            self.confirm(
                lambda: (
                    f"{what} {node}? It loses {cluster.forgets(node, kind)}."
                    " Later f brings it back from its disk."
                ),
                lambda: self._crash(cluster, node, kind),
            )

    def _crash(self, cluster: Cluster, node: str, kind: str) -> None:
        cluster.crash(node, kind)
        words = "crashed" if kind == "crash" else "has no power"
        self.say(f"{node} {words}; f brings it back. {standing(cluster, node)}")

    def _ask_to_wipe(self, cluster: Cluster, node: str) -> None:
        does, done = ("lead", "prepared") if node in cluster.leaders else ("vote", "voted")

        def answered(text: str) -> None:
            if text.strip().lower() != "yes":
                self.say(f"{node} is not wiped: that takes a typed yes.", wrong=True)
                return
            cluster.crash(node, "wipe")
            self.say(f"{node} is wiped and stays down. {standing(cluster, node)}")

        self.ask(
            f"Type yes to wipe {node} for good. It loses {cluster.forgets(node, 'wipe')}; since it"
            f" may have {done}, it will never {does} again.",
            answered,
        )

    def action_write_off(self) -> None:
        """Have the logs wait no more for the leader in focus, after saying what that costs."""
        cluster, node = self.cluster, self.main.node_in_focus
        if cluster is None:
            return
        if node in cluster.written_off:
            self.say(f"{node} is written off already; f brings it back if it can.", wrong=True)
            return
        try:
            cluster.may_write_off(node)
        except ValueError as error:
            self.say(f"{error}.", wrong=True)
            return
        left = [n for n in cluster.leaders if n not in {node, *cluster.written_off}]
        self.confirm(
            lambda: (
                f"Write {node} off? Its snapshots are not waited for: until it comes back, only"
                f" {' and '.join(left)} can tell what the logs drop."
            ),
            lambda: self._write_off(cluster, node),
        )

    def _write_off(self, cluster: Cluster, node: str) -> None:
        try:
            cluster.write_off(node)
        except ValueError as error:  # it came back while the question stood
            self.say(f"{error}.", wrong=True)
            return
        self.say(f"{node} is written off: the logs wait for its snapshots no more.")

    def action_pause_node(self) -> None:
        """Make the node in focus stand still, or let it go on."""
        cluster, node = self.cluster, self.main.node_in_focus
        if cluster is None:
            return
        match cluster.status(node):
            case "paused":
                cluster.recover(node)
                self.say(f"{node} goes on.")
            case "up":
                cluster.pause(node)
                self.say(f"{node} stands still; v lets it go on.")
            case _:
                why = self._why_down(node)
                self.say(f"{node} is down ({why}): pausing it does nothing.", wrong=True)

    def action_slow_disks(self) -> None:
        """Make every sync take half a second, or none."""
        if self.cluster is not None:
            slow = self.cluster.faults.disk_delay > 0
            self.cluster.faults.set_disk_delay(0.0 if slow else SLOW_SYNC)
            self.say("Disks are fast again." if slow else "Every sync takes half a second now.")


def standing(cluster: Cluster, node: str) -> str:
    """Say how many of a node's kind are up: of acceptors also how many are needed."""
    if node in cluster.leaders:
        up = sum(not cluster.is_failed(name) for name in cluster.leaders)
        return f"{up} of {len(cluster.leaders)} leaders are up."
    up = sum(not cluster.is_failed(name) for name in cluster.acceptors)
    count, needed = len(cluster.acceptors), cluster.quorums.phase2
    return f"{up} of {count} acceptors are up, {needed} needed."
