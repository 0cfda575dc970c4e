"""When keys of repositories expire, by this machine's clock, and renewed copies of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone

from k8sboot.ensure.fetched import fetched
from k8sboot.errors import Refused
from k8sboot.host.host import Host
from k8sboot.host.peer import NotYet
from k8sboot.osfamily import Source, openpgp
from k8sboot.osfamily.openpgp import Certificate

NOTICE = timedelta(days=60)
"""A key that expires within this time is a notice."""

CODE = "KB-KEY-EXPIRES"

_NEVER = datetime.max.replace(tzinfo=timezone.utc)


def now() -> datetime:
    """The time on this machine."""
    return datetime.now(timezone.utc)


def is_ending(keys: Iterable[Certificate], wanted: Source) -> bool:
    """Whether the keys have expired, or will within NOTICE, and that matters for this repository."""
    end = openpgp.ends(keys)
    return end is not None and not wanted.ignores_expiry and end - now() < NOTICE


def newest(
    host: Host,
    found: Sequence[Certificate],
    *,
    places: Sequence[str],
    there: Sequence[Certificate] = (),
) -> tuple[Certificate, ...]:
    """The copy of these keys that expires last: this one, the one that is there, or one of those at these URLs."""
    copies = [copy for url in places if "://" in url and (copy := _downloaded(host, url))]
    same = [copy for copy in (tuple(there), *copies) if _fingerprints(copy) == _fingerprints(found)]
    return max((tuple(found), *same), key=lambda keys: openpgp.ends(keys) or _NEVER)


def _downloaded(host: Host, url: str) -> tuple[Certificate, ...]:
    """The certificates at a URL; () for none."""
    try:
        return openpgp.certificates(fetched(host, url))
    except (Refused, NotYet, openpgp.Malformed):
        return ()


def tell(host: Host, name: str, keys: Sequence[Certificate], wanted: Source) -> None:
    """A notice about keys that have expired, or will soon."""
    if is_ending(keys, wanted):
        host.notice(
            CODE,
            f"the key of the repository {name} {_ends(keys)}, and no renewed copy was found: run again when one is "
            f"published, or {_set_own(name)}",
        )


def refuse_expired(host: Host, name: str, source: str, keys: Sequence[Certificate], wanted: Source) -> None:
    """Refused if the keys have expired: package managers reject what they sign."""
    end = openpgp.ends(keys)
    if end is None or wanted.ignores_expiry or end > now():
        return
    raise Refused(
        f"the key of the repository {name} {_ends(keys)}",
        why=f"{source} is an expired copy of the key {', '.join(sorted(_fingerprints(keys)))}, and no renewed one was "
        "found",
        fix=f"{_set_own(name)}, then run again; if its date is right, set the clock of this machine",
        host=host.name,
        code=CODE,
    )


def _ends(keys: Iterable[Certificate]) -> str:
    end = openpgp.ends(keys)
    verb = "expired" if end and end <= now() else "expires"
    return f"{verb} on {end:%Y-%m-%d}"


def _set_own(name: str) -> str:
    return (
        f"set `{name}` with its `url` in os.repositories, and as its `key` a renewed copy (a URL or a file)"
    )


def _fingerprints(keys: Iterable[Certificate]) -> frozenset[str]:
    return frozenset(each.fingerprint for each in keys)
