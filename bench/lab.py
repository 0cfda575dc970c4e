"""The lab of three hosts, for the parts that need systemd or a cluster."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.places import LAB

NAME = "bench"
KUBERNETES = "1.37"


@dataclass(frozen=True)
class LabHost:
    """One host. root: its root directory, seen from this machine. init: the process id of its first process."""

    name: str
    address: str
    login: str
    root: Path
    init: int


def up() -> None:
    """Start it, or what is missing of it."""
    _run("up", "--kubernetes", KUBERNETES)


def down() -> None:
    """Remove it, if it is there."""
    if _names():
        _run("down")


def reset(*hosts: str) -> None:
    """Make hosts bare again."""
    _run("reset", *(hosts or (host.name for host in found())))


def found() -> tuple[LabHost, ...]:
    """Its hosts, the first master first."""
    return tuple(
        LabHost(each["name"], each["address"], each["login"], Path(each["root"]), each["leader"] or 0)
        for each in _status()["hosts"]
    )


def inventory() -> dict[str, Any]:
    """As the lab wrote it."""
    read: dict[str, Any] = yaml.safe_load(inventory_path().read_text())
    return read


def inventory_path() -> Path:
    """Where the lab wrote it."""
    return Path(_status()["inventory"])


def inside(host: str, *command: str) -> str:
    """Run a command as root inside a host."""
    return _run("ssh", host, "--", *command)


def _status() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(_run("status", "--json"))
    return read


def _names() -> bool:
    words = [str(LAB), "status", "--name", NAME, "--json"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def _run(command: str, *words: str) -> str:
    done = subprocess.run(
        [str(LAB), command, "--name", NAME, *words],
        env={k: v for k, v in os.environ.items() if k != "K8SBOOT_LAB"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"lab {command} exited with {done.returncode}: {done.stderr[-3000:]}")
    return done.stdout
