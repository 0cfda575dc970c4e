"""Debian's backports beside this machine's own sources, which stay as they are."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from labkit import preflight
from labkit.process import run


def suite_of(codename: str) -> str:
    """The name of a release's backports."""
    return f"{codename}-backports"


@contextlib.contextmanager
def apt(codename: str) -> Iterator[tuple[str, ...]]:
    """The options with which apt knows the backports of a release, its lists read."""
    suite = suite_of(codename)
    sources = [line for line in preflight.debian_sources(codename) if "security" not in line]
    base = [line for line in sources if line.endswith(f" {codename} main")]
    added = [line.replace(f" {codename} ", f" {suite} ") for line in base]
    with tempfile.TemporaryDirectory(prefix="lab-backports-") as directory:
        work = Path(directory)
        (work / "lists").mkdir()
        (work / "cache").mkdir()
        (work / "sources.list").write_text("\n".join((*sources, *added)) + "\n")
        options = (
            f"Dir::Etc::SourceList={work}/sources.list", "Dir::Etc::SourceParts=/dev/null",
            f"Dir::State::Lists={work}/lists", f"Dir::Cache={work}/cache", f"APT::Default-Release={suite}",
            "APT::Sandbox::User=root", "Acquire::Languages=none", "DPkg::Lock::Timeout=300",
        )  # fmt: skip
        flags = tuple(word for option in options for word in ("-o", option))
        run("apt-get", *flags, "update", "-q")
        yield flags
