"""Packages and repositories on a host that are none of k8sboot's: made there, with its own dpkg."""

from __future__ import annotations

from dataclasses import dataclass

from faulthosts import FaultyHost

FOLDER = "/var/tmp/others"
LIST = "/etc/apt/sources.list.d/others.list"


@dataclass(frozen=True)
class Package:
    """A package without files. more: further lines of its control file. preinst: a script."""

    name: str
    version: str
    more: str = ""
    preinst: str = ""

    @property
    def control(self) -> str:
        """Its control file."""
        return (
            f"Package: {self.name}\nVersion: {self.version}\nArchitecture: all\nMaintainer: x <x@example>\n"
            f"{self.more}Description: of somebody else\n"
        )


def build(host: FaultyHost, package: Package) -> str:
    """The path of the package there."""
    folder = f"{FOLDER}/{package.name}"
    host.write(f"{folder}/DEBIAN/control", package.control)
    if package.preinst:
        host.write(f"{folder}/DEBIAN/preinst", f"#!/bin/sh\n{package.preinst}\n", mode=0o755)
    host.sh(f"dpkg-deb --build {folder} {folder}.deb >/dev/null")
    return f"{folder}.deb"


def install(host: FaultyHost, *packages: Package) -> None:
    """They are installed, whoever did it."""
    host.sh(f"dpkg --force-depends --install {' '.join(build(host, each) for each in packages)}")


def offer(host: FaultyHost, *packages: Package) -> None:
    """They are in a repository of the host's own."""
    index = ""
    for each in packages:
        path = build(host, each)
        size, digest = host.sh(f"stat -c %s {path}; sha256sum < {path} | cut -d' ' -f1").split()
        index += f"{each.control}Filename: {each.name}.deb\nSize: {size}\nSHA256: {digest}\n\n"
    host.write(f"{FOLDER}/Packages", index)
    host.write(LIST, f"deb [trusted=yes] file:{FOLDER} ./\n")
    host.sh("apt-get -q update")
