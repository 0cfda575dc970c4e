"""apt's sources as k8sboot reads them, and whether apt itself sees the same contradictions."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from k8sboot.osfamily.apt_sources import SOURCES, Entry, contradicting, parse, unread

URL = "http://example.invalid/linux/debian"
OURS = f"deb [signed-by=/etc/apt/keyrings/ours.asc] {URL} bookworm stable\n"
WANTED = Entry(
    "sources.list.d/ours.list", URL, "bookworm", frozenset({"stable"}), signed_by="/etc/apt/keyrings/ours.asc"
)
STANZA = f"Types: deb\nURIs: {URL}\nSuites: bookworm\nComponents: stable\n"
THEIRS = {
    "a.list": f"deb [arch=amd64 signed-by=/usr/share/keyrings/docker.gpg] {URL} bookworm stable\n",
    "b.list": f"deb [arch=amd64] {URL}/ bookworm stable # no key\n",
    "c.list": f"deb [arch=amd64] {URL.replace('http', 'https')} bookworm stable\n",
    "d.list": f"deb {URL} bookworm test\n",
    "e.list": f"deb-src {URL} bookworm stable\n",
    "f.list": f"deb {URL} bullseye stable\n",
    "g.list": f"deb {URL}2 bookworm stable\n",
    "h.list": f"# deb {URL} bookworm stable\n",
    "i.sources": f"{STANZA}Signed-By: /etc/apt/keyrings/docker.asc\n",
    "j.sources": f"Enabled: no\n{STANZA}",
    "k.sources": f"{STANZA}Signed-By: /etc/apt/keyrings/ours.asc\n",
    "l.sources": f"# Docker\n\n{STANZA.replace('bookworm', 'trixie bookworm')}Signed-By:\n -----BEGIN\n .\n x\n",
    "m.list": OURS,
}
CONTRADICT = {"a.list", "i.sources", "l.sources"}
CONTRADICT_IF_LATER = {"b.list", "c.list", "d.list", "e.list"}
NAMES = [f"{when}{name}" for when in ("", "z-") for name in THEIRS]


def contradicts(name: str) -> bool:
    """Whether apt would refuse to read this file together with ours."""
    plain = name.removeprefix("z-")
    return plain in CONTRADICT or (name != plain and plain in CONTRADICT_IF_LATER)


@pytest.mark.parametrize("name", NAMES)
def test_entries_that_contradict_ours(name):
    lines = THEIRS[name.removeprefix("z-")].splitlines()
    answer = f"file sources.list.d/{name}\n" + "".join(f"| {line}\n" for line in lines)
    assert bool(contradicting(parse(answer), WANTED)) == contradicts(name)


@pytest.mark.skipif(not shutil.which("apt-get"), reason="no apt here to compare with")
@pytest.mark.parametrize("name", [name for name in NAMES if "l.sources" not in name])
def test_apt_says_the_same(name, tmp_path: Path):
    (tmp_path / "ours.list").write_text(OURS)
    (tmp_path / name).write_text(THEIRS[name.removeprefix("z-")])
    command = ["apt-get", "-o", "Dir::Etc::sourcelist=/dev/null", "-o", f"Dir::Etc::sourceparts={tmp_path}"]
    done = subprocess.run([*command, "indextargets"], capture_output=True, text=True, check=False)
    assert ("Conflicting values" in done.stderr) == contradicts(name), done.stderr


@pytest.mark.parametrize("shell", [shell for shell in ("dash", "bash") if shutil.which(shell)])
def test_in_a_real_shell_every_source_is_read(shell, tmp_path: Path):
    (tmp_path / "sources.list.d").mkdir()
    script = SOURCES.script.replace("/etc/apt/", f"{tmp_path}/")
    assert _run(shell, script) == ""
    (tmp_path / "sources.list").write_text("deb cdrom:[Debian 12 _Bookworm_ - NETINST]/ bookworm main")
    (tmp_path / "sources.list.d/b.sources").write_text(THEIRS["i.sources"])
    found = list(parse(_run(shell, script)))
    assert [(e.file.rpartition("/")[2], e.url, e.suite, e.signed_by) for e in found] == [
        ("sources.list", "cdrom:[Debian 12 _Bookworm_ - NETINST]/", "bookworm", ""),
        ("b.sources", URL, "bookworm", "/etc/apt/keyrings/docker.asc"),
    ]


def _run(shell: str, script: str) -> str:
    return subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True).stdout


SEEN = (
    Entry("/etc/apt/sources.list", "http://deb.example/debian", "bookworm"),
    Entry("/etc/apt/sources.list", "cdrom:[Debian 12]/", "bookworm"),
    Entry("/etc/apt/sources.list.d/dead.list", "http://dead.example/", "stable"),
    Entry("/etc/apt/sources.list.d/root.list", "http://mirror.example", "stable"),
    Entry("/etc/apt/sources.list.d/k8sboot-docker.list", "http://mirror.example/docker", "stable"),
)
MOST = "E: Some index files failed to download. They have been ignored, or old ones used instead.\n"


@pytest.mark.parametrize(
    ("output", "files"),
    [
        (f"E: Failed to fetch http://dead.example/dists/x/InRelease  503\n{MOST}", ["dead.list"]),
        (
            "E: The repository 'http://dead.example stable Release' does not have a Release file.\n",
            ["dead.list"],
        ),
        (
            "E: The repository 'cdrom://[Debian 12] bookworm Release' does not have a Release file.\n",
            ["sources.list"],
        ),
        (
            "E: Repository 'http://deb.example/debian bookworm InRelease' changed its 'Suite' value\n",
            ["sources.list"],
        ),
        ("E: Failed to fetch http://mirror.example/other/x  404\n", ["root.list"]),
        ("E: Failed to fetch http://mirror.example/docker/dists/x  404\n", []),
        (
            "E: Failed to fetch http://mirror.example/docker/x  404\nE: Failed to fetch http://dead.example/x  404\n",
            [],
        ),
        ("E: Could not get lock /var/lib/apt/lists/lock\n", []),
        ("E: Failed to fetch http://dead.example/x  404\nE: The list of sources could not be read.\n", []),
        ("W: Failed to fetch http://dead.example/x  404\n", []),
    ],
)
def test_only_repositories_of_others_may_be_passed_over(output, files):
    assert [entry.file.rpartition("/")[2] for entry in unread(output, SEEN)] == files
