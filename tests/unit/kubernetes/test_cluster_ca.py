from __future__ import annotations

import base64
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
from k8sboot.kubernetes.pki import ca_cert_hash, kubeconfig_cluster


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


def kubeconfig(data: str, server: str = "https://api.example.com:6443") -> str:
    return f"""\
apiVersion: v1
kind: Config
current-context: two
contexts:
- name: one
  context: {{cluster: other, user: a}}
- name: two
  context: {{cluster: kubernetes, user: a}}
clusters:
- name: other
  cluster: {{server: "https://other:6443"}}
- name: kubernetes
  cluster:
    server: {server}
    certificate-authority-data: "{data}"
"""


def test_the_hash_is_the_one_that_openssl_counts(certificate: str) -> None:
    pubkey = subprocess.run(
        ["openssl", "x509", "-pubkey", "-noout"], input=certificate.encode(), capture_output=True, check=True
    ).stdout
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "der"], input=pubkey, capture_output=True, check=True
    ).stdout
    assert ca_cert_hash(certificate) == "sha256:" + hashlib.sha256(der).hexdigest()


def test_a_kubeconfig_tells_server_and_ca_of_its_current_context(certificate: str) -> None:
    found = kubeconfig_cluster(kubeconfig(base64.b64encode(certificate.encode()).decode()))
    assert found.server == "https://api.example.com:6443"
    assert found.ca_hash == ca_cert_hash(certificate)


def test_a_kubeconfig_without_a_ca_of_its_own_has_no_hash() -> None:
    assert kubeconfig_cluster(kubeconfig("")).ca_hash == ""


@pytest.mark.parametrize(
    "text",
    ["", "a: [", "- 1", "current-context: x", kubeconfig("%%"), kubeconfig("AAAA"), kubeconfig("", '""')],
)
def test_what_is_no_kubeconfig_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        kubeconfig_cluster(text)


@given(st.binary())
def test_no_bytes_break_the_hash(data: bytes) -> None:
    with pytest.raises(Refused, match="not a valid certificate"):
        ca_cert_hash(data)
