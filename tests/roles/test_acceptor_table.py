"""An acceptor holds what one plain state machine for each instance would."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.acceptor_protocol import PaxosAcceptorProtocol
from paxos_engine.roles.messages import Accept, Envelope, Heartbeat, Message, Nack, Prepare
from paxos_engine.roles.values import NOOP, ProposalNumber

LAST = 5
numbers = st.builds(ProposalNumber, st.integers(1, 4), st.just(1))
instances = st.integers(1, LAST)
messages = st.one_of(
    st.builds(lambda n, i: Prepare(n, i, i, i), numbers, instances),
    st.builds(lambda n, i: Prepare(n, i, None, i), numbers, instances),
    st.builds(lambda n, i: Accept(n, i, NOOP, 0), numbers, instances),
    st.builds(lambda i: Heartbeat(ProposalNumber(1, 1), i, i), st.integers(1, 3)),
)


@settings(max_examples=400, derandomize=True, database=None, deadline=None)
@given(st.lists(messages | st.none(), max_size=25))
def test_it_holds_the_same_whatever_it_is_told(steps: list[Message | None]) -> None:
    acceptor = PaxosAcceptor("A1", ["L1"])
    table = {i: PaxosAcceptorProtocol(i) for i in range(1, LAST + 2)}
    for message in steps:
        refused = False
        match message:
            case None:  # a restart
                records = acceptor.checkpoint()
                acceptor = PaxosAcceptor("A1", ["L1"])
                acceptor.restore(records, 0)
            case Heartbeat(compacted=up_to):
                table = {i: p for i, p in table.items() if i > up_to}
            case Prepare(first=first, last=None, number=number):
                over = [p for i, p in table.items() if i >= first]
                refused = any(p.promised > number for p in over)
                if not refused:
                    for protocol in over:
                        protocol.transition(message)
            case Prepare(first=at) | Accept(instance=at):
                refused = at in table and not table[at].transition(message)
        if message is not None:
            said = acceptor.receive(Envelope("L1.1", "L1", "A1", message), 0.0).messages
            assert refused == any(isinstance(o.message, Nack) for o in said)
        for i, right in table.items():
            kept = acceptor._at(i)
            assert (kept.promised, kept.report()) == (right.promised, right.report())
        assert acceptor.votes == sum(p.report() is not None for p in table.values())
        assert all(i in table for i in acceptor._promises)
