"""Repositories of the package manager, each trusted for its own keys only, which were verified before."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from k8sboot import osfamily
from k8sboot.ensure.files import absent, file, files
from k8sboot.errors import K8sbootError, Refused, StepFailed
from k8sboot.host.host import Host
from k8sboot.host.peer import NotYet
from k8sboot.host.proxy_fault import CODE, proxy_fault
from k8sboot.osfamily import Source, openpgp
from k8sboot.osfamily.family import Existing
from k8sboot.ssh.connection import Completed


def repositories(host: Host, wanted: Mapping[str, Source]) -> None:
    """Configure all of them, disable those of the distribution without a server, and read the lists after a change.

    What was written is taken back if the lists cannot be read then.
    """
    family, before = osfamily.of(host), host.changes
    files(host, *family.retired_repositories(host))
    former = {path: host.read_file(path) for path in map(family.repository_path, wanted)}
    for name, source in wanted.items():
        repository(host, name, source)
    if host.changes > before:
        try:
            family.refresh(host)
        except StepFailed:
            with suppress(K8sbootError):  # the reason why the lists cannot be read counts
                _take_back(host, former)
            raise


def _take_back(host: Host, former: Mapping[str, str | None]) -> None:
    """Leave the package manager as usable as it was: k8sboot's own files count once their lists were read."""
    for path, text in former.items():
        if text is not None:
            file(host, path, text)
    absent(host, *(path for path, text in former.items() if text is None))


def repository(host: Host, name: str, wanted: Source) -> None:
    """Configure the repository and trust its keys for it only.

    An entry that somebody else made for the same repository is used as it is, or at least its key.
    Raises Refused, with the URL and before anything is written, if an index or a key is not valid.
    """
    family = osfamily.of(host)
    if found := family.existing(host, name, wanted):
        _use(host, name, wanted, found)
        return
    listed = family.repository_file(host, name, wanted)
    is_new = not listed.is_met_by(host.file(listed.path))
    if is_new:
        _look_at_index(host, family.index_url(host, wanted))
    for index, source in enumerate(wanted.keys):
        _key(host, family.key_path(name, index), source, wanted.fingerprints, is_new=is_new)
    files(host, listed)


def _use(host: Host, name: str, wanted: Source, found: Existing) -> None:
    """Use the entry, as the package manager cannot use another one for the same repository beside it."""
    family = osfamily.of(host)
    if found.is_enough:
        host.notice(
            "KB-REPOSITORY-EXISTS", f"{found.file} has the repository {wanted.url}: it is used as it is"
        )
        absent(host, family.repository_path(name))
        return
    if not found.key or "\n" in found.key:
        raise Refused(
            f"{found.file} has the repository of {name}, in another form",
            why=f"the package manager cannot use it together with {family.repository_path(name)}, and it does not "
            f"offer the packages that are needed of {wanted.url}",
            fix=f"remove it from {found.file}, or complete it there, then run again",
            host=host.name,
            code="KB-REPOSITORY-CONFLICT",
        )
    host.notice(
        "KB-REPOSITORY-EXISTS", f"{found.file} has a part of {wanted.url}: its key {found.key} is used"
    )
    files(host, family.repository_file(host, name, wanted, key=found.key))


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
    fault = proxy_fault(host.proxies, done.stderr.decode("utf-8", "replace"))
    if fault:
        raise Refused(
            f"{host.name} cannot fetch {url} through the inventory's proxy",
            why=fault.what,
            fix=fault.cure,
            host=host.name,
            code=CODE,
        )
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
