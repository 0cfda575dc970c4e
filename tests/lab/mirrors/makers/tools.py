"""The Debian packages this machine needs to make and serve the mirrors."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from . import golang
from .cache import say

PACKAGES = (
    "apt-utils",
    "busybox-static",
    "conntrack",
    "containernetworking-plugins",
    "createrepo-c",
    "docker-registry",
    "dpkg-dev",
    "etcd-client",
    "etcd-server",
    "gnupg",
    golang.PACKAGE,
    "golang-github-modern-go-concurrent-dev",
    "golang-github-modern-go-reflect2-dev",
    "ipset",
    "iptables",
    "netbase",
    "rpm",
)

POLICY = Path("/usr/sbin/policy-rc.d")


def versions(*names: str) -> dict[str, str]:
    """The installed versions of packages; a missing package is not in it."""
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Status}\n", *names],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    rows = (line.split() for line in done.stdout.splitlines())
    return {row[0]: row[1] for row in rows if len(row) == 3 and row[2] == "installed"}


def install(*more: str) -> None:
    """Install what is missing of these and others, without starting any service of it."""
    wanted = (*PACKAGES, *more)
    missing = sorted(set(wanted) - set(versions(*wanted)))
    if not missing:
        return
    say(f"tools: installing {' '.join(missing)}")
    ours = _forbid_services()
    try:
        _apt_get("update")
        _apt_get("install", "--no-install-recommends", *missing)
    finally:
        if ours:
            POLICY.unlink(missing_ok=True)


def _forbid_services() -> bool:
    """Have invoke-rc.d start nothing; whether it took a file of ours to do so."""
    try:
        descriptor = os.open(POLICY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755)
    except FileExistsError:
        return False
    os.write(descriptor, b"#!/bin/sh\nexit 101\n")
    os.close(descriptor)
    return True


def _apt_get(*arguments: str) -> None:
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    command = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=600", *arguments]
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-15:])
        raise RuntimeError(f"{' '.join(command)}:\n{tail}")
