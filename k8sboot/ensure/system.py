"""The machine's settings: host name, time zone, swap."""

from __future__ import annotations

import re

from k8sboot.ensure import next_boot
from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.originals import PriorState, file_with
from k8sboot.host.snapshot import from_to

FSTAB = "/etc/fstab"
FSTAB_MARK = "#k8sboot-swap-off# "


def hostname(host: Host, name: str) -> None:
    """Set the host name, now and at the next boot."""
    if host.facts.hostname != name or (host.read_file("/etc/hostname") or "").strip() != name:
        host.change(
            f"set the host name to {name}",
            PriorState("hostname", "kernel", aim=name),
            file_with("/etc/hostname", f"{name}\n"),
            ["hostnamectl", "set-hostname", name],
            diff=from_to("host name", host.facts.hostname, name),
            check=lambda: "" if host.facts.hostname == name else f"the host name is {host.facts.hostname}",
        )


def timezone(host: Host, zone: str) -> None:
    """Set the time zone, as /etc/localtime links to it."""
    if host.facts.timezone != zone:
        host.change(
            f"set the time zone to {zone}",
            file_with("/etc/localtime", f"../usr/share/zoneinfo/{zone}\n"),
            file_with("/etc/timezone", f"{zone}\n"),
            ["timedatectl", "set-timezone", zone],
            diff=from_to("time zone", host.facts.timezone, zone),
            check=lambda: "" if host.facts.timezone == zone else f"the time zone is {host.facts.timezone}",
        )


def swap_off(host: Host) -> None:
    """Turn off swap now (as /proc/swaps shows) and at boot.

    fstab(5) is not the only source of swap: .swap units, zram and partitions found by their type belong to swap.target.
    """
    table = host.read_file(FSTAB, errors="surrogateescape")
    if table is not None and (wanted := without_swap(table)) != table:
        state = host.file(FSTAB)
        mode, owner = (state.mode, state.owner) if state else (0o644, "root:root")
        host.write([File(FSTAB, wanted, mode=mode, owner=owner)])
    if host.facts.swaps or next_boot.read(host, "swap"):
        host.change(
            f"turn off swap on {' '.join(host.facts.swaps)}"
            if host.facts.swaps
            else "keep swap off at the next boot",
            PriorState("swap", "devices"),
            PriorState("unit", "swap.target", aim="masked"),
            ["swapoff", "-a"],
            ["systemctl", "mask", "swap.target"],
            diff=from_to("swap", " ".join(host.facts.swaps or next_boot.read(host, "swap")), "off"),
            timeout=600,
            check=lambda: " ".join(host.facts.swaps) and f"swap is still on: {' '.join(host.facts.swaps)}",
        )


def without_swap(table: str) -> str:
    """An fstab(5) with its swap lines commented out by k8sboot's mark; everything else unchanged."""
    swap = re.compile(r"^(?!\s*#)\s*\S+\s+\S+\s+swap(\s|$)")
    return "".join(
        FSTAB_MARK + line if swap.match(line) else line for line in re.findall(r"[^\n]*\n|[^\n]+", table)
    )


def with_swap(table: str) -> str:
    """The same with the marked lines restored."""
    return re.sub(f"(?m)^{re.escape(FSTAB_MARK)}", "", table)
