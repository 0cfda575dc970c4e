"""Signatures of a key on itself (RFC 4880, 5.2), and their bytes without what nobody has signed. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from k8sboot.osfamily.openpgp.packets import Malformed, mpis, number, subpacket, subpackets
from k8sboot.osfamily.openpgp.public_keys import HASHES, SIGNATURE_NUMBERS, PublicKey

ON_USER_ID = frozenset({0x10, 0x11, 0x12, 0x13, 0x30})
ON_KEY = frozenset({0x1F, 0x20})
BINDING, BACK, SUBKEY_REVOCATION = 0x18, 0x19, 0x28
ON_SUBKEY = frozenset({BINDING, SUBKEY_REVOCATION})
CERTIFICATION_REVOCATION, DIRECT = 0x30, 0x1F
_CREATED, _KEY_LIFETIME, _ISSUER, _EMBEDDED, _ISSUER_FINGERPRINT = 2, 9, 16, 32, 33


@dataclass(frozen=True)
class Signature:
    """A signature of version 4. signed: the part of its packet that it covers. issuers: key IDs that it names.

    created: when it was made, in seconds since the epoch. key_lifetime: the seconds from the creation of the key to its
    end, 0 if it sets none.
    """

    kind: int
    algorithm: int
    hash_algorithm: str
    signed: bytes
    unsigned: tuple[tuple[int, bytes], ...]
    left: bytes
    numbers: tuple[int, ...]
    tail: bytes
    issuers: frozenset[str]
    created: int
    key_lifetime: int

    def may_be_of(self, key: PublicKey) -> bool:
        """Whether it names the key as its issuer, or none."""
        is_named = not self.issuers or key.fingerprint[-16:] in self.issuers
        return is_named and self.algorithm == key.algorithm

    def is_by(self, key: PublicKey, what: bytes) -> bool:
        """Whether the key has made it, on these bytes."""
        trailer = b"\x04\xff" + len(self.signed).to_bytes(4, "big")
        digest = hashlib.new(self.hash_algorithm, what + self.signed + trailer).digest()
        return digest[:2] == self.left and key.has_signed(digest, self.hash_algorithm, self.numbers)

    def body(self, key: PublicKey | None = None) -> bytes:
        """Its packet. Of the fields that are not signed only those that name its issuer, or prove a subkey's.

        key: its issuer, if that is known.
        """
        kept = b"".join(
            subpacket(kind, data)
            for kind, data in self.unsigned
            if kind == _EMBEDDED or key is None or key.fingerprint.endswith(data[-8:].hex().upper())
        )
        return self.signed + len(kept).to_bytes(2, "big") + kept + self.left + self.tail


def signature(body: bytes) -> Signature | None:
    """The signature in a packet; None for one that k8sboot cannot verify, as of another version or algorithm."""
    try:
        return _signature(body) if number(body, 0, 1) == 4 else None
    except Malformed:
        return None


def _signature(body: bytes) -> Signature | None:
    kind, algorithm, hash_algorithm = number(body, 1, 1), number(body, 2, 1), number(body, 3, 1)
    if algorithm not in SIGNATURE_NUMBERS or hash_algorithm not in HASHES:
        return None
    end = 6 + number(body, 4, 2)
    behind = end + 2 + number(body, end, 2)
    number(body, behind, 2)
    fields, unsigned = list(subpackets(body[6:end])), list(subpackets(body[end + 2 : behind]))
    return Signature(
        kind=kind,
        algorithm=algorithm,
        hash_algorithm=HASHES[hash_algorithm],
        signed=body[:end],
        unsigned=tuple(_kept(unsigned)),
        left=body[behind : behind + 2],
        numbers=mpis(body, behind + 2, SIGNATURE_NUMBERS[algorithm]),
        tail=body[behind + 2 :],
        issuers=_issuers([*fields, *unsigned]),
        created=_seconds(fields, _CREATED),
        key_lifetime=_seconds(fields, _KEY_LIFETIME),
    )


def _seconds(fields: list[tuple[int, bytes]], kind: int) -> int:
    """The number in a field that is signed, 0 without it."""
    return next((int.from_bytes(data, "big") for each, data in fields if (each, len(data)) == (kind, 4)), 0)


def _kept(fields: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """The fields that readers need although they are not signed, and nothing else that somebody added."""
    found = []
    for kind, data in fields:
        is_issuer = (kind, len(data)) in ((_ISSUER, 8), (_ISSUER_FINGERPRINT, 21))
        if is_issuer:
            found.append((kind, data))
        elif kind == _EMBEDDED and (back := _back(data)):
            found.append((kind, back))
    return found


def _back(data: bytes) -> bytes:
    """The packet of a signature by a subkey on its primary key; b'' for anything else."""
    if data[1:2] != bytes([BACK]):  # which itself has none in it
        return b""
    inner = signature(data)
    return inner.body() if inner else b""


def _issuers(fields: list[tuple[int, bytes]]) -> frozenset[str]:
    ids = [data.hex() for kind, data in fields if kind == _ISSUER]
    ids += [data[-8:].hex() for kind, data in fields if kind == _ISSUER_FINGERPRINT]
    return frozenset(each.upper() for each in ids)
