"""A recorded trace, read back entry by entry."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from paxos_engine.roles.events import Entry, Header
from paxos_engine.trace.jsonform import TraceFormatError, UnknownEvent, from_json

FORMAT: Final = "paxos-tui-trace"
VERSION: Final = 1


def read_trace(path: Path) -> Iterator[Entry]:
    """Return the entries of a recorded trace, in order, the header first.

    Events and messages that a later version of the program added are left out; a last line that
    breaks off, because its writer was killed, ends the trace.

    Raises:
        TraceFormatError: it is no trace, of a version that we cannot read, or a line of it is no
            entry; the text names file and line.
        OSError: the file cannot be read.
    """
    with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        yield from read_lines(file, str(path))


def read_lines(lines: Iterable[str], name: str = "trace") -> Iterator[Entry]:
    """Return the entries of a trace given as lines; see `read_trace`."""
    last = -1
    for number, line in enumerate(lines, 1):
        try:
            entry = _parse(line, number)
            if entry is None:
                continue
            if entry.seq <= last:
                raise TraceFormatError(f"seq {entry.seq} comes after {last}")
        except UnknownEvent:
            continue
        except TraceFormatError as error:
            if number > 1 and not line.endswith("\n"):
                return
            raise TraceFormatError(f"{name}, line {number}: {error}") from error
        last = entry.seq
        yield entry
    if last < 0:
        raise TraceFormatError(f"{name}: an empty file is no trace")


def _parse(line: str, number: int) -> Entry | None:
    if number > 1 and not line.strip():
        return None
    try:
        entry = from_json(json.loads(line))
    except UnknownEvent:
        if number == 1:
            raise TraceFormatError("a trace begins with its header") from None
        raise
    except TraceFormatError:
        raise
    except (ValueError, RecursionError) as error:
        raise TraceFormatError(f"no JSON ({error!s:.60})") from error
    if number == 1:
        _check_header(entry)
    return entry


def _check_header(entry: Entry) -> None:
    header = entry.event
    if not isinstance(header, Header):
        raise TraceFormatError("a trace begins with its header")
    if header.format != FORMAT:
        raise TraceFormatError(f"its format is {header.format!r:.60}, not {FORMAT!r}")
    if header.version > VERSION:
        raise TraceFormatError(f"version {header.version} is newer than {VERSION}: update")
