"""Public keys in OpenPGP packets, and whether one made a signature (RFC 4880, 5.5.2 and 13; RFC 6637). Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from k8sboot.osfamily.openpgp.packets import Malformed, mpis, number

RSA, RSA_SIGN, DSA, ECDSA, EDDSA = 1, 3, 17, 19, 22
NUMBERS = {RSA: 2, RSA_SIGN: 2, DSA: 4, ECDSA: 1, EDDSA: 1}
"""Numbers in a key, by its algorithm."""
SIGNATURE_NUMBERS = {RSA: 1, RSA_SIGN: 1, DSA: 2, ECDSA: 2, EDDSA: 2}
MAX_BITS = {
    RSA: (16384, 64),
    RSA_SIGN: (16384, 64),
    DSA: (3072, 256, 3072, 3072),
    ECDSA: (1100,),
    EDDSA: (263,),
}
"""Of these numbers; larger ones would only take time."""

CURVES = {
    bytes.fromhex("2a8648ce3d030107"): "SECP256R1",
    bytes.fromhex("2b81040022"): "SECP384R1",
    bytes.fromhex("2b81040023"): "SECP521R1",
    bytes.fromhex("2b2403030208010107"): "BrainpoolP256R1",
    bytes.fromhex("2b240303020801010b"): "BrainpoolP384R1",
    bytes.fromhex("2b240303020801010d"): "BrainpoolP512R1",
}
"""Names of the curves for ECDSA, by their object identifiers."""
_ED25519 = bytes.fromhex("2b06010401da470f01")

# Hash algorithms (9.4), and the bytes before a digest in a signature by RSA (5.2.2).
HASHES = {2: "sha1", 8: "sha256", 9: "sha384", 10: "sha512", 11: "sha224"}
_PREFIXES = {
    "sha1": "3021300906052b0e03021a05000414",
    "sha224": "302d300d06096086480165030402040500041c",
    "sha256": "3031300d060960864801650304020105000420",
    "sha384": "3041300d060960864801650304020205000430",
    "sha512": "3051300d060960864801650304020305000440",
}


@dataclass(frozen=True)
class PublicKey:
    """A primary key. body: of its packet. numbers: as its algorithm orders them. curve: an object identifier."""

    body: bytes
    algorithm: int
    numbers: tuple[int, ...]
    curve: bytes = b""

    @property
    def fingerprint(self) -> str:
        """40 hexadecimal digits."""
        return fingerprint(self.body)

    def has_signed(self, digest: bytes, algorithm: str, signature: tuple[int, ...]) -> bool:
        """Whether a signature's numbers are by this key, of a digest by that hash algorithm."""
        if self.algorithm in (RSA, RSA_SIGN):
            return self._by_rsa(digest, algorithm, *signature)
        if self.algorithm == DSA:
            return self._by_dsa(digest, *signature)
        from k8sboot.osfamily.openpgp import elliptic  # late: it is heavy, and most runs judge no such key

        if self.algorithm == EDDSA:
            return elliptic.by_ed25519(self.numbers[0], digest, *signature)
        return elliptic.by_ecdsa(CURVES[self.curve], self.numbers[0], digest, algorithm, *signature)

    def _by_rsa(self, digest: bytes, algorithm: str, signature: int) -> bool:
        modulus, exponent = self.numbers
        size = (modulus.bit_length() + 7) // 8
        told = bytes.fromhex(_PREFIXES[algorithm]) + digest
        padding = size - len(told) - 3
        if padding < 8 or signature >= modulus:
            return False
        wanted = b"\x00\x01" + b"\xff" * padding + b"\x00" + told
        return pow(signature, exponent, modulus) == int.from_bytes(wanted, "big")

    def _by_dsa(self, digest: bytes, r: int, s: int) -> bool:
        p, q, g, y = self.numbers
        if not (0 < r < q and 0 < s < q):
            return False
        told = int.from_bytes(digest, "big") >> max(0, len(digest) * 8 - q.bit_length())
        try:
            inverse = pow(s, -1, q)
        except ValueError:  # q is no prime: no key at all
            return False
        return pow(g, told * inverse % q, p) * pow(y, r * inverse % q, p) % p % q == r


def fingerprint(body: bytes) -> str:
    """Of a key or subkey with this packet: SHA-1 by definition (12.2)."""
    return hashlib.sha1(hashed(body)).hexdigest().upper()  # noqa: S324


def hashed(body: bytes) -> bytes:
    """A key's packet as fingerprints and signatures hash it (5.2.4)."""
    return b"\x99" + len(body).to_bytes(2, "big") + body


def must_be_version_4(body: bytes) -> None:
    """Malformed for a key of another version, or longer than its fingerprint can cover."""
    if number(body, 0, 1) != 4:
        raise Malformed(f"has a key of version {body[0]}; only version 4 is supported")
    if len(body) >= 1 << 16:
        raise Malformed("has a key of more than 64 KiB")


def public_key(body: bytes) -> PublicKey:
    """The key in a primary key's packet."""
    must_be_version_4(body)
    algorithm, curve, at = number(body, 5, 1), b"", 6
    if algorithm not in NUMBERS:
        raise Malformed(f"has a key of algorithm {algorithm}, which is not supported")
    if algorithm in (ECDSA, EDDSA):
        at += 1 + number(body, at, 1)
        curve = body[7:at]
        if curve != _ED25519 if algorithm == EDDSA else curve not in CURVES:
            raise Malformed(f"has a key on a curve that is not supported, {curve.hex()}")
    numbers = mpis(body, at, NUMBERS[algorithm])
    sizes = zip(numbers, MAX_BITS[algorithm], strict=True)
    if not all(0 < each.bit_length() <= most for each, most in sizes):
        raise Malformed("has a key of a size that is not supported")
    return PublicKey(body, algorithm, numbers, curve)
