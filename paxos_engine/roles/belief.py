"""What a node believes: a claim far above everything heard before is taken step by step.

A message can be authentic and well-formed, and absurd all the same: round 2^40 - 1, or 10^12 chosen
instances. Acting on it would use up the numbers, or make a node drop or await what nobody has. But
what sounds absurd to a node that was away for long may be true, so each hearing moves its belief by
one step: a single lie moves it little, and what everybody goes on saying is soon believed.
"""

from __future__ import annotations

from typing import Final

WINDOW: Final = 65_536
"""How far beyond its sender's chosen prefix an instance may lie, in instances: a forged or
confused accept for instance 10^12 must not make a leader fill 10^12 gaps."""

ROUND_JUMP: Final = 2**20
"""How far above every round heard of the next may lie, in rounds: 2^40 of them then last for a
million forged messages, and not for one."""


class Belief:
    """The highest round, or instance, that a node thinks possible.

    Args:
        step: how far one message may be above what is believed already.
    """

    __slots__ = ("highest", "step")

    def __init__(self, step: int) -> None:
        self.highest = 0
        self.step = step

    def know(self, number: int) -> None:
        """Take a number that needs no belief, since this node holds it itself."""
        if number > self.highest:
            self.highest = number

    def hear(self, claim: int) -> int:
        """Take a claim from outside; return as much of it as is believed now."""
        believed = min(claim, self.highest + self.step)
        self.highest = max(self.highest, believed)
        return believed

    def takes(self, claim: int) -> bool:
        """Take a claim from outside; say whether all of it is believed."""
        return claim <= self.highest or self.hear(claim) == claim
