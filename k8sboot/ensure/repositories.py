"""Repositories of the package manager, each trusted for its own keys only, which were verified before."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from k8sboot import osfamily
from k8sboot.ensure.files import file, files
from k8sboot.errors import Refused
from k8sboot.host.host import Host
from k8sboot.host.peer import NotYet
from k8sboot.osfamily import Source, openpgp
from k8sboot.ssh.connection import Completed


def repositories(host: Host, wanted: Mapping[str, Source]) -> None:
    """Configure all of them, disable those of the distribution without a server, and read the lists after a change."""
    family, before = osfamily.of(host), host.changes
    files(host, *family.retired_repositories(host))
    for name, source in wanted.items():
        repository(host, name, source)
    if host.changes > before:
        family.refresh(host)


def repository(host: Host, name: str, wanted: Source) -> None:
    """Configure the repository and trust its keys for it only.

    Raises Refused, with the URL and before anything is written, if an index or a key is not valid.
    """
    family = osfamily.of(host)
    listed = family.repository_file(host, name, wanted)
    is_new = not listed.is_met_by(host.file(listed.path))
    if is_new:
        _look_at_index(host, family.index_url(host, wanted))
    for index, source in enumerate(wanted.keys):
        _key(host, family.key_path(name, index), source, wanted.fingerprints, is_new=is_new)
    files(host, listed)


def _look_at_index(host: Host, url: str) -> None:
    if not url:
        return
    done = host.ask(osfamily.of(host).fetch(host, url), timeout=240)
    _must_have_come(host, url, done)
    if b"<repomd" not in done.stdout:
        raise Refused(
            f"{url} is not a repository index",
            why=_looks_like(done.stdout),
            fix="check it in a browser, then set another os.mirror or os.repositories in the inventory",
            host=host.name,
            code="KB-REPOSITORY",
        )


def _key(host: Host, path: str, source: str, pinned: frozenset[str], *, is_new: bool) -> None:
    """The key file. An existing one is downloaded again only if it is not the pinned one.

    is_new: the repository is new, so that the existing key may be its predecessor's.
    """
    if "://" not in source:
        text = openpgp.armored(Path(source).read_bytes())
    else:
        lying = host.read_file(path)
        if lying is not None and not is_new and _problem(lying, pinned) == "":
            return
        done = host.ask(osfamily.of(host).fetch(host, source), timeout=240)
        _must_have_come(host, source, done)
        text = openpgp.armored(done.stdout)
    problem = _problem(text, pinned)
    if problem:
        raise Refused(
            f"{source} is not trusted for packages",
            why=problem,
            fix="find out who changed the key; set a key of your own in os.repositories with its fingerprint",
            host=host.name,
            code="KB-REPOSITORY-KEY",
        )
    file(host, path, text)


def _problem(text: str, pinned: frozenset[str]) -> str:
    """What is wrong with a key file, '' for nothing."""
    found = openpgp.fingerprints(text)
    if not found:
        return f"there is no OpenPGP key in it; {_looks_like(text.encode())}"
    strange = [f for f in found if pinned and f not in pinned]
    wanted = ", ".join(sorted(pinned))
    return f"it holds the key {', '.join(strange)}; expected {wanted}" if strange else ""


def _must_have_come(host: Host, url: str, done: Completed) -> None:
    if done.exit_status == 0:
        return
    if host.is_ahead:  # the packages that fetch it, or a proxy's settings, may only be planned
        raise NotYet("os-packages")
    raise Refused(
        f"{host.name} cannot fetch {url}",
        why=done.problem,
        fix="set another os.mirror, or this repository in os.repositories",
        host=host.name,
        code="KB-REPOSITORY",
    )


def _looks_like(data: bytes) -> str:
    head = data[:2000].lower()
    if b"<html" in head or b"<!doctype html" in head:
        return "the answer is a web page"
    return f"the answer is {len(data)} bytes that begin with {data[:40]!r}" if data else "the answer is empty"
