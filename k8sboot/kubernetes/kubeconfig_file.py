"""Which cluster a kubeconfig gives access to. Its text is untrusted, and has credentials, which are never shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from k8sboot.errors import Refused
from k8sboot.kubernetes.yamltext import load_documents
from k8sboot.text.sanitize import safe_line

LARGEST = 64 * 1024
"""Characters; an admin.conf has a tenth of that."""
LONGEST_NAME, MOST_NAMES = 60, 4
Entries = list[tuple[str, dict[str, Any]]]
_FIELDS = {"apiVersion", "kind", "clusters", "contexts", "users", "current-context", "preferences"}
_OF_CLUSTER = {"server", "certificate-authority-data"}
_OF_CONTEXT = {"cluster", "user", "namespace"}
_OF_USER = {"client-certificate-data", "client-key-data"}


@dataclass(frozen=True)
class Access:
    """What an admin.conf of kubeadm holds: the name of its cluster, context and user, and the server's URL.

    servers: all URLs that the API server may have been given at birth.
    """

    cluster: str
    context: str
    user: str
    servers: frozenset[str]


def access_by(name: str, endpoints: Iterable[str]) -> Access:
    """As kubeadm writes it for a cluster of this name."""
    servers = frozenset(f"https://{endpoint}" for endpoint in endpoints)
    return Access(name, f"kubernetes-admin@{name}", "kubernetes-admin", servers)


def access_in(text: str) -> Access | None:
    """What a kubeconfig holds; None unless it is of the form that kubeadm writes."""
    found = _read(text)
    if found is None or not _FIELDS.issuperset(found) or found.get("preferences"):
        return None
    clusters, contexts, users = (_entries(found, kind) for kind in ("cluster", "context", "user"))
    if not (clusters and contexts and users and len(clusters) == len(contexts) == len(users) == 1):
        return None
    (cluster, at), (context, of), (user, login) = clusters[0], contexts[0], users[0]
    is_whole = (of.get("cluster"), of.get("user")) == (cluster, user)
    has_more = set(at) - _OF_CLUSTER or set(of) - _OF_CONTEXT or set(login) - _OF_USER
    server = at.get("server")
    if not is_whole or has_more or not isinstance(server, str):
        return None
    return Access(cluster, context, user, frozenset([server]))


def is_only_for(text: str, wanted: Access) -> bool:
    """Whether a kubeconfig holds this access and nothing else: with any certificate, also of an earlier CA."""
    found = access_in(text)
    return (
        found is not None
        and (found.cluster, found.context, found.user) == (wanted.cluster, wanted.context, wanted.user)
        and found.servers <= wanted.servers
    )


def has_same_credentials(text: str, admin: str) -> bool:
    """Whether two kubeconfigs of kubeadm's form hold the same, but for a context's namespace and the layout."""
    if access_in(text) is None or access_in(text) != access_in(admin):
        return False
    ours, theirs = _read(text) or {}, _read(admin) or {}
    return all(ours.get(key) == theirs.get(key) for key in ("clusters", "users"))


def summary(text: str) -> str:
    """The clusters and users in a kubeconfig, for a message: names and addresses, no credentials."""
    found = _read(text)
    clusters, users = (None if found is None else _entries(found, kind) for kind in ("cluster", "user"))
    if clusters is None or users is None:
        return "it is not a kubeconfig that k8sboot can read"
    if not clusters and not users:
        return "it names no cluster"
    places = _listed(f"`{_short(name)}` at {_place(at.get('server'))}" for name, at in clusters)
    return f"clusters in it: {places or 'none'}; users: {_listed(f'`{_short(name)}`' for name, _ in users) or 'none'}"


def _read(text: str) -> dict[str, Any] | None:
    try:
        documents = load_documents(text, "the kubeconfig") if len(text) <= LARGEST else []
    except Refused:
        return None
    return documents[0] if len(documents) == 1 else None


def _entries(config: dict[str, Any], kind: str) -> Entries | None:
    """A list of kubectl's: names and values; None if it is no such list."""
    listed = config.get(f"{kind}s") or []
    if not isinstance(listed, list):
        return None
    entries = [_entry(each, kind) for each in listed]
    found = [entry for entry in entries if entry is not None]
    return found if len(found) == len(entries) else None


def _entry(each: object, kind: str) -> tuple[str, dict[str, Any]] | None:
    if not isinstance(each, dict) or set(each) - {"name", kind}:
        return None
    name, value = each.get("name"), each.get(kind) or {}
    return (name, value) if isinstance(name, str) and isinstance(value, dict) else None


def _listed(words: Iterable[str]) -> str:
    shown = list(words)
    more = len(shown) - MOST_NAMES
    return ", ".join(shown[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _short(name: str) -> str:
    line = safe_line(name[: LONGEST_NAME * 4]).replace("`", "'")
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"


def _place(server: object) -> str:
    """The host and port of a URL: a login or a token may be in the rest of it."""
    try:
        place = urlsplit(server).netloc.rpartition("@")[2] if isinstance(server, str) else ""
    except ValueError:
        place = ""
    return _short(place) or "no address"
