"""The client that asks etcd: it counts whole answers, and says what went wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.driver import closed_loop
from benchmarks.etcd import Client, is_installed, is_whole, load
from benchmarks.ours import Count


class Member(BaseHTTPRequestHandler):
    """Answers a put as etcd does, or as it does when it cannot."""

    protocol_version = "HTTP/1.1"
    status = 200

    def do_POST(self) -> None:
        """Answer in two pieces, since a network may."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"header": {"revision": "7"}}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:5])
        self.wfile.flush()
        self.wfile.write(body[5:])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name for it
        """Keep quiet."""


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Member)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_command_of_a_closed_loop_is_answered(port: int) -> None:
    count = Count(40)
    with Client(port, 8, 16) as client:
        closed_loop(client.ask, 8, count)
    assert count.answers == 48


def test_an_answer_that_says_no_ends_the_loop_with_what_it_said(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Member, "status", 503)
    with Client(port, 2, 16) as client, pytest.raises(RuntimeError, match=r"etcd: .*503"):
        closed_loop(client.ask, 2, Count(10))


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", True),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", False),
        (b"", False),
    ],
)
def test_an_answer_is_whole_with_its_body(answer: bytes, whole: bool) -> None:
    assert is_whole(answer) is whole


@pytest.mark.soak
@pytest.mark.skipif(not is_installed(), reason="needs Debian's etcd-server")
def test_a_real_cluster_takes_part() -> None:
    assert load(8, 0.5, 0.1, 3, 16)["commands/s"] > 0
