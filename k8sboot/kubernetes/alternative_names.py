"""The names that a certificate is valid for."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Iterator

from k8sboot.errors import Refused
from k8sboot.kubernetes.der import field

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")
_SEQUENCE, _EXTENSIONS, _OCTETS, _DNS_NAME, _IP_ADDRESS = 0x30, 0xA3, 0x04, 0x82, 0x87
_ALTERNATIVE_NAMES = bytes((0x06, 0x03, 0x55, 0x1D, 0x11))
"""The object identifier 2.5.29.17 in DER."""


def alternative_names(pem: str) -> frozenset[str]:
    """The DNS names, in lower case, and IP addresses of a PEM certificate. Raises Refused if it is none."""
    found = _CERTIFICATE.search(pem)
    try:
        der = base64.b64decode("".join(found[1].split()), validate=True) if found else b""
        return frozenset(_names(der))
    except (ValueError, IndexError) as error:
        raise Refused(
            "the API server's certificate is not a valid certificate",
            why=str(error) or type(error).__name__,
            fix="check it: `openssl x509 -noout -text -in /etc/kubernetes/pki/apiserver.crt`",
            code="KB-CERT-SANS",
        ) from None


def _names(der: bytes) -> Iterator[str]:
    """RFC 5280, 4.2.1.6: the extension holds an OCTET STRING, which holds a SEQUENCE of names."""
    _, certificate, _ = field(der, 0, _SEQUENCE)
    _, begin, end = field(der, certificate, _SEQUENCE)
    for tag, content, _ in _fields(der, begin, end):
        if tag == _EXTENSIONS:
            _, first, last = field(der, content, _SEQUENCE)
            for _, inner, close in _fields(der, first, last):
                if der[inner : inner + len(_ALTERNATIVE_NAMES)] == _ALTERNATIVE_NAMES:
                    yield from _general_names(der, inner, close)


def _general_names(der: bytes, begin: int, end: int) -> Iterator[str]:
    octets = next((start for tag, start, _ in _fields(der, begin, end) if tag == _OCTETS), end)
    _, first, last = field(der, octets, _SEQUENCE)
    for tag, start, close in _fields(der, first, last):
        if tag == _DNS_NAME:
            yield der[start:close].decode("ascii", "replace").lower()
        elif tag == _IP_ADDRESS:
            yield str(ipaddress.ip_address(der[start:close]))


def _fields(der: bytes, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(tag, start of its content, end) of each field between two offsets."""
    while begin < end:
        tag = der[begin]
        _, content, begin = field(der, begin, tag)
        yield tag, content, begin
