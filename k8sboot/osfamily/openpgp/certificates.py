"""Certificates: primary keys with what they have signed of themselves, read from key files and written. Pure."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone

from k8sboot.osfamily.openpgp import armor
from k8sboot.osfamily.openpgp.packets import (
    PUBLIC_KEY,
    PUBLIC_SUBKEY,
    SIGNATURE,
    USER_ATTRIBUTE,
    USER_ID,
    Malformed,
    number,
    packet,
    packets,
)
from k8sboot.osfamily.openpgp.public_keys import PublicKey, fingerprint, hashed, must_be_version_4, public_key
from k8sboot.osfamily.openpgp.signatures import (
    BINDING,
    CERTIFICATION_REVOCATION,
    DIRECT,
    ON_KEY,
    ON_SUBKEY,
    ON_USER_ID,
    Signature,
    signature,
)

MAX_SIZE = 256 * 1024
MAX_SIGNATURES = 250
"""In a file; the verification of each takes milliseconds."""


@dataclass(frozen=True)
class Certificate:
    """A primary key. fingerprint: 40 hexadecimal digits. data: its packets, each of which it has signed.

    created: in seconds since the epoch. expires: None if it never does.
    """

    fingerprint: str
    data: bytes
    created: int
    expires: datetime | None = None


@dataclass(frozen=True)
class _Part:
    """A key, user ID or subkey, and the packets of the signatures behind it."""

    tag: int
    body: bytes
    signatures: list[bytes]


@functools.lru_cache(maxsize=32)  # hosts share their key files, and each asks for them several times
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
    """Their fingerprints and ends, in words."""
    return f"key {', '.join(c.fingerprint + _end(c.expires) for c in certificates)}"


def _end(expires: datetime | None) -> str:
    return f" (expires {expires:%Y-%m-%d})" if expires else ""


def ends(certificates: Iterable[Certificate]) -> datetime | None:
    """When the last of them expires; None if one never does."""
    found = [c.expires for c in certificates]
    return None if None in found else max(each for each in found if each)


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
    direct = list(_own(key, parts[0], b"", ON_KEY))
    kept = [packet(PUBLIC_KEY, key.body), *_packets(key, direct)]
    named = []
    for part in parts[1:]:
        if part.tag == PUBLIC_SUBKEY:
            kept += _subkey(key, part)
        elif part.tag == USER_ID and (own := list(_own(key, part, _hashed_user_id(part.body), ON_USER_ID))):
            kept += [packet(USER_ID, part.body), *_packets(key, own)]
            named.append(own)
    if not direct and not named:
        raise Malformed(f"has the key {key.fingerprint}, which has not signed itself")
    created = number(key.body, 1, 4)
    return Certificate(key.fingerprint, b"".join(kept), created, _expires(created, direct, named))


def _expires(created: int, direct: list[Signature], named: list[list[Signature]]) -> datetime | None:
    """When a key expires, as gpg judges: by its newest signature on itself, or else by the newest on a user ID.

    Signatures without a lifetime say nothing; of each user ID only the newest signature counts.
    """
    on_key = [_newest([made for made in direct if made.kind == DIRECT])]
    on_names = [made for made in map(_newest, named) if made and made.kind != CERTIFICATION_REVOCATION]
    for made in (on_key, on_names):
        newest = _newest([each for each in made if each and each.key_lifetime])
        if newest:
            return datetime.fromtimestamp(created + newest.key_lifetime, timezone.utc)
    return None


def _newest(made: list[Signature]) -> Signature | None:
    return max(made, key=lambda each: each.created, default=None)


def _hashed_user_id(body: bytes) -> bytes:
    return b"\xb4" + len(body).to_bytes(4, "big") + body


def _subkey(key: PublicKey, part: _Part) -> Iterator[bytes]:
    must_be_version_4(part.body)
    own = list(_own(key, part, hashed(part.body), frozenset({BINDING})))
    if not own:
        raise Malformed(f"has the subkey {fingerprint(part.body)}, which its key has not signed")
    yield packet(PUBLIC_SUBKEY, part.body)
    yield from _packets(key, _own(key, part, hashed(part.body), ON_SUBKEY))


def _own(key: PublicKey, part: _Part, what: bytes, kinds: frozenset[int]) -> Iterator[Signature]:
    """The key's own signatures of these kinds behind a part."""
    for body in part.signatures:
        made = signature(body)
        if made and made.kind in kinds and made.may_be_of(key) and made.is_by(key, hashed(key.body) + what):
            yield made


def _packets(key: PublicKey, made: Iterable[Signature]) -> Iterator[bytes]:
    return (packet(SIGNATURE, each.body(key)) for each in made)
