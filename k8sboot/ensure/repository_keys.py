"""Keys of repositories: only the certificates that were read strictly, and are those that are pinned, are written."""

from __future__ import annotations

from pathlib import Path

from k8sboot import osfamily
from k8sboot.ensure.fetched import fetched, looks_like
from k8sboot.ensure.files import file, files
from k8sboot.errors import Refused
from k8sboot.host.host import Host
from k8sboot.osfamily import Source, openpgp
from k8sboot.osfamily.openpgp import Certificate


def key(host: Host, name: str, index: int, wanted: Source, *, is_new: bool) -> None:
    """The file of a repository's key. An existing one is downloaded again only if it is not as it should be.

    is_new: the repository is new, so that the existing key may be its predecessor's.
    """
    family, source = osfamily.of(host), wanted.keys[index]
    path = family.key_path(host, name, index)
    lying = host.read_file(path, errors="surrogateescape")
    problem = "" if lying is None else _problem(_bytes(lying), wanted.fingerprints)
    if lying is not None and "://" in source and not is_new and not problem:
        return
    found = _trusted(host, source, wanted.fingerprints)
    if lying is not None and not problem and openpgp.certificates(_bytes(lying)) == found:
        file(host, path, lying)  # perhaps in the form of an earlier k8sboot
        return
    if problem and not is_new:
        host.notice("KB-REPOSITORY-KEY-REPLACED", f"{path} {problem}: it is replaced")
    files(host, family.key_file(host, name, index, found))


def _trusted(host: Host, source: str, pinned: frozenset[str]) -> tuple[Certificate, ...]:
    """The certificates at a URL, or in a file of this machine."""
    data = fetched(host, source) if "://" in source else Path(source).read_bytes()
    problem = _problem(data, pinned)
    if problem:
        raise Refused(
            f"{source} is not trusted for packages",
            why=f"it {problem}",
            fix="find out who changed the key; set a key of your own in os.repositories with its fingerprint",
            host=host.name,
            code="KB-REPOSITORY-KEY",
        )
    return openpgp.certificates(data)


def _problem(data: bytes, pinned: frozenset[str]) -> str:
    """What is wrong with a key file, '' for nothing."""
    try:
        found = [c.fingerprint for c in openpgp.certificates(data)]
    except openpgp.Malformed as error:
        return f"{error}; {looks_like(data)}"
    strange = [f for f in found if pinned and f not in pinned]
    return f"holds the key {', '.join(strange)}; expected {', '.join(sorted(pinned))}" if strange else ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
