"""An apt of our own: its state, cache and sources apart from the machine's.

The sources come from the machine's own configuration, as only its administrator
knows which mirror of Debian is within reach.
"""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

ETC_APT = Path("/etc/apt")
ARCHIVES = ("debian", "debian-security")


@dataclasses.dataclass(frozen=True)
class Source:
    """One place packages come from."""

    uri: str
    suite: str
    signed_by: str

    def line(self, kind: str) -> str:
        """The source as a line of sources.list; kind is deb or deb-src."""
        options = f" [signed-by={self.signed_by}]" if self.signed_by else ""
        return f"{kind}{options} {self.uri} {self.suite} main"


def codename() -> str:
    """The release this machine runs, such as bookworm."""
    for line in Path("/etc/os-release").read_text().splitlines():
        name, _, value = line.partition("=")
        if name == "VERSION_CODENAME":
            return value.strip('"')
    raise RuntimeError("/etc/os-release names no VERSION_CODENAME")


def debian_sources(etc: Path = ETC_APT) -> list[Source]:
    """Debian's own archives among the machine's apt sources."""
    found: list[Source] = []
    lists = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*.list"))]
    for path in lists:
        if path.is_file():
            found += _from_lines(path.read_text())
    for path in sorted((etc / "sources.list.d").glob("*.sources")):
        found += _from_deb822(path.read_text())
    wanted = [source for source in dict.fromkeys(found) if _is_debian(source)]
    if not wanted:
        raise RuntimeError(f"no source of Debian's in {etc}")
    return wanted


def _is_debian(source: Source) -> bool:
    archive = urlsplit(source.uri).path.rstrip("/").rpartition("/")[2]
    release = codename()
    suites = (release, f"{release}-updates", f"{release}-security")
    return archive in ARCHIVES and source.suite in suites


def _from_lines(text: str) -> list[Source]:
    sources = []
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if not words or words[0] != "deb":
            continue
        signed_by = ""
        if words[1].startswith("["):
            end = next(i for i, word in enumerate(words) if word.endswith("]"))
            for option in " ".join(words[1 : end + 1]).strip("[] ").split():
                if option.startswith("signed-by="):
                    signed_by = option.partition("=")[2]
            words = [words[0], *words[end + 1 :]]
        sources.append(Source(words[1], words[2], signed_by))
    return sources


def _from_deb822(text: str) -> list[Source]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    sources = []
    for stanza in "\n".join(lines).split("\n\n"):
        fields = _fields(stanza)
        if "deb" in fields.get("types", "").split() and fields.get("enabled") != "no":
            words = fields.get("signed-by", "").split()
            key = words[0] if words and words[0].startswith("/") else ""
            for uri in fields.get("uris", "").split():
                for suite in fields.get("suites", "").split():
                    sources.append(Source(uri, suite, key))
    return sources


def _fields(stanza: str) -> dict[str, str]:
    """A stanza's fields, lines that continue a field joined to it."""
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line[:1].isspace():
            fields[name] = fields.get(name, "") + " " + line.strip()
        else:
            name, _, value = line.partition(":")
            name = name.lower()
            fields[name] = value.strip()
    return fields


class Apt:
    """apt-get with state in one directory and an empty list of what is installed."""

    def __init__(self, root: Path, sources: str, extra: tuple[str, ...] = ()) -> None:
        self.root = root.absolute()
        for directory in ("lists/partial", "cache/archives/partial", "etc"):
            (self.root / directory).mkdir(parents=True, exist_ok=True)
        (self.root / "status").touch()
        (self.root / "sources.list").write_text(sources)
        self.extra = extra

    def options(self) -> list[str]:
        """The -o options that keep apt away from the machine's own state."""
        settings = {
            "Dir::State": self.root,
            "Dir::State::lists": self.root / "lists",
            "Dir::State::status": self.root / "status",
            "Dir::Cache": self.root / "cache",
            "Dir::Etc::sourcelist": self.root / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "APT::Get::List-Cleanup": "false",
        }
        words = [f"{name}={value}" for name, value in settings.items()]
        return [arg for word in (*words, *self.extra) for arg in ("-o", word)]

    def run(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run apt-get; its output, or an error that carries it."""
        command = ["apt-get", "-q", "-y", *self.options(), *arguments]
        done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            tail = "\n".join(done.stdout.splitlines()[-15:])
            raise RuntimeError(f"apt-get {' '.join(arguments)}:\n{tail}")
        return done.stdout


def debian_apt(root: Path, *suites: str) -> Apt:
    """An apt over Debian's archives, packages and sources, freshly updated; with more suites of the main archive."""
    found = debian_sources()
    main = [source for source in found if source.suite == codename()]
    more = [dataclasses.replace(source, suite=suite) for source in main for suite in suites]
    lines = [source.line(kind) for source in (*found, *more) for kind in ("deb", "deb-src")]
    apt = Apt(root, "\n".join(lines) + "\n")
    apt.run("update")
    return apt
