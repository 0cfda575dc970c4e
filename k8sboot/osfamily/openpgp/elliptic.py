"""Signatures on elliptic curves: whether a point's owner made one. A value that is none makes no signature."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - old keys have signed themselves with it
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_UNSOUND = (InvalidSignature, ValueError, OverflowError)


def by_ed25519(point: int, digest: bytes, r: int, s: int) -> bool:
    """Whether r and s sign the digest by this key."""
    try:
        packed = point.to_bytes(33, "big")
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        if packed[0] == 0x40:
            Ed25519PublicKey.from_public_bytes(packed[1:]).verify(signature, digest)
            return True
    except _UNSOUND:
        pass
    return False


def by_ecdsa(curve: str, point: int, digest: bytes, algorithm: str, r: int, s: int) -> bool:
    """Whether r and s sign the digest, by that hash algorithm, by this key. curve: its name in cryptography."""
    packed = point.to_bytes((point.bit_length() + 7) // 8, "big")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(getattr(ec, curve)(), packed)
        key.verify(encode_dss_signature(r, s), digest, ec.ECDSA(Prehashed(_HASHES[algorithm])))
    except _UNSOUND:
        return False
    return True
