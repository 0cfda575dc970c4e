"""Hosts with all that k8sboot alters, a restore of them, and what must be as before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fake_cluster import FakeCluster
from fake_host import FakeConnection
from fake_scripts import READING
from fake_shell import plain
from fake_state import SWAPS, FakeFile, FakeUnit
from fake_systems import MIRRORED, debian, el7
from fake_yum import LOCK_LIST, LOCK_PLUGIN
from inventories import spec
from runs import Told, run

from k8sboot.errors import Interrupted
from k8sboot.events import Notice
from k8sboot.host.files import Write
from k8sboot.inventory.os_settings import OsSettings
from k8sboot.runbook import RESET_WITH_OS

ON = SWAPS + "/dev/sda2 partition 1 0 -2\n/dev/zram0 partition 1 0 -2\n"
OF_PACKAGES = (LOCK_PLUGIN,)
"""Files that packages bring, and packages stay."""
CHRONY = "/etc/chrony/chrony.conf"


def bare_debian() -> dict[str, Any]:
    """With all that k8sboot alters, in another state than it wants."""
    made = debian()
    made["units"].update(
        {
            "swap.target": FakeUnit("active", "static"),
            "zramswap.service": FakeUnit("active", "enabled"),
            "systemd-timesyncd.service": FakeUnit("active", "enabled"),
        }
    )
    made["files"].update(
        {
            "/proc/swaps": ON,
            "/etc/timezone": "Etc/UTC\n",
            "/etc/docker/daemon.json": FakeFile(b'{"debug": true}', mode=0o600, owner="root:adm"),
            CHRONY: "server ntp.lan\n",
            "/etc/hosts": "127.0.0.1 localhost\n10.0.0.9 printer",
            "/root/.kube/config": "of another cluster",
        }
    )
    return made


def bare_el7() -> dict[str, Any]:
    """The same of CentOS; its `network` would raise the links."""
    made = el7()
    made["units"]["swap.target"] = FakeUnit("active", "static")
    made["files"]["/proc/swaps"] = SWAPS + "/dev/sda2 partition 1 0 -2\n"
    return made


CUTS = pytest.mark.parametrize(
    "every", [15, pytest.param(1, marks=pytest.mark.slow)], ids=["samples", "each"]
)
"""Every so many-th of the places where a run can be cut; all of them with --slow."""
FAMILIES = pytest.mark.parametrize("system", [bare_debian, bare_el7])


def cluster(system: Callable[[], dict[str, Any]], *, nodes: int = 0) -> FakeCluster:
    settings = {"repositories": MIRRORED} if system is bare_el7 else {}
    wanted = spec(nodes=nodes, os=OsSettings(**settings)) if settings else spec(nodes=nodes)
    made = FakeCluster(wanted, **dict.fromkeys((h.name for h in wanted.hosts), system))
    for host in made.hosts.values():
        host.answers["network-raises-links"] = ""
    return made


def state(host: FakeConnection, before: FakeConnection) -> dict[str, object]:
    """All that k8sboot may have altered, but for what came with packages: their units, and files of theirs."""
    units = {name: (u.active, u.enabled) for name, u in host.units.items() if name in before.units}
    held = host.text(LOCK_LIST) if LOCK_LIST in host.files else ""
    files = {p: f for p, f in host.files.items() if p not in (*OF_PACKAGES, LOCK_LIST)}
    return {**files, **units, **host.sysctls, **host.facts, "held": (host.held, held)}


def assert_as_before(it: FakeCluster, system: Callable[[], dict[str, Any]]) -> None:
    before = cluster(system).hosts["m1"]
    now = it.hosts["m1"]
    for key in list(now.sysctls):
        if key not in before.sysctls:  # br_netfilter, which stays loaded, brings them
            assert "bridge" in key
            del now.sysctls[key]
    found, wanted = state(now, before), state(before, before)
    assert {
        key: (found.get(key), wanted.get(key))
        for key in {*found, *wanted}
        if found.get(key) != wanted.get(key)
    } == {}


def restore(it: FakeCluster, **how: Any) -> Told:
    return run(it, RESET_WITH_OS, **how)


def left(told: Told) -> dict[str, str]:
    """What is left by its first word, with its diff."""
    notices = [e for e in told.of(Notice) if isinstance(e, Notice) and e.code == "KB-RESTORE-LEFT"]
    return {e.text.split(" was not restored")[0]: e.text + "\n" + e.diff for e in notices}


def cut(host: FakeConnection, after: int) -> list[str]:
    """From the so many-th mutation on, nothing more is done; what was."""
    done: list[str] = []
    command, write = host._command, host._write

    def gone(what: str) -> None:
        if len(done) >= after:
            raise Interrupted("killed")
        done.append(what)

    def cut_command(words: list[str]) -> Any:
        before = len(host.mutations)
        said = _reads(host, words)
        if not said:
            gone(plain(words))
        result = command(words)
        assert said == (len(host.mutations) == before)
        return result

    def cut_write(script: Write) -> Any:
        gone("write")
        return write(script)

    host._command, host._write = cut_command, cut_write  # type: ignore[method-assign]
    return done


def _reads(host: FakeConnection, words: list[str]) -> bool:
    return plain(words).startswith(READING)


def mend(host: FakeConnection) -> None:
    del host._command, host._write
