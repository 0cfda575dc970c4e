"""The certificates of an API server of the tests, and a kubeconfig for its administrator."""

from __future__ import annotations

import base64
import ipaddress
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

Pair = tuple[rsa.RSAPrivateKey, x509.Certificate]
LOOPBACK = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])


def write_certificates(folder: Path, server: str) -> Path:
    """Write ca.crt, server.crt, server.key and the kubeconfig of a member of system:masters, whose path is returned."""
    ca = _pair("ca")
    served = _pair("kube-apiserver", by=ca, extension=LOOPBACK)
    admin = _pair("kubernetes-admin", by=ca, group="system:masters")
    (folder / "ca.crt").write_bytes(_certificate(ca))
    (folder / "server.crt").write_bytes(_certificate(served))
    (folder / "server.key").write_bytes(_key(served))
    path = folder / "admin.conf"
    path.write_text(json.dumps(_kubeconfig(server, ca, admin)))
    return path


def _pair(name: str, *, by: Pair | None = None, group: str = "", extension: object = None) -> Pair:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    subject += [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)] if group else []
    issuer, own = (by[1].subject, by[0]) if by else (x509.Name(subject), key)
    now = datetime.now(timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(subject))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
    )
    if isinstance(extension, x509.SubjectAlternativeName):
        builder = builder.add_extension(extension, critical=False)
    return key, builder.sign(own, hashes.SHA256())


def _certificate(pair: Pair) -> bytes:
    return pair[1].public_bytes(serialization.Encoding.PEM)


def _key(pair: Pair) -> bytes:
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return pair[0].private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _kubeconfig(server: str, ca: Pair, admin: Pair) -> dict[str, object]:
    cluster = {"server": server, "certificate-authority-data": _base64(_certificate(ca))}
    user = {"client-certificate-data": _base64(_certificate(admin)), "client-key-data": _base64(_key(admin))}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tests", "cluster": cluster}],
        "users": [{"name": "admin", "user": user}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "admin"}}],
        "current-context": "tests",
    }


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
