"""Keys of repositories: only the certificates that were read strictly, and are those that are pinned, are written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from k8sboot import osfamily
from k8sboot.ensure import key_dates, seen_keys
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
    there = () if lying is None or problem else openpgp.certificates(_bytes(lying))
    must_remember = source.startswith(("http://", "https://")) and not wanted.fingerprints
    if there and "://" in source and not is_new:
        if must_remember:
            seen_keys.first_seen(source, _fingerprints(there))
        _renew(host, name, index, there, wanted)
        return
    found = _trusted(host, source, wanted, there)
    if must_remember:
        _first_trusted(host, name, source, _fingerprints(found))
    if is_new:
        key_dates.refuse_expired(host, name, source, found, wanted)
    key_dates.tell(host, name, found, wanted)
    if lying is not None and there == found:
        file(host, path, lying)  # perhaps in the form of an earlier k8sboot
        return
    if problem and not is_new:
        host.notice("KB-REPOSITORY-KEY-REPLACED", f"{path} {problem}: it is replaced")
    _write(host, name, index, found)


def _renew(host: Host, name: str, index: int, there: tuple[Certificate, ...], wanted: Source) -> None:
    """Replace a key on the host that has expired or will soon by a renewed copy, if there is one."""
    if not key_dates.is_ending(there, wanted):
        return
    places = (wanted.keys[index], *wanted.key_copies)
    newest = key_dates.newest(host, there, places=places)
    if newest != there:
        _write(host, name, index, newest)
    key_dates.tell(host, name, newest, wanted)


def _write(host: Host, name: str, index: int, keys: tuple[Certificate, ...]) -> None:
    family = osfamily.of(host)
    files(host, family.key_file(host, name, index, keys))
    family.forget_older(host, [each for each in keys if each.expires])


def _trusted(
    host: Host, source: str, wanted: Source, there: tuple[Certificate, ...]
) -> tuple[Certificate, ...]:
    """The certificates at a URL, or in a file of this machine; a renewed copy of those that expire.

    there: those that the host has.
    """
    data = fetched(host, source, offers=wanted.offers) if "://" in source else Path(source).read_bytes()
    problem = _problem(data, wanted.fingerprints)
    if problem:
        raise Refused(
            f"{source} is not trusted for packages",
            why=f"it {problem}",
            fix="find out who changed the key; set a key of your own in os.repositories with its fingerprint",
            host=host.name,
            code="KB-REPOSITORY-KEY",
        )
    found = openpgp.certificates(data)
    if not key_dates.is_ending(found, wanted):
        return found
    return key_dates.newest(host, found, places=wanted.key_copies, there=there)


def _first_trusted(host: Host, name: str, source: str, found: frozenset[str]) -> None:
    """Take a key that nothing pins once, and no other one later; none over plain HTTP, where anybody can send one."""
    pin = f'`fingerprint: "{", ".join(sorted(found))}"` for `{name}` in os.repositories'
    if source.startswith("http://"):
        raise Refused(
            f"{source} is a key over plain HTTP, and nothing pins it",
            why=f"any machine between the host and the mirror can send another one; it holds the key {_listed(found)}",
            fix=f"compare it with what the repository's owner publishes, then set {pin}",
            host=host.name,
            code="KB-KEY-UNPINNED",
        )
    known = seen_keys.first_seen(source, found)
    if not found <= known:
        raise Refused(
            f"{source} has changed its key",
            why=f"it holds the key {_listed(found)}; seen first was {_listed(known)}",
            fix=f"find out who changed it; if it is right, set {pin}",
            host=host.name,
            code="KB-REPOSITORY-KEY",
        )
    host.notice("KB-KEY-UNPINNED", f"{source} holds the key {_listed(found)}, which nothing pins: set {pin}")


def _fingerprints(certificates: Iterable[Certificate]) -> frozenset[str]:
    return frozenset(c.fingerprint for c in certificates)


def _listed(fingerprints: frozenset[str]) -> str:
    """Fingerprints as words."""
    return ", ".join(sorted(fingerprints))


def _problem(data: bytes, pinned: frozenset[str]) -> str:
    """What is wrong with a key file, '' for nothing."""
    try:
        found = [c.fingerprint for c in openpgp.certificates(data)]
    except openpgp.Malformed as error:
        return f"{error}; {looks_like(data)}"
    strange = [f for f in found if pinned and f not in pinned]
    return f"holds the key {', '.join(strange)}; expected {_listed(pinned)}" if strange else ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
