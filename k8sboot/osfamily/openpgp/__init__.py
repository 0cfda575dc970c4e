"""OpenPGP certificates in key files, read strictly and written in k8sboot's own form, without gpg (RFC 4880). Pure.

Other readers of such a file (gpg, gpgv, apt's dearmor, rpm, yum) each skip other bytes of it. What any of them may
skip, this one refuses, and nothing is written but packets that were read and that belong to a certificate:

    armor         armored text -> the bytes of each block, and back
    packets       bytes -> packets, and back; numbers and fields in them
    public_keys   a public key's numbers, and whether it made a signature
    signatures    a signature packet, and its bytes without what nobody signed
    certificates  packets -> certificates: a primary key with its own signatures, user IDs and subkeys
"""

from k8sboot.osfamily.openpgp.certificates import (
    Certificate,
    armored,
    blocks,
    certificates,
    ends,
    keyring,
    summary,
)
from k8sboot.osfamily.openpgp.packets import Malformed

__all__ = ["Certificate", "Malformed", "armored", "blocks", "certificates", "ends", "keyring", "summary"]
