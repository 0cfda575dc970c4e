"""What development, CI and operators install is locked: each file by its digest, in no registry's name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PROJECT = (ROOT / "pyproject.toml").read_text()


def locked(name: str) -> dict[str, list[tuple[Requirement, tuple[str, ...]]]]:
    """Each requirement of a lock file with its digests, by name; Pythons may need several versions."""
    found: dict[str, list[tuple[Requirement, tuple[str, ...]]]] = {}
    for entry in (ROOT / "requirements" / name).read_text().replace("\\\n", " ").splitlines():
        what, *digests = entry.split("--hash=")
        requirement = Requirement(what)
        found.setdefault(requirement.name.lower(), []).append((requirement, tuple(map(str.strip, digests))))
    return found


def declared(section: str) -> list[Requirement]:
    block = re.search(rf"^{section} = \[(.*?)\]$", PROJECT, re.MULTILINE | re.DOTALL)
    assert block
    return [Requirement(each) for each in re.findall(r'"([^"]+)"', block[1])]


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_each_line_of_a_lock_is_one_version_with_digests(path):
    entries = [each for found in locked(path.name).values() for each in found]
    assert len(entries) > 10
    for requirement, digests in entries:
        assert [each.operator for each in requirement.specifier] == ["=="], requirement
        assert digests, requirement
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", each) for each in digests), requirement


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_registry_and_no_file(path):
    assert not re.search(r"://|index-url|find-links|trusted-host| @ |^-", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    ("lock", "sections"),
    [
        ("run.txt", ["dependencies"]),
        ("dev.txt", ["dependencies", "dev"]),
        ("audit.txt", ["dependencies", "audit"]),
    ],
)
def test_a_lock_has_all_that_the_project_declares_in_a_version_that_it_allows(lock, sections):
    found = locked(lock)
    for wanted in (each for section in sections for each in declared(section)):
        pins = found[wanted.name.lower()]
        versions = [next(iter(requirement.specifier)).version for requirement, _ in pins]
        assert all(wanted.specifier.contains(version) for version in versions), (wanted, versions)


def test_what_operators_run_is_what_is_tested():
    def files(name: str) -> set[tuple[str, str, tuple[str, ...]]]:
        pins = (each for found in locked(name).values() for each in found)
        return {(requirement.name, str(requirement.specifier), digests) for requirement, digests in pins}

    assert files("run.txt") - files("dev.txt") == set()


def test_everything_is_installed_from_a_lock():
    """In the Makefile, in CI and in tests: with digests, or offline, or what is in the working tree without more.

    The tool that writes the locks is the one exception.
    """
    texts = [ROOT / "Makefile", *(ROOT / ".ci").iterdir()]
    lines = [
        line
        for path in texts
        for line in path.read_text().splitlines()
        if "PIP_INSTALL)" in line or "pip install" in line
    ]
    loose = [
        line
        for line in lines
        if not re.search(r"--require-hashes|--no-deps --no-build-isolation -e \.|^PIP_INSTALL := ", line)
    ]
    assert loose == ["\t$(LOCKING)/bin/$(PIP_INSTALL) 'uv>=0.5'"]
