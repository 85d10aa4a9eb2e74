"""On what it was measured: without it no figure means anything."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path


def describe() -> dict[str, str | int | float]:
    """Return CPU, cores, load, Python, kernel and date of this run."""
    return {
        "cpu": cpu_name(Path("/proc/cpuinfo")),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores(),
        "load": round(os.getloadavg()[0], 2),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "kernel": f"{platform.system()} {platform.release()}",
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
    }


def cores() -> int:
    """Return how many cores there are."""
    return os.cpu_count() or 1


def cpu_name(cpuinfo: Path) -> str:
    """Return what the kernel calls the CPU; its architecture where it does not say."""
    try:
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    except OSError:
        pass
    return platform.machine() or "unknown"


def memory_now() -> int:
    """Return the bytes of memory that this process has now; 0 where the kernel does not say."""
    return _status("VmRSS")


def memory_most() -> int:
    """Return the most bytes of memory that this process has had; 0 where it is not said."""
    return _status("VmHWM")


def _status(key: str) -> int:
    try:
        text = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0
    line = next((line for line in text.splitlines() if line.startswith(key)), f"{key}: 0 kB")
    return int(line.split()[1]) * 1024
