"""`frozen`: the dataclass of everything that is said: messages, events, values and records.

They are made by the ten thousand in each second of a cluster, and nobody may change one after that:
several nodes, the readers of the trace and a disk hold the same object. A frozen dataclass of the
standard library guards that at run time, at the price of a call for each field of each object that
is made. This one is guarded where it is written: the type checker refuses the assignment.

There are some seventy such classes, and the console is not on the screen before all of them exist.
A dataclass compiles a text for each of its methods; those that compare, hash and print are closures
here, which do the same as fast and are made at once.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def frozen(cls: type[T]) -> type[T]:
    """Make a class a dataclass with slots, compared, hashed and printed by its fields."""
    made: Any = dataclass(slots=True, eq=False, repr=False)(cls)
    names = [field.name for field in fields(made)]
    content: Any = attrgetter(*names) if names else lambda _: ()

    def equal(self: Any, other: object) -> Any:
        if self.__class__ is not other.__class__:
            return NotImplemented
        return content(self) == content(other)

    def hashed(self: Any) -> int:
        return hash(content(self))

    def shown(self: Any) -> str:
        said = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({said})"

    made.__eq__, made.__hash__, made.__repr__ = equal, hashed, shown
    return made  # type: ignore[no-any-return]
