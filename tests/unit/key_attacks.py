"""Key files that give some reader a stranger's key besides, or instead of, the pinned one."""

from __future__ import annotations

import base64

from keys import KEY, STRANGER, STRANGER_FINGERPRINT, unarmored

from k8sboot.osfamily.openpgp.packets import SIGNATURE, packet, packets, subpacket

PINNED, FOREIGN = unarmored(KEY), unarmored(STRANGER)
BEGIN, END = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"
_FOREIGN_PARTS = list(packets(FOREIGN))
_SUBKEY = packet(*_FOREIGN_PARTS[3])
_BINDING = packet(*_FOREIGN_PARTS[4])
_BASE64 = "\n".join(STRANGER.split("\n")[2:-3])
RING_TRUST = packet(12, b"\x00\x03gpg\x01\x00\x00\x00\x00")
"""What gpg writes behind a signature that it has verified: gpgv believes it."""


def text(*lines: str) -> bytes:
    return "\n".join(lines).encode()


def _claimed_binding() -> bytes:
    """The pinned key's signature on its user ID, said to be one on a subkey."""
    body = list(packets(PINNED))[2][1]
    return packet(SIGNATURE, body[:1] + b"\x18" + body[2:])


def behind_own_signature(fields: bytes) -> bytes:
    """The pinned key, with fields that nobody has signed added to its signature."""
    head, (tag, body) = list(packets(PINNED))[:2], list(packets(PINNED))[2]
    end = 6 + int.from_bytes(body[4:6], "big")
    size = int.from_bytes(body[end : end + 2], "big")
    unsigned = body[end + 2 : end + 2 + size] + fields
    changed = body[:end] + len(unsigned).to_bytes(2, "big") + unsigned + body[end + 2 + size :]
    return b"".join(packet(*each) for each in head) + packet(tag, changed)


def foreign_in(tag: int) -> bytes:
    return (
        packet(tag, FOREIGN)
        if tag < 16
        else bytes([0xC0 | tag, 255]) + len(FOREIGN).to_bytes(4, "big") + FOREIGN
    )


REFUSED = {
    "a first line with more in it": text(STRANGER.replace(BEGIN, f"{BEGIN} ;"), KEY),
    "a first line that is indented": text(STRANGER.replace(BEGIN, f" {BEGIN}"), KEY),
    "a block of another name": text(STRANGER.replace("PUBLIC KEY BLOCK", "ARMORED FILE"), KEY),
    "a message": text(STRANGER.replace("PUBLIC KEY BLOCK", "MESSAGE"), KEY),
    "a private key's block": text(STRANGER.replace("PUBLIC", "PRIVATE"), KEY),
    "a block without a last line": text(STRANGER.replace(END, ""), KEY),
    "a last line with more in it": text(STRANGER.replace(END, f"{END};"), KEY),
    "a block in a header": text(BEGIN, f"Comment: x\r{BEGIN}", "", _BASE64, KEY),
    "two first lines": text(BEGIN, BEGIN, "", _BASE64, END, KEY),
    "data between blocks": text(KEY, _BASE64, KEY),
    "data behind the checksum": text(*KEY.split("\n")[:-2], _BASE64, END),
    "data behind an empty line": text(*KEY.split("\n")[:-3], "", _BASE64, END),
    "data in place of headers": text(BEGIN, _BASE64, "", *KEY.split("\n")[2:]),
    "data behind the padding": text(BEGIN, "", base64.b64encode(PINNED + b"\x88").decode(), _BASE64, END),
    "no empty line before the data": text(BEGIN, *STRANGER.split("\n")[2:], KEY),
    "text in front": text("a key:", KEY),
    "a form feed": KEY.replace("\n\n", "\n\x0c\n").encode(),
    "text that is not ASCII": text("\xe9", KEY),
    "binary behind text": KEY.encode() + FOREIGN,
    "text behind binary": PINNED + STRANGER.encode(),
    "a NUL between": PINNED + b"\0" + FOREIGN,
    "a marker": packet(10, b"PGP") + PINNED + FOREIGN,
    "a packet of partial length": PINNED + b"\xc6\xe8" + FOREIGN[3:259] + FOREIGN,
    "a packet of indeterminate length": PINNED + b"\x9b" + FOREIGN[3:],
    "a subkey that is not signed": PINNED + _SUBKEY,
    "a subkey that its own key has signed": PINNED + _SUBKEY + _BINDING,
    "a subkey with a signature on something else": PINNED + _SUBKEY + _claimed_binding(),
    "gpg's word that a subkey is signed": PINNED + _SUBKEY + _claimed_binding() + RING_TRUST,
    "gpg's word alone": PINNED + RING_TRUST,
    "a keybox": b"\0\0\0\x20\1\1\0\2KBXf" + bytes(20) + PINNED + FOREIGN,
    **{f"a packet of type {tag}": PINNED + foreign_in(tag) for tag in (0, 1, 3, 5, 7, 8, 9, 11, 18, 20, 21, 60, 61)},
    **{f"a packet of type {tag} in front": foreign_in(tag) + PINNED for tag in (2, 8, 13, 14, 60)},
}  # fmt: skip

FOREIGN_TOLD = {
    "binary": PINNED + FOREIGN,
    "binary, the other way round": FOREIGN + PINNED,
    "two blocks": text(KEY, STRANGER),
    "two blocks, the other way round": text(STRANGER, KEY),
    "one block": text(BEGIN, "", base64.b64encode(PINNED + FOREIGN).decode()[:76], END) and b"".join(
        (f"{BEGIN}\n\n".encode(), base64.encodebytes(PINNED + FOREIGN), f"{END}\n".encode())
    ),
    "with headers": text(STRANGER.replace(BEGIN, f"{BEGIN}\nComment: the real one"), KEY),
}  # fmt: skip

CLEANED = {
    "a key in a field that is not signed": behind_own_signature(subpacket(38, FOREIGN)),
    "a key for a proof of a subkey": behind_own_signature(subpacket(32, b"\x04\x19" + FOREIGN[3:200])),
    "the name of another key as its issuer": behind_own_signature(
        subpacket(16, bytes.fromhex(STRANGER_FINGERPRINT[-16:]))
    ),
    "a subkey's packet in a picture": PINNED
    + bytes([0xC0 | 17, 255])
    + len(FOREIGN).to_bytes(4, "big")
    + FOREIGN,
    "a user ID that the key has not signed": PINNED + packet(13, b"Mirror <root@mirror>"),
    "a signature of another key": PINNED + packet(*_FOREIGN_PARTS[2]),
    "a signature of an unknown version": PINNED + packet(SIGNATURE, b"\x09" + FOREIGN),
    "the same signature twice": PINNED + packet(SIGNATURE, b"\x04\x13\x01\x08" + bytes(20)),
}
"""Read, and written as the pinned key alone."""
