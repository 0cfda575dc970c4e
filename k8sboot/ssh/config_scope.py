"""Which hosts an ssh_config cannot tell apart, found by reading it. Only what is certain counts: any doubt is None."""

from __future__ import annotations

import fnmatch
import ipaddress
import os
import pwd
import re
from collections.abc import Iterator
from dataclasses import dataclass
from glob import glob
from pathlib import Path

SYSTEM = Path("/etc/ssh")
LARGEST = 1024 * 1024
DEEPEST = 4
"""Files that include each other; ssh takes 16."""

_LINE = re.compile(r"([a-z0-9]+)(?:[ \t]*=[ \t]*|[ \t]+)([^= \t].*)", re.IGNORECASE)
_NAME = re.compile(r"[a-z][a-z0-9.-]*")
READ = frozenset(
    ("hostkeyalias", "hostname", "identitiesonly", "identityfile", "port", "proxycommand", "proxyjump",
     "revokedhostkeys", "user", "userknownhostsfile")
)  # fmt: skip
"""Keywords that k8sboot reads. With a token, a value is one host's."""


class InDoubt(Exception):
    """A file may have something that tells hosts apart in another way than by the names of Host lines."""


@dataclass(frozen=True)
class Scope:
    """An ssh_config as far as it tells hosts apart. lines: of all its files. patterns: of Host and Hostname lines."""

    lines: tuple[str, ...]
    patterns: frozenset[str]

    def names(self, address: str) -> bool:
        """Whether a Host line may be about this address, which is otherwise a host like any other."""
        return any(fnmatch.fnmatchcase(address, pattern) for pattern in self.patterns)


def is_plain(address: str) -> bool:
    """Whether ssh connects to this address as it stands: it changes upper case and unusual forms of IP addresses."""
    try:
        return str(ipaddress.ip_address(address)) == address and "%" not in address
    except ValueError:
        return _NAME.fullmatch(address) is not None


def scope_of(config_file: str | None) -> Scope | None:
    """The scope of the inventory's file, of OpenSSH's own two without one; None in doubt."""
    own = _home() / ".ssh"
    files = [(Path(config_file).expanduser(), own)] if config_file else []
    files = files or [(own / "config", own), (SYSTEM / "ssh_config", SYSTEM)]
    try:
        lines = tuple(line for file, folder in files for line in _lines(file, folder, depth=1))
        patterns = frozenset(pattern for line in lines for pattern in _patterns(line))
    except (InDoubt, OSError, ValueError):
        return None
    return Scope(lines, patterns - {"*"})


def _home() -> Path:
    return Path(pwd.getpwuid(os.getuid()).pw_dir)  # ssh does not ask $HOME


def _lines(file: Path, folder: Path, *, depth: int) -> Iterator[str]:
    """The lines of the file and of those that it includes. folder: where relative names start."""
    for line in _text(file).split("\n"):
        keyword, value = _split(line)
        if keyword != "include":
            yield line.strip()
            continue
        if depth == DEEPEST or re.search(r"[^\w./*~ \t-]", value):
            raise InDoubt(line)
        for name in value.split():
            named = _home() / name[2:] if name.startswith("~/") else folder / name
            for found in sorted(glob(str(named))):  # noqa: PTH207  as ssh: absolute ones, too
                yield from _lines(Path(found), folder, depth=depth + 1)


def _text(file: Path) -> str:
    if not file.exists():
        return ""
    if not file.is_file() or file.stat().st_size > LARGEST:
        raise InDoubt(file)
    return file.read_text("ascii", "surrogateescape")


def _split(line: str) -> tuple[str, str]:
    """Keyword and value; '' for comments and empty lines. Raises InDoubt."""
    bare = line.strip(" \t\r")
    if not bare or bare.startswith("#"):
        return "", ""
    found = _LINE.fullmatch(bare)
    if found is None:
        raise InDoubt(line)
    return found[1].lower(), found[2]


def _patterns(line: str) -> Iterator[str]:
    """The patterns of a Host line. Raises InDoubt for one that decides in another way."""
    keyword, value = _split(line)
    is_of_one = keyword in READ and ("%" in value or "$" in value)
    if is_of_one or keyword.startswith("canonical") or (keyword == "match" and value.lower() != "all"):
        raise InDoubt(line)
    if keyword in ("host", "hostname"):
        if re.search(r"[\[\]\\]", value):
            raise InDoubt(line)
        yield from filter(None, re.split(r"[\s\"',!]+", value.lower()))
