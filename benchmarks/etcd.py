"""etcd under the same workload: what a replicated log in compiled code does on this machine.

It takes part where `etcd` is installed (Debian's `etcd-server`). Its members are as many as our
acceptors, each a process of its own that always syncs. Its leader is asked over HTTP, by one thread
that keeps a connection for each outstanding command.
"""

from __future__ import annotations

import base64
import json
import re
import selectors
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.driver import Done, Window, closed_loop
from benchmarks.peer import free_ports

NAME: Final = "etcd"
SKIPPED: Final = "etcd: skipped: not installed (Debian: apt install etcd-server)"
HOW: Final = "etcd: a process per member, each answer synced; asked over HTTP by a client in Python"

MOST: Final = 1_024
"""Outstanding commands beyond which it is left out: each takes a connection."""

SETTLE: Final = 30.0
"""Seconds within which its members find each other and elect."""


def is_installed() -> bool:
    """Say whether it can take part."""
    return shutil.which("etcd") is not None


def load(
    outstanding: int, seconds: float, warm_up: float, nodes: int, size: int
) -> dict[str, float]:
    """Return rate and latencies with so many commands outstanding.

    Args:
        outstanding: commands at once.
        seconds: how long it is measured.
        warm_up: seconds before that.
        nodes: members.
        size: bytes of each value.
    """
    with _cluster(nodes) as leader, Client(leader, outstanding, size) as client:
        window = Window(warm_up, seconds, outstanding)
        closed_loop(client.ask, outstanding, window)
        return window.figures()


class Client:
    """Keeps connections to one member, and a thread that takes answers off them.

    Args:
        port: of the member.
        connections: how many.
        size: bytes of each value.
    """

    def __init__(self, port: int, connections: int, size: int) -> None:
        value = base64.b64encode(b"v" * size).decode()
        body = json.dumps({"key": base64.b64encode(b"key").decode(), "value": value})
        head = f"POST /v3/kv/put HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        self._request = (head + body).encode()
        self._selector = selectors.DefaultSelector()
        self._waiting: dict[socket.socket, Done] = {}
        self._idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
        self._arrived = dict.fromkeys(self._idle, b"")
        for sock in self._idle:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(sock, selectors.EVENT_READ)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Client:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ending.set()
        self._thread.join()
        for sock in self._arrived:
            sock.close()
        self._selector.close()

    def ask(self, done: Done) -> None:
        """Submit one command on a connection that is idle."""
        sock = self._idle.pop()
        self._waiting[sock] = done
        sock.sendall(self._request)

    def _run(self) -> None:
        while not self._ending.is_set():
            for key, _ in self._selector.select(0.1):
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                self._take(sock)

    def _take(self, sock: socket.socket) -> None:
        arrived = self._arrived[sock] + (data := sock.recv(65_536))
        failure = None if data else RuntimeError("etcd has closed a connection")
        if data and not is_whole(arrived):
            self._arrived[sock] = arrived
            return
        if data and not arrived.startswith(b"HTTP/1.1 200"):
            failure = RuntimeError(f"etcd: {arrived[:80]!r}")
        self._arrived[sock] = b""
        self._idle.append(sock)
        if failure is not None:
            self._selector.unregister(sock)
        self._waiting.pop(sock)(failure)


def is_whole(answer: bytes) -> bool:
    """Say whether an answer is there with all of its body."""
    head, end, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return bool(end) and length is not None and len(body) >= int(length[1])


@contextmanager
def _cluster(nodes: int) -> Iterator[int]:
    """Run a cluster, and yield the port at which its leader takes commands."""
    ports = free_ports(2 * nodes)
    members = [
        (f"m{n}", f"http://127.0.0.1:{ports[n]}", f"http://127.0.0.1:{ports[nodes + n]}")
        for n in range(nodes)
    ]
    cluster = ",".join(f"{name}={peer}" for name, peer, _ in members)
    with ExitStack() as stack:
        # Beside where it is started, as our own disks are: that should not be in memory.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=Path.cwd())))
        for name, peer, client in members:
            options = {
                "name": name,
                "data-dir": folder / name,
                "listen-peer-urls": peer,
                "initial-advertise-peer-urls": peer,
                "listen-client-urls": client,
                "advertise-client-urls": client,
                "initial-cluster": cluster,
                "initial-cluster-state": "new",
                "logger": "zap",
                "log-level": "error",
            }
            words = [f"--{key}={value}" for key, value in options.items()]
            log = stack.enter_context((folder / f"{name}.log").open("wb"))
            member = subprocess.Popen(["etcd", *words], stdout=log, stderr=log)
            stack.callback(member.wait)
            stack.callback(member.kill)
        yield _leader([client for _, _, client in members])


def _leader(clients: list[str]) -> int:
    """Wait until the members agree on a leader, and return its port."""
    end = time.monotonic() + SETTLE
    while time.monotonic() < end:
        try:
            told = [_status(client) for client in clients]
        except (OSError, ValueError, KeyError):
            told = []
        for client, status in zip(clients, told, strict=False):
            if status["leader"] == status["header"]["member_id"]:
                return int(client.rpartition(":")[2])
        time.sleep(0.1)
    raise RuntimeError(f"etcd: no leader within {SETTLE:.0f} seconds")


def _status(client: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{client}/v3/maintenance/status", b"{}", timeout=5) as answer:
        status: dict[str, Any] = json.load(answer)
        return status
