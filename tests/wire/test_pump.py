"""Pumps over real sockets: what leaves, what arrives, what becomes of the rest."""

from __future__ import annotations

import select
import socket
from collections import Counter, deque
from collections.abc import Callable, Iterator

import pytest

from paxos_engine.faults.plan import FaultPlan
from paxos_engine.faults.profiles import LinkFaults
from paxos_engine.roles.effects import Outgoing
from paxos_engine.roles.events import Delayed, Duplicated, Event, Lost, Refused, Sent
from paxos_engine.roles.messages import Envelope, Heartbeat, Message, Reply
from paxos_engine.roles.values import ProposalNumber
from paxos_engine.wire.codec import Codec
from paxos_engine.wire.pump import AdversarialMessagePump, MessagePump, PortInUse, bind_ports

NUMBER = ProposalNumber(1, 1)
LIMIT = 10_000
STUCK = 30.0  # seconds after which a datagram on the loopback counts as never coming


class Net:
    """The pumps of L1, A1 and A2 on free ports, and all that they say."""

    def __init__(self, adversarial: bool, silent: bool = False) -> None:
        names = ("L1", "A1", "A2")
        self.codec = Codec("test", b"key")
        self.plan = FaultPlan(4)
        self.said: list[tuple[str, Event]] = []
        self.sockets = dict(zip(names, bind_ports(len(names)), strict=True))
        peers = {name: sock.getsockname() for name, sock in self.sockets.items()}
        self.pumps: dict[str, MessagePump] = {}
        for name, sock in self.sockets.items():
            common = (name, sock, self.codec, peers, None if silent else self.publish)
            self.pumps[name] = (
                AdversarialMessagePump(*common, self.plan) if adversarial else MessagePump(*common)
            )

    def publish(self, node: str, event: Event) -> None:
        """Take down what is said."""
        self.said.append((node, event))

    def send(self, to: str, *messages: Message, now: float = 0.0) -> None:
        """Have L1 send messages to one node."""
        self.pumps["L1"].send({to: [Outgoing(to, message, 3) for message in messages]}, now)

    def receive(self, node: str, count: int) -> list[Envelope]:
        """Wait until `count` messages have come, and return what came."""
        came: list[Envelope] = []
        while len(came) < count:
            assert select.select([self.pumps[node]], [], [], STUCK)[0], f"only {len(came)} came"
            came += self.pumps[node].receive_all(LIMIT)
        return came

    def settle(self, node: str) -> list[Envelope]:
        """Return what is there before a marker sent past all faults, so that nothing is missed."""
        marker = Heartbeat(ProposalNumber(999, 1), 0)
        data, _ = self.codec.encode("L1", 999_999, [node], [marker])[0]
        self.sockets["L1"].sendto(data, self.sockets[node].getsockname())
        came: list[Envelope] = []
        while not (came and came[-1].message == marker):
            came += self.receive(node, 1)
        return came[:-1]

    def raw(self, node: str, data: bytes) -> None:
        """Send bytes to a node from a stranger's socket."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(data, self.sockets[node].getsockname())

    def events(self, kind: type[Event]) -> list[tuple[str, Event]]:
        """Return what was said of one kind, in order."""
        return [(node, event) for node, event in self.said if type(event) is kind]

    def close(self) -> None:
        """Close every socket."""
        for pump in self.pumps.values():
            pump.close()


@pytest.fixture(params=[False, True], ids=["plain", "adversarial"])
def net(request: pytest.FixtureRequest) -> Iterator[Net]:
    """Either kind of pump, with no faults: they must not differ."""
    made = Net(request.param)
    yield made
    made.close()


@pytest.fixture
def hostile() -> Iterator[Net]:
    """Pumps that obey `plan`."""
    made = Net(adversarial=True)
    yield made
    made.close()


def beat(chosen: int) -> Heartbeat:
    """Return a message that can be told from others."""
    return Heartbeat(NUMBER, chosen)


# --- both kinds --------------------------------------------------------------------------------


def test_messages_arrive_in_order_with_the_ids_under_which_they_were_said_to_be_sent(
    net: Net,
) -> None:
    net.send("A1", beat(1), beat(2))
    net.send("A1", beat(3))
    came = net.receive("A1", 3)
    assert came == [Envelope(f"L1.{n}", "L1", "A1", beat(n)) for n in (1, 2, 3)]
    assert net.events(Sent) == [("L1", Sent(f"L1.{n}", "A1", beat(n), 3)) for n in (1, 2, 3)]


def test_ids_are_never_used_twice_whoever_the_messages_are_for(net: Net) -> None:
    net.pumps["L1"].send({to: [Outgoing(to, beat(1), 0)] * 2 for to in ("A1", "A2")}, 0.0)
    ids = [envelope.id for node in ("A1", "A2") for envelope in net.receive(node, 2)]
    assert sorted(ids) == ["L1.1", "L1.2", "L1.3", "L1.4"]


def test_sent_is_said_before_the_datagram_leaves(net: Net) -> None:
    there: list[bool] = []

    def watch(node: str, event: Event) -> None:
        there.append(bool(select.select([net.sockets["A1"]], [], [], 0)[0]))

    net.pumps["L1"]._publish = watch
    net.send("A1", beat(1), beat(2))
    assert there == [False, False]
    assert len(net.receive("A1", 2)) == 2


def test_a_batch_for_one_peer_is_one_datagram(net: Net) -> None:
    net.send("A1", *(beat(n) for n in range(200)))
    assert select.select([net.sockets["A1"]], [], [], STUCK)[0]
    assert len(net.pumps["A1"].receive_all(1)) == 200


def test_a_pump_takes_no_more_than_about_the_limit_and_leaves_the_rest(net: Net) -> None:
    for n in range(5):
        net.send("A1", beat(n))
    first = net.pumps["A1"].receive_all(2)
    assert [envelope.message for envelope in first] == [beat(0), beat(1)]
    assert [envelope.message for envelope in net.receive("A1", 3)] == [beat(2), beat(3), beat(4)]


def test_without_delays_a_pump_has_no_deadline(net: Net) -> None:
    net.send("A1", beat(1))
    assert net.pumps["L1"].deadline is None


@pytest.mark.parametrize("garbage", [b"", b"x", b"\x01" * 40, b"\x80\x04" + b"K" * 60_000])
def test_garbage_is_counted_told_with_its_sender_and_dropped(net: Net, garbage: bytes) -> None:
    net.raw("A1", garbage)
    net.send("A1", beat(1))
    assert [envelope.message for envelope in net.receive("A1", 1)] == [beat(1)]
    [(node, refused)] = net.events(Refused)
    assert isinstance(refused, Refused)
    assert (node, net.pumps["A1"].counts["refused"]) == ("A1", 1)
    assert refused.from_.startswith("127.0.0.1:")
    assert refused.reason


def test_a_sender_that_is_no_member_is_refused_though_it_has_the_key(net: Net) -> None:
    net.raw("A1", net.codec.encode("A9", 1, ["A1"], [beat(1)])[0][0])
    assert net.settle("A1") == []
    assert [event.reason for _, event in net.events(Refused) if isinstance(event, Refused)] == [
        "sender 'A9' is no member of the cluster"
    ]


def test_a_flood_of_garbage_does_not_keep_the_node_from_its_timers(net: Net) -> None:
    for _ in range(10):
        net.raw("A1", b"garbage")
    assert net.pumps["A1"].receive_all(4) == []
    assert net.pumps["A1"].counts["refused"] == 4


def test_a_message_for_nobody_known_is_lost_with_a_reason(net: Net) -> None:
    net.send("A7", beat(1))
    assert net.events(Lost) == [("A7", Lost("L1.1", "L1", "no node A7 is known"))]


def test_a_message_too_large_for_a_datagram_is_lost_and_its_neighbours_arrive(net: Net) -> None:
    net.send("A1", beat(1), Reply("C1", 1, 1, "x" * 70_000), beat(2))
    assert [envelope.message for envelope in net.receive("A1", 2)] == [beat(1), beat(2)]
    [(node, lost)] = net.events(Lost)
    assert isinstance(lost, Lost)
    assert (node, lost.message) == ("A1", "L1.2")
    assert lost.reason.startswith("too large: 70,")


@pytest.mark.parametrize("adversarial", [False, True])
def test_a_pump_that_tells_nobody_makes_no_event_and_counts_all_the_same(adversarial: bool) -> None:
    silent = Net(adversarial, silent=True)
    silent.plan.set_link("L1", "A2", LinkFaults(loss=1.0))
    silent.raw("A1", b"garbage")
    silent.send("A1", beat(1), beat(2))
    silent.send("A2", beat(3))
    silent.send("A7", beat(4))
    assert [envelope.id for envelope in silent.receive("A1", 2)] == ["L1.1", "L1.2"]
    assert silent.pumps["A1"].counts == Counter(refused=1, received=2)
    assert silent.pumps["L1"].counts == Counter(sent=4, lost=1 + adversarial)
    assert silent.said == []
    silent.close()


class BrokenSocket:
    """A socket whose system calls fail."""

    def __init__(self, *errors: OSError) -> None:
        self.errors = deque(errors)

    def fileno(self) -> int:
        """Look open."""
        return 99

    def sendto(self, data: bytes, address: tuple[str, int]) -> int:
        """Fail."""
        raise self.errors.popleft()

    def recvfrom(self, size: int) -> tuple[bytes, tuple[str, int]]:
        """Fail, then be empty."""
        raise self.errors.popleft() if self.errors else BlockingIOError


@pytest.mark.parametrize(
    "error",
    [
        BlockingIOError(11, "Resource temporarily unavailable"),
        OSError(105, "No buffer space available"),
        ConnectionRefusedError(111, "Connection refused"),
        OSError(90, "Message too long"),
    ],
)
def test_an_error_of_the_system_while_sending_is_a_loss_and_no_exception(
    net: Net, error: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(net.pumps["L1"], "_sock", BrokenSocket(error))
    net.send("A1", beat(1))
    [(node, lost)] = net.events(Lost)
    assert (node, lost) == ("A1", Lost("L1.1", "L1", f"the system refused it: {error.strerror}"))


def test_an_error_of_the_system_while_receiving_is_passed_over(
    net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = BrokenSocket(*[ConnectionRefusedError(111, "refused")] * 3)
    monkeypatch.setattr(net.pumps["A1"], "_sock", broken)
    assert net.pumps["A1"].receive_all(LIMIT) == []
    assert not broken.errors


def test_a_closed_pump_receives_nothing_and_loses_what_it_is_given(net: Net) -> None:
    net.pumps["L1"].close()
    assert net.pumps["L1"].receive_all(LIMIT) == []
    net.send("A1", beat(1))
    assert [node for node, _ in net.events(Lost)] == ["A1"]


# --- the one that obeys a plan -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda plan: plan.set_everywhere(LinkFaults(loss=1)), "loss"),
        (lambda plan: plan.partition([{"L1"}]), "partition"),
        (lambda plan: plan.cut("L1", "A1"), "cut"),
    ],
)
def test_a_lost_datagram_is_told_for_each_of_its_messages_at_the_receiver(
    hostile: Net, spoil: Callable[[FaultPlan], None], reason: str
) -> None:
    spoil(hostile.plan)
    hostile.send("A1", beat(1), beat(2))
    assert hostile.settle("A1") == []
    assert hostile.events(Lost) == [("A1", Lost(f"L1.{n}", "L1", reason)) for n in (1, 2)]
    assert len(hostile.events(Sent)) == 2


def test_a_cut_link_is_cut_for_its_own_direction_and_peer_only(hostile: Net) -> None:
    hostile.plan.cut("L1", "A1")
    hostile.send("A2", beat(1))
    hostile.pumps["A1"].send({"L1": [Outgoing("L1", beat(2), 0)]}, 0.0)
    assert [envelope.message for envelope in hostile.receive("A2", 1)] == [beat(1)]
    assert [envelope.message for envelope in hostile.receive("L1", 1)] == [beat(2)]


def test_a_duplicate_arrives_twice_under_one_id_and_is_told_once(hostile: Net) -> None:
    hostile.plan.set_everywhere(LinkFaults(duplicate=1))
    hostile.send("A1", beat(1))
    assert [envelope.id for envelope in hostile.settle("A1")] == ["L1.1", "L1.1"]
    assert hostile.events(Duplicated) == [("A1", Duplicated("L1.1", "L1", "duplicate"))]
    assert len(hostile.events(Sent)) == 1


def test_a_delayed_datagram_leaves_when_it_is_due_and_not_before(hostile: Net) -> None:
    pump = hostile.pumps["L1"]
    hostile.plan.set_everywhere(LinkFaults(delay=0.5))
    hostile.send("A1", beat(1), now=10.0)
    assert hostile.events(Delayed) == [("A1", Delayed("L1.1", "L1", "delay", 0.5))]
    assert pump.deadline == 10.5
    pump.tick(10.4)
    assert hostile.settle("A1") == []
    pump.tick(10.5)
    assert [envelope.message for envelope in hostile.settle("A1")] == [beat(1)]
    assert pump.deadline is None


def test_what_is_due_together_leaves_in_the_order_in_which_it_was_sent(hostile: Net) -> None:
    hostile.plan.set_everywhere(LinkFaults(delay=0.5))
    for n in range(20):
        hostile.send("A1", beat(n), now=1.0)
    hostile.pumps["L1"].tick(2.0)
    assert [envelope.message for envelope in hostile.settle("A1")] == [beat(n) for n in range(20)]


def test_a_reordered_datagram_is_overtaken_by_a_later_one(hostile: Net) -> None:
    hostile.plan.set_link("L1", "A1", LinkFaults(reorder=1, gap=0.2))
    hostile.send("A1", beat(1), now=0.0)
    hostile.plan.clear()
    hostile.send("A1", beat(2), now=0.1)
    hostile.pumps["L1"].tick(0.2)
    assert [envelope.message for envelope in hostile.settle("A1")] == [beat(2), beat(1)]
    assert hostile.events(Delayed) == [("A1", Delayed("L1.1", "L1", "reorder", 0.2))]


def test_a_partition_does_not_call_back_what_is_on_its_way(hostile: Net) -> None:
    hostile.plan.set_everywhere(LinkFaults(delay=0.5))
    hostile.send("A1", beat(1), now=0.0)
    hostile.plan.partition([{"L1"}])
    hostile.pumps["L1"].tick(1.0)
    assert [envelope.message for envelope in hostile.settle("A1")] == [beat(1)]


def test_under_the_hostile_profile_every_message_is_either_lost_or_arrives(hostile: Net) -> None:
    hostile.plan.set_profile("hostile")
    for n in range(300):
        hostile.send("A1", beat(n), now=n / 100)
        hostile.pumps["L1"].tick(n / 100)
    hostile.pumps["L1"].tick(100.0)
    came = [envelope.id for envelope in hostile.settle("A1")]
    lost = {event.message for _, event in hostile.events(Lost) if isinstance(event, Lost)}
    twice = hostile.events(Duplicated)
    assert lost
    assert twice
    assert lost | set(came) == {f"L1.{n}" for n in range(1, 301)}
    assert not lost & set(came)
    assert len(came) == 300 - len(lost) + len(twice)
    assert came != sorted(came, key=lambda ident: int(ident.split(".")[1]))


# --- ports -------------------------------------------------------------------------------------


def test_free_ports_are_given_out_in_ascending_order() -> None:
    sockets = bind_ports(20)
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    assert ports == sorted(set(ports))
    assert all(not sock.getblocking() for sock in sockets)


def run_of_free_ports(count: int) -> int:
    """Return the first of `count` ports in a row that were free a moment ago."""
    for _ in range(200):
        with bind_ports(1)[0] as sock:
            base = int(sock.getsockname()[1])
        try:
            sockets = bind_ports(count, base)
        except (PortInUse, ValueError):
            continue
        for sock in sockets:
            sock.close()
        return base
    raise AssertionError("no run of free ports was found")


def test_fixed_ports_follow_the_base_port() -> None:
    for _ in range(50):  # another process may take one of them in between
        base = run_of_free_ports(3)
        try:
            sockets = bind_ports(3, base)
        except PortInUse:
            continue
        ports = [sock.getsockname()[1] for sock in sockets]
        for sock in sockets:
            sock.close()
        assert ports == [base, base + 1, base + 2]
        return
    raise AssertionError("others took the ports every time")


def test_a_port_in_use_is_named_with_what_to_do_and_no_socket_stays_open() -> None:
    with bind_ports(1)[0] as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse) as refusal:
            bind_ports(1, port)
    text = str(refusal.value)
    assert f"UDP port {port} on 127.0.0.1" in text
    assert "choose another --base-port" in text
    assert "\n" not in text


@pytest.mark.parametrize("base", [-1, 0, 65_534, 70_000])
def test_ports_beyond_the_last_are_refused(base: int) -> None:
    with pytest.raises(ValueError, match="do not fit between 1 and 65535"):
        bind_ports(3, base)
