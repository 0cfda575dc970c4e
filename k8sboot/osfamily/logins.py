"""Logins in the URLs of repositories. Their files are for all to read, and so is a command line. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

_LOGIN = re.compile(r"(?P<scheme>https?)://(?:(?P<user>[^/@:]*)(?::(?P<password>[^/@]*))?@)?(?P<place>.*)")


def without_login(url: str) -> str:
    """The URL without user and password; what is no URL stays as it is."""
    found = _LOGIN.fullmatch(url)
    return f"{found['scheme']}://{found['place']}" if found else url


def has_login(url: str) -> bool:
    """Whether the URL has a user."""
    return without_login(url) != url


def for_apt(urls: Iterable[str]) -> str:
    """A file of auth.conf.d, '' without logins: each for its place only.

    apt takes a line without a scheme for https alone; before 1.9 it takes no other.
    """
    return "".join(dict.fromkeys(_apt_lines(urls)))


def _apt_lines(urls: Iterable[str]) -> Iterator[str]:
    for scheme, place, login in _logins(urls):
        if scheme == "http":
            yield f"machine http://{place.rstrip('/')} {login}\n"
        yield f"machine {place.rstrip('/')} {login}\n"


def for_curl(urls: Iterable[str]) -> str:
    """A .netrc, '' without logins: curl tells machines apart by their names, without port and path."""
    lines = (f"machine {_host(place)} {login}\n" for _, place, login in _logins(urls))
    return "".join(dict.fromkeys(lines))


def _host(place: str) -> str:
    name = place.partition("/")[0]
    return name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]


def _logins(urls: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """(scheme, host and path, login) of the URLs that have one."""
    for found in filter(None, map(_LOGIN.fullmatch, filter(has_login, urls))):
        user, password = (unquote(found[name] or "") for name in ("user", "password"))
        yield found["scheme"], found["place"], f"login {user} password {password}"
