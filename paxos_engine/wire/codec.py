"""Datagrams: a version byte, a keyed MAC, a head, and messages in msgpack.

    version | MAC | length of the head | head | [message, ...]
    head: [cluster, sender, number of the first message, [receiver, ...]]

Whoever lacks the cluster's key cannot make a node look further than the MAC; and whatever is
behind it is still only believed field by field (`reading.py`). Nothing is ever unpickled.

What is said to several is one datagram that names them all, and each of them reads the ids of its
own messages from its place among them. So it is packed and sealed once; and since all nodes of a
cluster live in one process, it is proved and read once, too. They share the messages, which nobody
may change.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b, sha256
from typing import Any, Final, NamedTuple

import msgpack

from paxos_engine.roles.messages import Envelope, Message
from paxos_engine.roles.values import MAX_INSTANCE
from paxos_engine.wire.reading import (
    MAX_ITEMS,
    WireError,
    read_int,
    read_list,
    read_name,
    shown,
)
from paxos_engine.wire.schema import from_plain, to_plain

VERSION: Final = 5
MAC_BYTES: Final = 16
MAX_DATAGRAM: Final = 65_507
"""The largest UDP payload over IPv4, in bytes."""

_VERSION_BYTE: Final = bytes([VERSION])

COALESCE_BYTES: Final = 32_000
"""Messages share a datagram up to about this size, in bytes, unless another one is asked for."""

MOST_COALESCED: Final = 65_000
"""The largest size that may be asked for: the rest of a datagram is for what is around them."""

MOST_RECEIVERS: Final = 32
"""Receivers that a datagram may name: they share with the rest of the head what `MOST_COALESCED`
leaves of a datagram."""

_HEAD_LENGTH: Final = 2
"""Bytes in which a datagram says how many its head has."""

_LONG: Final = 512
"""Bytes from which on the MAC covers a digest of the messages in their place."""

_READ_AT_ONCE: Final = 256
"""Datagrams that were read lately and may be heard by another node: of a window of long values
each command has one of its own, and a node reads all of them before the next does."""


class _Secret(NamedTuple):
    """What the nodes of a cluster share, and nobody else knows."""

    cluster_id: str
    key: bytes


class _Said(NamedTuple):
    """What stands in a datagram."""

    sender: str
    first: int
    receivers: list[str]
    messages: tuple[Message, ...]


class Codec:
    """Turns messages into datagrams and back, for one node of a cluster; of one thread only.

    Args:
        cluster_id: which cluster; datagrams of another are refused.
        key: the secret of the MAC, up to 64 bytes.
        coalesce_bytes: messages for one peer share a datagram up to this size, in bytes; 0 gives
            each its own.
    """

    def __init__(self, cluster_id: str, key: bytes, coalesce_bytes: int = COALESCE_BYTES) -> None:
        self._coalesce_bytes = coalesce_bytes
        self._secret = _Secret(cluster_id, key)
        self._packer = msgpack.Packer(unicode_errors="surrogatepass")

    def encode(
        self, sender: str, first: int, receivers: Sequence[str], messages: Sequence[Message]
    ) -> list[tuple[bytes, int]]:
        """Return datagrams, each with how many of `messages` it carries, in order.

        The ids of the messages are `sender`.`first` and following, datagram for datagram, and
        within one receiver for receiver. A message that alone is too large for a datagram gets one
        beyond `MAX_DATAGRAM`, which the pump then gives up.

        Args:
            sender: the node that says it.
            first: the number of the first message.
            receivers: whom it says it to, `MOST_RECEIVERS` of them at most.
            messages: what it says to each of them.

        Raises:
            TypeError: a message carries what no message may carry; a defect of ours.
        """
        datagrams: list[tuple[bytes, int]] = []
        for packed in self._packed(messages):
            datagrams.append((self._seal(sender, first, receivers, packed), len(packed)))
            first += len(packed) * len(receivers)
        return datagrams

    def decode(self, data: bytes, to: str) -> list[Envelope]:
        """Return the messages of a datagram that `to` received.

        Raises:
            WireError: it is not a whole, authentic and sensible datagram of this cluster, or for
                others.
        """
        sender, first, receivers, messages = _said(self._secret, data)
        if to not in receivers:
            raise WireError(f"for {', '.join(receivers[:2]) or 'nobody'}, and this is {to}")
        first += len(messages) * receivers.index(to)
        return [
            Envelope(f"{sender}.{at}", sender, to, message)
            for at, message in enumerate(messages, first)
        ]

    def _packed(self, messages: Sequence[Message]) -> list[list[bytes]]:
        """Return the messages of each datagram, each as bytes."""
        datagrams: list[list[bytes]] = []
        size = 0
        for message in messages:
            item = self._packer.pack(to_plain(message))
            size += len(item)
            if not datagrams or size > self._coalesce_bytes or len(datagrams[-1]) >= MAX_ITEMS:
                datagrams.append([])
                size = len(item)
            datagrams[-1].append(item)
        return datagrams

    def _seal(
        self, sender: str, first: int, receivers: Sequence[str], packed: Sequence[bytes]
    ) -> bytes:
        said: bytes = self._packer.pack((self._secret.cluster_id, sender, first, receivers))
        head = len(said).to_bytes(_HEAD_LENGTH) + said
        content = (self._packer.pack_array_header(len(packed)), *packed)
        return b"".join((_VERSION_BYTE, mac_of(self._secret.key, head, *content), head, *content))


class _Proved(NamedTuple):
    """A datagram that was proved and read, and by which secret."""

    secret: _Secret
    data: bytes
    said: _Said


_lately: Final[OrderedDict[bytes, _Proved]] = OrderedDict()
"""What was first read lately, by its MAC: to hash a long datagram takes as long as to copy it."""


def _said(secret: _Secret, data: bytes) -> _Said:
    """Return what stands in a datagram, or raise WireError."""
    mac = data[1 : 1 + MAC_BYTES]
    known = _lately.get(mac)
    # Only what is proved is remembered, whole, and by the secret that proved it: one with the same
    # MAC that says something else, or another cluster of this process, would else be believed.
    if known is not None and known.data == data and known.secret == secret:
        return known.said
    said = _read(secret, data)
    _lately[mac] = _Proved(secret, data, said)
    if len(_lately) > _READ_AT_ONCE:
        _lately.popitem(last=False)
    return said


def _read(secret: _Secret, data: bytes) -> _Said:
    """Prove a datagram and read it, or raise WireError."""
    if len(data) <= 1 + MAC_BYTES + _HEAD_LENGTH:
        raise WireError(f"truncated: {len(data)} bytes hold no message")
    if data[0] != VERSION:
        raise WireError(f"version {data[0]}, and we speak {VERSION}")
    head_begins = 1 + MAC_BYTES + _HEAD_LENGTH
    head_ends = head_begins + int.from_bytes(data[1 + MAC_BYTES : head_begins])
    content = memoryview(data)[head_ends:]
    mac = mac_of(secret.key, data[1 + MAC_BYTES : head_ends], content)
    if not hmac.compare_digest(data[1 : 1 + MAC_BYTES], mac):
        raise WireError("the MAC is wrong: not from this cluster, or damaged")
    cluster, sender, first, receivers = read_list(_unpack(data[head_begins:head_ends]), 4)
    if cluster != secret.cluster_id:
        raise WireError(f"cluster {shown(cluster)} is not ours")
    return _Said(
        read_name(sender),
        read_int(first, MAX_INSTANCE),
        [read_name(name) for name in read_list(receivers)],
        tuple([from_plain(each) for each in read_list(_unpack(content))]),
    )


def mac_of(key: bytes, head: bytes, *content: bytes | memoryview) -> bytes:
    """Return the MAC of a datagram: of its head with the length before it, and its messages.

    The messages may come in pieces, which are never joined for this: long ones are copied often
    enough on their way.
    """
    # Two kinds of MAC that never agree: else short messages could pose as the digest of others.
    # Both cover how long the head is, so that no byte can change sides.
    if sum(map(len, content)) < _LONG:
        mac = _keyed(key, b"whole").copy()
        mac.update(b"".join((head, *content)))
    else:
        # Processors have instructions for this one: it takes half the time of BLAKE2.
        mac = _keyed(key, b"digest").copy()
        digest = sha256()
        for piece in content:
            digest.update(piece)
        mac.update(head + digest.digest())
    return mac.digest()


@lru_cache(16)
def _keyed(key: bytes, kind: bytes) -> blake2b:
    return blake2b(_VERSION_BYTE, digest_size=MAC_BYTES, key=key, person=kind)


def _unpack(body: bytes | memoryview) -> Any:
    try:
        return msgpack.unpackb(
            body,
            unicode_errors="surrogatepass",
            max_array_len=MAX_ITEMS,  # checked before the list is allocated
            max_ext_len=0,
            max_map_len=0,
            strict_map_key=True,
        )
    except Exception as error:  # msgpack has no common base for what it raises
        raise WireError(f"no msgpack: {type(error).__name__}") from error
