"""Datagrams: a version byte, a keyed MAC, and messages in msgpack, each packed for itself.

Whoever lacks the cluster's key cannot make a node look further than the MAC; and whatever is
behind it is still only believed field by field (`reading.py`). Nothing is ever unpickled.

What is said to several is packed once. All nodes of a cluster live in one process, so what several
hear is read once, too: an accept has the same bytes for every acceptor and other leader, a vote for
each leader. They share the message, which nobody may change; a pipeline much deeper than what is
kept of such messages costs time only.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

import msgpack

from paxos_engine.roles.messages import Accept, Accepted, Envelope, Message
from paxos_engine.roles.values import MAX_INSTANCE
from paxos_engine.wire.reading import (
    MAX_ITEMS,
    WireError,
    read_bytes,
    read_int,
    read_list,
    read_name,
    shown,
)
from paxos_engine.wire.schema import from_plain, kind_number, to_plain

VERSION: Final = 2
MAC_BYTES: Final = 16
MAX_DATAGRAM: Final = 65_507
"""The largest UDP payload over IPv4, in bytes."""

_VERSION_BYTE: Final = bytes([VERSION])

COALESCE_BYTES: Final = 32_000
"""Messages share a datagram up to about this size, in bytes, unless another one is asked for."""

MOST_COALESCED: Final = 65_000
"""The largest size that may be asked for: the rest of a datagram is for what is around them."""

_AROUND_EACH: Final = 3
"""Bytes by which a datagram says how long a message in it is."""

_READ_AT_ONCE: Final = 128
"""Messages that were read lately and may be heard by another node: twice a usual pipeline."""


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
        self._cluster_id = cluster_id
        self._new_mac = blake2b(_VERSION_BYTE, digest_size=MAC_BYTES, key=key).copy
        self._packer = msgpack.Packer(unicode_errors="surrogatepass")

    def encode(
        self,
        sender: str,
        first: int,
        messages: Sequence[Message],
        packed: dict[int, bytes] | None = None,
    ) -> list[tuple[bytes, int]]:
        """Return datagrams, each with how many of `messages` it carries, in order.

        The ids of the messages are `sender`.`first` and following. A message that alone is too
        large for a datagram gets one beyond `MAX_DATAGRAM`, which the pump then gives up.

        Args:
            sender: the node that says it.
            first: the number of the first message.
            messages: what it says to one peer.
            packed: what was packed for other peers already, by the identity of the message: most
                of what is said in a turn is said to several. Only for as long as they all live.

        Raises:
            TypeError: a message carries what no message may carry; a defect of ours.
        """
        if packed is None:
            packed = {}
        datagrams: list[tuple[bytes, int]] = []
        batch: list[bytes] = []
        size = 0
        for message in messages:
            item = packed.get(id(message))
            if item is None:
                item = packed[id(message)] = self._packer.pack(to_plain(message))
            cost = len(item) + _AROUND_EACH
            if batch and (size + cost > self._coalesce_bytes or len(batch) >= MAX_ITEMS):
                datagrams.append((self._seal(sender, first, batch), len(batch)))
                first, batch, size = first + len(batch), [], 0
            batch.append(item)
            size += cost
        if batch:
            datagrams.append((self._seal(sender, first, batch), len(batch)))
        return datagrams

    def decode(self, data: bytes, to: str) -> list[Envelope]:
        """Return the messages of a datagram that `to` received.

        Raises:
            WireError: it is not a whole, authentic and sensible datagram of this cluster.
        """
        if len(data) <= 1 + MAC_BYTES:
            raise WireError(f"truncated: {len(data)} bytes hold no message")
        if data[0] != VERSION:
            raise WireError(f"version {data[0]}, and we speak {VERSION}")
        body = data[1 + MAC_BYTES :]
        if not hmac.compare_digest(data[1 : 1 + MAC_BYTES], self._mac(body)):
            raise WireError("the MAC is wrong: not from this cluster, or damaged")
        cluster, sender, first, raw = read_list(_unpack(body), 4)
        if cluster != self._cluster_id:
            raise WireError(f"cluster {shown(cluster)} is not ours")
        name = read_name(sender)
        number = read_int(first, MAX_INSTANCE)
        return [
            Envelope(f"{name}.{at}", name, to, _message(item))
            for at, item in enumerate(read_list(raw), number)
        ]

    def _seal(self, sender: str, first: int, batch: Sequence[bytes]) -> bytes:
        body: bytes = self._packer.pack((self._cluster_id, sender, first, batch))
        return _VERSION_BYTE + self._mac(body) + body

    def _mac(self, body: bytes) -> bytes:
        mac = self._new_mac()
        mac.update(body)
        return mac.digest()


def _message(packed: Any) -> Message:
    """Return one message of a datagram, or raise WireError."""
    if type(packed) is bytes and packed[1:2] in _HEARD_BY_SEVERAL:
        return _heard_by_several(packed)
    return from_plain(_unpack(read_bytes(packed)))


_HEARD_BY_SEVERAL: Final = frozenset(bytes([kind_number(kind)]) for kind in (Accept, Accepted))
"""Where it stands in what is packed, the number of each kind that several nodes hear alike."""


@lru_cache(_READ_AT_ONCE)
def _heard_by_several(packed: bytes) -> Message:
    return from_plain(_unpack(packed))


def _unpack(body: bytes) -> Any:
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
