"""Bootstrap tokens and the certificate key, which let a machine join a cluster."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from k8sboot.errors import StepFailed
from k8sboot.kubernetes.answers import at, read_items, text_at
from k8sboot.secret import Secret

TOKEN = re.compile(r"[a-z0-9]{6}\.[a-z0-9]{16}")
_CERTIFICATE_KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class BootstrapToken:
    """A token that the cluster knows. id is not secret. expires: aware, None if it never expires."""

    id: str
    token: Secret
    description: str
    expires: datetime | None
    usages: tuple[str, ...]

    def can_join(self, now: datetime) -> bool:
        """Whether a machine can join with it at that (aware) time."""
        alive = self.expires is None or now < self.expires
        return alive and {"authentication", "signing"} <= set(self.usages)


def bootstrap_tokens(text: str) -> tuple[BootstrapToken, ...]:
    """From the JSON of kube-system's Secrets of type bootstrap.kubernetes.io/token. Raises BadAnswer.

    Incomplete tokens are omitted, as by the API server.
    """
    items = read_items(text, asked="bootstrap tokens")
    found = (_token(item) for item in items if text_at(item, "type") == "bootstrap.kubernetes.io/token")
    return tuple(token for token in found if token is not None)


def printed_token(output: str) -> Secret:
    """The token that `kubeadm token create` prints. Raises StepFailed, without showing the output."""
    return _printed(output, TOKEN, what="kubeadm token create printed no token")


def printed_certificate_key(output: str) -> Secret:
    """The key in the last line of `kubeadm init phase upload-certs`. Raises StepFailed, without the output."""
    return _printed(output, _CERTIFICATE_KEY, what="kubeadm init phase upload-certs printed no key")


def _printed(output: str, pattern: re.Pattern[str], *, what: str) -> Secret:
    for line in reversed(output.splitlines()):
        if pattern.fullmatch(line.strip()):
            return Secret(line.strip())
    raise StepFailed(what, why="its output has no line of that form", code="KB-KUBEADM-OUTPUT")


def _token(item: Mapping[str, Any]) -> BootstrapToken | None:
    data = {
        key: decoded(at(item, "data", key))
        for key in ("token-id", "token-secret", "description", "expiration")
    }
    token = f"{data['token-id']}.{data['token-secret']}"
    if not TOKEN.fullmatch(token):
        return None
    return BootstrapToken(
        id=data["token-id"],
        token=Secret(token),
        description=data["description"],
        expires=moment(data["expiration"]),
        usages=_usages(at(item, "data")),
    )


def _usages(data: object) -> tuple[str, ...]:
    known = data if isinstance(data, Mapping) else {}
    prefix = "usage-bootstrap-"
    return tuple(
        key.removeprefix(prefix)
        for key, value in sorted(known.items())
        if key.startswith(prefix) and decoded(value) == "true"
    )


def moment(text: str) -> datetime | None:
    """An RFC 3339 time. An invalid one counts as past, as for the API server."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return datetime.fromtimestamp(0, timezone.utc)
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def decoded(value: object) -> str:
    """A value of a Secret's data as text, '' for what is none."""
    if not isinstance(value, str):
        return ""
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError:
        return ""
