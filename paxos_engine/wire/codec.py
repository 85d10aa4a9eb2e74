"""Datagrams: a version byte, a keyed MAC, a head, and messages in msgpack.

    version | MAC | length of the head | [cluster, sender, id of the first message] | [message, ...]

Whoever lacks the cluster's key cannot make a node look further than the MAC; and whatever is
behind it is still only believed field by field (`reading.py`). Nothing is ever unpickled.

The head says who speaks, and differs for each receiver; the messages behind it are most often said
to several. All nodes of a cluster live in one process, so what is said to several is packed once,
read once, and, where it is long, digested once. They share the messages, which nobody may change.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b, sha256
from typing import Any, Final, TypeAlias

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

VERSION: Final = 4
MAC_BYTES: Final = 16
MAX_DATAGRAM: Final = 65_507
"""The largest UDP payload over IPv4, in bytes."""

_VERSION_BYTE: Final = bytes([VERSION])

COALESCE_BYTES: Final = 32_000
"""Messages share a datagram up to about this size, in bytes, unless another one is asked for."""

MOST_COALESCED: Final = 65_000
"""The largest size that may be asked for: the rest of a datagram is for what is around them."""

_HEAD_LENGTH: Final = 2
"""Bytes in which a datagram says how many its head has."""

_LONG: Final = 512
"""Bytes from which on the MAC covers a digest of the messages in their place."""

_READ_AT_ONCE: Final = 64
"""Datagrams that were read lately and may be heard by another node."""

_DIGESTED_AT_ONCE: Final = 256
"""Datagrams that were digested lately, by who sent them or heard them: of a window of long values
each command has one of its own, and they are heard only when all have been sent."""

Packed: TypeAlias = dict[tuple[int, ...], list[tuple[bytes, int]]]
"""What was packed for a peer: the identities of the messages -> the messages of each datagram as
bytes, and how many they are."""


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
        # Two kinds of MAC that never agree: else short messages could pose as the digest of others.
        # Both cover how long the head is, so that no byte can change sides.
        self._mac_of_whole = _keyed(key, b"whole")
        self._mac_of_digest = _keyed(key, b"digest")
        self._packer = msgpack.Packer(unicode_errors="surrogatepass")

    def encode(
        self,
        sender: str,
        first: int,
        messages: Sequence[Message],
        packed: Packed | None = None,
    ) -> list[tuple[bytes, int]]:
        """Return datagrams, each with how many of `messages` it carries, in order.

        The ids of the messages are `sender`.`first` and following. A message that alone is too
        large for a datagram gets one beyond `MAX_DATAGRAM`, which the pump then gives up.

        Args:
            sender: the node that says it.
            first: the number of the first message.
            messages: what it says to one peer.
            packed: what was packed for other peers already: most of what is said in a turn is said
                to several. Only for as long as all its messages live.

        Raises:
            TypeError: a message carries what no message may carry; a defect of ours.
        """
        if packed is None:
            packed = {}
        which = tuple(map(id, messages))
        contents = packed.get(which)
        if contents is None:
            contents = packed[which] = self._pack(messages)
        datagrams: list[tuple[bytes, int]] = []
        for content, count in contents:
            datagrams.append((self._seal(sender, first, content), count))
            first += count
        return datagrams

    def decode(self, data: bytes, to: str) -> list[Envelope]:
        """Return the messages of a datagram that `to` received.

        Raises:
            WireError: it is not a whole, authentic and sensible datagram of this cluster.
        """
        if len(data) <= 1 + MAC_BYTES + _HEAD_LENGTH:
            raise WireError(f"truncated: {len(data)} bytes hold no message")
        if data[0] != VERSION:
            raise WireError(f"version {data[0]}, and we speak {VERSION}")
        head_begins = 1 + MAC_BYTES + _HEAD_LENGTH
        head_ends = head_begins + int.from_bytes(data[1 + MAC_BYTES : head_begins])
        content = data[head_ends:]
        if not hmac.compare_digest(
            data[1 : 1 + MAC_BYTES], self._mac(data[1 + MAC_BYTES : head_ends], content)
        ):
            raise WireError("the MAC is wrong: not from this cluster, or damaged")
        cluster, sender, first = read_list(_unpack(data[head_begins:head_ends]), 3)
        if cluster != self._cluster_id:
            raise WireError(f"cluster {shown(cluster)} is not ours")
        name = read_name(sender)
        number = read_int(first, MAX_INSTANCE)
        return [
            Envelope(f"{name}.{at}", name, to, message)
            for at, message in enumerate(_messages(content), number)
        ]

    def _pack(self, messages: Sequence[Message]) -> list[tuple[bytes, int]]:
        """Return the messages of each datagram as bytes, and how many they are."""
        contents: list[tuple[bytes, int]] = []
        batch: list[bytes] = []
        size = 0
        for message in messages:
            item = self._packer.pack(to_plain(message))
            if batch and (size + len(item) > self._coalesce_bytes or len(batch) >= MAX_ITEMS):
                contents.append((self._list_of(batch), len(batch)))
                batch, size = [], 0
            batch.append(item)
            size += len(item)
        if batch:
            contents.append((self._list_of(batch), len(batch)))
        return contents

    def _list_of(self, items: Sequence[bytes]) -> bytes:
        return b"".join((self._packer.pack_array_header(len(items)), *items))

    def _seal(self, sender: str, first: int, content: bytes) -> bytes:
        said: bytes = self._packer.pack((self._cluster_id, sender, first))
        head = len(said).to_bytes(_HEAD_LENGTH) + said
        return b"".join((_VERSION_BYTE, self._mac(head, content), head, content))

    def _mac(self, head: bytes, content: bytes) -> bytes:
        if len(content) < _LONG:
            mac = self._mac_of_whole.copy()
            mac.update(head + content)
        else:
            mac = self._mac_of_digest.copy()
            mac.update(head + _digest(content))
        return mac.digest()


def _keyed(key: bytes, kind: bytes) -> blake2b:
    return blake2b(_VERSION_BYTE, digest_size=MAC_BYTES, key=key, person=kind)


# Whoever lacks the key can fill this with garbage. It makes us digest again what we say, no more.
@lru_cache(_DIGESTED_AT_ONCE)
def _digest(content: bytes) -> bytes:
    return sha256(content).digest()  # processors have instructions for it: half the time of BLAKE2


@lru_cache(_READ_AT_ONCE)
def _messages(content: bytes) -> tuple[Message, ...]:
    """Return the messages of a datagram, or raise WireError."""
    return tuple([from_plain(each) for each in read_list(_unpack(content))])


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
