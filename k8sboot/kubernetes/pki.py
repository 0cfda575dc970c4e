"""The cluster's certificate authority: its fingerprint as kubeadm counts it, and kubeconfigs."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from k8sboot.errors import Refused
from k8sboot.kubernetes.answers import mappings_at, text_at
from k8sboot.kubernetes.yamltext import load_documents


@dataclass(frozen=True)
class KubeconfigCluster:
    """Where a kubeconfig's current context goes. ca_hash is empty where it holds no CA itself."""

    server: str
    ca_hash: str


def ca_cert_hash(pem: str | bytes) -> str:
    """'sha256:<hex>' of a PEM certificate's public key (its SubjectPublicKeyInfo, as RFC 7469 counts).

    That is what `--discovery-token-ca-cert-hash` takes. Raises Refused for what is no certificate.
    """
    # Loading cryptography takes a tenth of a second that most runs can save.
    from cryptography import x509  # noqa: PLC0415
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    try:
        key = x509.load_pem_x509_certificate(pem.encode() if isinstance(pem, str) else pem).public_key()
        info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Refused(
            "the cluster's CA is not a readable certificate",
            why=type(error).__name__,
            fix="look at /etc/kubernetes/pki/ca.crt on the first master",
            code="KB-CA",
        ) from None
    return "sha256:" + hashlib.sha256(info).hexdigest()


def kubeconfig_cluster(text: str, *, what: str = "the kubeconfig") -> KubeconfigCluster:
    """Server and CA hash of a kubeconfig's current context. Raises Refused where there is none."""
    documents = load_documents(text, what)
    config = documents[0] if documents else {}
    context = _named(config, "contexts", text_at(config, "current-context"), "context")
    cluster = _named(config, "clusters", text_at(context, "cluster"), "cluster")
    server = text_at(cluster, "server")
    if not server:
        raise Refused(f"{what} names no server for its current context", code="KB-KUBECONFIG")
    return KubeconfigCluster(server, _embedded_hash(text_at(cluster, "certificate-authority-data"), what))


def _named(config: Mapping[str, object], section: str, name: str, key: str) -> Mapping[str, object]:
    for entry in mappings_at(config, section):
        inner = entry.get(key)
        if entry.get("name") == name and isinstance(inner, Mapping):
            return inner
    return {}


def _embedded_hash(data: str, what: str) -> str:
    if not data:
        return ""
    try:
        return ca_cert_hash(base64.b64decode(data, validate=True))
    except ValueError:
        raise Refused(f"{what} holds a CA that is not base64", code="KB-KUBECONFIG") from None
