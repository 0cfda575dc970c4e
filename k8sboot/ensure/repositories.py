"""Repositories of the package manager, each trusted for its own keys only, which were verified before."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from k8sboot import osfamily
from k8sboot.ensure.fetched import fetched, looks_like
from k8sboot.ensure.files import absent, files
from k8sboot.ensure.repository_keys import key
from k8sboot.errors import K8sbootError, Refused, StepFailed
from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.snapshot import FileState
from k8sboot.osfamily import Source
from k8sboot.osfamily.family import Existing
from k8sboot.secret import Secret


def repositories(host: Host, wanted: Mapping[str, Source]) -> None:
    """Configure all of them, disable those of the distribution without a server, and read the lists after a change.

    What was written is taken back if the lists cannot be read then.
    """
    family, before = osfamily.of(host), host.changes
    files(host, *family.retired_repositories(host))
    former = {path: host.file(path) for path in map(family.repository_path, wanted)}
    _logins(host, wanted)
    for name, source in wanted.items():
        repository(host, name, source)
    if host.changes > before:
        try:
            family.refresh(host)
        except StepFailed:
            with suppress(K8sbootError):  # the reason why the lists cannot be read counts
                _take_back(host, former)
            raise


def _logins(host: Host, wanted: Mapping[str, Source]) -> None:
    """The logins of all repositories, in a file that only root may read."""
    family = osfamily.of(host)
    text = family.logins(url for source in wanted.values() for url in (source.url, *source.keys))
    if text:
        files(host, File(family.paths.logins, Secret(text), mode=0o600))
    else:
        absent(host, family.paths.logins)


def _take_back(host: Host, former: Mapping[str, FileState | None]) -> None:
    """Leave the package manager as usable as it was: k8sboot's own files count once their lists were read."""
    for path, state in former.items():
        if state is not None and state.content is not None:
            text = state.content.decode("utf-8", "surrogateescape")
            is_private = state.mode & 0o004 == 0
            files(host, File(path, Secret(text) if is_private else text, mode=state.mode))
    absent(host, *(path for path, state in former.items() if state is None))


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
        _look_at_index(host, family.index_url(host, wanted), wanted.offers)
    for index in range(len(wanted.keys)):
        key(host, name, index, wanted, is_new=is_new)
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


def _look_at_index(host: Host, url: str, offers: str) -> None:
    if not url:
        return
    found = fetched(host, url, offers=offers)
    if b"<repomd" not in found:
        raise Refused(
            f"{url} is not a repository index",
            why=looks_like(found),
            fix="check it in a browser, then set another mirror or os.repositories in the inventory",
            host=host.name,
            code="KB-REPOSITORY",
        )
