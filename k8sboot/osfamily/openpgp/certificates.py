"""Certificates: primary keys with what they have signed of themselves, read from key files and written. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from k8sboot.osfamily.openpgp import armor
from k8sboot.osfamily.openpgp.packets import (
    PUBLIC_KEY,
    PUBLIC_SUBKEY,
    SIGNATURE,
    USER_ATTRIBUTE,
    USER_ID,
    Malformed,
    packet,
    packets,
)
from k8sboot.osfamily.openpgp.public_keys import PublicKey, fingerprint, hashed, must_be_version_4, public_key
from k8sboot.osfamily.openpgp.signatures import (
    BINDING,
    ON_KEY,
    ON_SUBKEY,
    ON_USER_ID,
    signature,
)

MAX_SIZE = 256 * 1024
MAX_SIGNATURES = 250
"""In a file; the verification of each takes milliseconds."""


@dataclass(frozen=True)
class Certificate:
    """A primary key. fingerprint: 40 hexadecimal digits. data: its packets, each of which it has signed."""

    fingerprint: str
    data: bytes


@dataclass(frozen=True)
class _Part:
    """A key, user ID or subkey, and the packets of the signatures behind it."""

    tag: int
    body: bytes
    signatures: list[bytes]


def certificates(data: bytes) -> tuple[Certificate, ...]:
    """The certificates in a key file, binary or armored, in order. Malformed if it has anything else in it.

    Signatures of others are left out. A subkey that its primary key has not signed is Malformed: rpm would accept it.
    """
    if len(data) > MAX_SIZE:
        raise Malformed(f"has {len(data)} bytes, more than {MAX_SIZE >> 10} KiB")
    streams = [_parts(stream) for stream in _streams(data)]
    if sum(len(part.signatures) for parts in streams for part in parts) > MAX_SIGNATURES:
        raise Malformed(f"has more than {MAX_SIGNATURES} signatures")
    found = tuple(c for parts in streams for c in _certificates(parts))
    if not found:
        raise Malformed("has no OpenPGP key")
    return found


def keyring(certificates: Iterable[Certificate]) -> bytes:
    """The binary form, which gpgv reads."""
    return b"".join(c.data for c in certificates)


def armored(certificates: Iterable[Certificate]) -> str:
    """All in one armored block."""
    return armor.armored(keyring(certificates))


def blocks(certificates: Iterable[Certificate]) -> str:
    """One armored block for each: rpm and yum read only the first key of a block."""
    return "".join(armor.armored(c.data) for c in certificates)


def summary(certificates: Iterable[Certificate]) -> str:
    """Their fingerprints, in words."""
    return f"key {', '.join(c.fingerprint for c in certificates)}"


def _streams(data: bytes) -> Iterable[bytes]:
    if data[:1] >= b"\x80":
        return (data,)
    try:
        return armor.blocks(data.decode("ascii"))
    except UnicodeDecodeError as error:
        raise Malformed("has bytes that are neither text nor a key") from error


def _certificates(parts: list[_Part]) -> Iterator[Certificate]:
    starts = [index for index, part in enumerate(parts) if part.tag == PUBLIC_KEY]
    for start, end in zip(starts, [*starts[1:], len(parts)], strict=True):
        yield _certificate(parts[start:end])


def _parts(data: bytes) -> list[_Part]:
    found: list[_Part] = []
    for tag, body in packets(data):
        if not found and tag != PUBLIC_KEY:
            raise Malformed("does not begin with a public key")
        if tag == SIGNATURE:
            found[-1].signatures.append(body)
        elif tag in (PUBLIC_KEY, USER_ID, USER_ATTRIBUTE, PUBLIC_SUBKEY):
            found.append(_Part(tag, body, []))
        else:
            raise Malformed(f"has a packet of type {tag}, which is not part of a public key")
    return found


def _certificate(parts: list[_Part]) -> Certificate:
    key = public_key(parts[0].body)
    kept = [packet(PUBLIC_KEY, key.body), *_own(key, parts[0], b"", ON_KEY)]
    is_signed = len(kept) > 1
    for part in parts[1:]:
        own = list(_subkey(key, part) if part.tag == PUBLIC_SUBKEY else _user_id(key, part))
        is_signed = is_signed or (bool(own) and part.tag == USER_ID)
        kept += own
    if not is_signed:
        raise Malformed(f"has the key {key.fingerprint}, which has not signed itself")
    return Certificate(key.fingerprint, b"".join(kept))


def _user_id(key: PublicKey, part: _Part) -> Iterator[bytes]:
    if part.tag == USER_ATTRIBUTE:  # a picture
        return
    what = b"\xb4" + len(part.body).to_bytes(4, "big") + part.body
    own = list(_own(key, part, what, ON_USER_ID))
    if own:
        yield packet(USER_ID, part.body)
        yield from own


def _subkey(key: PublicKey, part: _Part) -> Iterator[bytes]:
    must_be_version_4(part.body)
    own = list(_own(key, part, hashed(part.body), frozenset({BINDING})))
    if not own:
        raise Malformed(f"has the subkey {fingerprint(part.body)}, which its key has not signed")
    yield packet(PUBLIC_SUBKEY, part.body)
    yield from _own(key, part, hashed(part.body), ON_SUBKEY)


def _own(key: PublicKey, part: _Part, what: bytes, kinds: frozenset[int]) -> Iterator[bytes]:
    """The packets of the key's own signatures of these kinds behind a part."""
    for body in part.signatures:
        made = signature(body)
        if made and made.kind in kinds and made.may_be_of(key) and made.is_by(key, hashed(key.body) + what):
            yield packet(SIGNATURE, made.body(key))
