"""What a host downloads of a repository before anything trusts it."""

from __future__ import annotations

from k8sboot import osfamily
from k8sboot.errors import Refused
from k8sboot.host.host import Host
from k8sboot.host.peer import NotYet
from k8sboot.host.proxy_fault import CODE, proxy_fault
from k8sboot.ssh.connection import Completed


def fetched(host: Host, url: str, *, offers: str = "") -> bytes:
    """What is at a URL, as the host gets it. Refused if it gets nothing; NotYet in a dry run that plans changes.

    offers: what is in its repository, for errors.
    """
    done = host.ask(osfamily.of(host).fetch(host, url), timeout=240)
    if done.exit_status == 0:
        return done.stdout
    if host.is_ahead:  # the packages that fetch it, or a proxy's settings, may only be planned
        raise NotYet("os-packages")
    raise _not_fetched(host, url, done, offers)


def _not_fetched(host: Host, url: str, done: Completed, offers: str) -> Refused:
    fault = proxy_fault(host.proxies, done.stderr.decode("utf-8", "replace"))
    if fault:
        return Refused(
            f"{host.name} cannot fetch {url} through the inventory's proxy",
            why=fault.what,
            fix=fault.cure,
            host=host.name,
            code=CODE,
        )
    return Refused(
        f"{host.name} cannot fetch {url}{f' of the repository of {offers}' if offers else ''}",
        why=done.problem,
        fix="set another mirror, or this repository in os.repositories",
        host=host.name,
        code="KB-REPOSITORY",
    )


def looks_like(data: bytes) -> str:
    """What was sent instead, for an error."""
    head = data[:2000].lower()
    if b"<html" in head or b"<!doctype html" in head:
        return "the answer is a web page"
    return f"the answer is {len(data)} bytes that begin with {data[:40]!r}" if data else "the answer is empty"
