from __future__ import annotations

import hashlib
import subprocess
from datetime import datetime, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from k8sboot.errors import Refused
from k8sboot.kubernetes.pki import ca_cert_hash


@pytest.fixture(scope="module")
def certificate() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=timezone.utc))
        .not_valid_after(datetime(2036, 1, 1, tzinfo=timezone.utc))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM).decode()


def test_the_hash_is_the_one_that_openssl_counts(certificate: str) -> None:
    pubkey = subprocess.run(
        ["openssl", "x509", "-pubkey", "-noout"], input=certificate.encode(), capture_output=True, check=True
    ).stdout
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "der"], input=pubkey, capture_output=True, check=True
    ).stdout
    assert ca_cert_hash(certificate) == "sha256:" + hashlib.sha256(der).hexdigest()


@given(st.binary())
def test_no_bytes_break_the_hash(data: bytes) -> None:
    with pytest.raises(Refused, match="not a valid certificate"):
        ca_cert_hash(data)
