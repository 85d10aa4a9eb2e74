"""A fault plan, as a trace holds it, in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def told(plan: Mapping[str, Any]) -> str:
    """Return a fault plan as a few words for the status line."""
    parts = [str(plan.get("profile", "calm"))]
    groups = plan.get("groups") or []
    if groups:
        parts.append("partition " + " | ".join(",".join(group) for group in groups))
    parts += [f"cut {a}->{b}" for a, b in plan.get("cuts") or []]
    if plan.get("disk_delay"):
        parts.append(f"disks {plan['disk_delay']:g} s slow")
    return ", ".join(parts)
