"""`frozen`: the dataclass of everything that is said: messages, events, values and records.

They are made by the ten thousand in each second of a cluster, and nobody may change one after that:
several nodes, the readers of the trace and a disk hold the same object. A frozen dataclass of the
standard library guards that at run time, at the price of a call for each field of each object that
is made. This one is guarded where it is written: the type checker refuses the assignment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def frozen(cls: type[T]) -> type[T]:
    """Make a class a dataclass with slots, compared and hashed by its fields."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
