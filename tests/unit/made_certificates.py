"""Certificates with an end of the test's choice, as files of a host."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@cache
def certificate(end: datetime) -> str:
    """A PEM certificate that is valid for the year before that moment."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=365))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM).decode()


def in_kubeconfig(pem: str) -> str:
    """A kubeconfig that embeds a client's certificate."""
    data = base64.b64encode(pem.encode()).decode()
    return f"users:\n- name: kubernetes-admin\n  user:\n    client-certificate-data: {data}\n"


def day(text: str) -> datetime:
    """Noon of a day, UTC."""
    return datetime.fromisoformat(text).replace(hour=12, tzinfo=timezone.utc)
