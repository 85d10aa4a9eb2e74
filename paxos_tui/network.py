"""The actions on the network, and the one that fills what it left open."""

from __future__ import annotations

from paxos_engine import PROFILES
from paxos_tui.console import Console
from paxos_tui.text import visible


class Network(Console):
    """Everything that is done to links."""

    def action_adversary(self) -> None:
        """Switch between a calm and a hostile network."""
        if self.cluster is not None:
            calm = self.cluster.faults.profile == "calm"
            self._set_profile("hostile" if calm else "calm")

    def action_next_profile(self) -> None:
        """Step to the next fault profile."""
        if self.cluster is not None:
            names = list(PROFILES)
            now = self.cluster.faults.profile
            position = names.index(now) if now in names else -1
            self._set_profile(names[(position + 1) % len(names)])

    def _set_profile(self, name: str) -> None:
        assert self.cluster is not None
        self.cluster.faults.set_profile(name)
        self.say(f"The network is {name} now.")

    def action_isolate(self) -> None:
        """Cut the primary off with a minority of the acceptors."""
        cluster = self.cluster
        if cluster is None:
            return
        primary = (self.view.primaries or cluster.leaders)[-1]
        minority = cluster.acceptors[: len(cluster.acceptors) - cluster.quorums.phase2]
        inside = {primary, *minority}
        self._cut([inside, {node for node in cluster.nodes if node not in inside}])

    def action_partition(self) -> None:
        """Ask for the groups of a partition."""
        self.ask("Groups, e.g. L1,A1,A2 | L2,A3,A4,A5", self._partition, refuse=self._no_groups)

    def _no_groups(self, text: str) -> str:
        """Say why nodes cannot be parted so; nothing if they can."""
        nodes = self.cluster.nodes if self.cluster is not None else ()
        named = [node for group in groups_of(text) for node in group]
        unknown = sorted(set(named) - set(nodes))
        if unknown:
            return f"There is no {visible(unknown[0], 20)} in this cluster."
        twice = next((node for node in named if named.count(node) > 1), "")
        if twice:
            return f"{twice} is in two groups."
        return "" if all(groups_of(text)) else "A group is empty."

    def _partition(self, text: str) -> None:
        if self.cluster is not None:
            self._cut(groups_of(text))

    def _cut(self, groups: list[set[str]]) -> None:
        assert self.cluster is not None
        try:
            self.cluster.faults.partition(groups)
        except ValueError as error:
            self.say(str(error), wrong=True)
            return
        self.say("Partition: " + " | ".join(",".join(sorted(group)) for group in groups))

    def action_heal(self) -> None:
        """End every partition."""
        if self.cluster is None:
            return
        if self.cluster.faults.is_partitioned:
            self.cluster.faults.heal()
            self.say("Every partition is healed.")
        else:
            self.say("There is no partition.", wrong=True)

    def action_fill_gaps(self) -> None:
        """Fill gaps now."""
        if self.cluster is not None:
            self.cluster.fill_gaps()
            count = len(self.view.open_gaps)
            self.say(f"Filling gaps: {count} known as open." if count else "No gap is open.")


def groups_of(text: str) -> list[set[str]]:
    """Return the groups of nodes that somebody typed, parted by bars and commas."""
    return [{n.strip().upper() for n in g.split(",") if n.strip()} for g in text.split("|")]
