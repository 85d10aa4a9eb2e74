"""The leaders that a person has declared gone for good, and who has to know of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from paxos_engine.roles.events import WrittenOff


class WriteOffs:
    """For whose snapshots nothing waits.

    Args:
        leaders: all leaders.
        gone: those that are written off from the start.
        publish: how the trace is told.
        tell: has every leader that is up wait for these no more.
    """

    def __init__(
        self,
        leaders: Iterable[str],
        gone: Iterable[str],
        publish: Callable[[WrittenOff], None],
        tell: Callable[[tuple[str, ...]], None],
    ) -> None:
        self.names = tuple(sorted({*gone}))
        self._leaders = tuple(leaders)
        self._publish = publish
        self._tell = tell

    def begin(self) -> None:
        """Tell the trace who is written off from the start."""
        if self.names:
            self._publish(WrittenOff(self.names, "from the start"))

    def may_add(self, leader: str, is_up: bool) -> None:
        """Raise ValueError, in one line, if that leader cannot be written off."""
        if leader not in self._leaders:
            raise ValueError(f"{leader} is no leader: there are {', '.join(self._leaders)}")
        if is_up:
            raise ValueError(f"{leader} is up: its snapshots come by themselves")
        if not self.left_without(leader):
            raise ValueError(f"{leader} is the last leader that can have the history")

    def left_without(self, leader: str) -> list[str]:
        """Return the leaders whose snapshots still count if that one is written off."""
        return [name for name in self._leaders if name not in {*self.names, leader}]

    def add(self, leader: str, reason: str) -> None:
        """Write a leader off."""
        self._change({*self.names, leader}, reason)

    def remove(self, leader: str, reason: str) -> None:
        """Wait again for a leader's snapshots; nothing changes if they are waited for."""
        if leader in self.names:
            self._change({*self.names} - {leader}, reason)

    def _change(self, names: set[str], reason: str) -> None:
        self.names = tuple(sorted(names))
        # In this order: who drops what on the strength of this comes behind it in the trace.
        self._publish(WrittenOff(self.names, reason))
        self._tell(self.names)
