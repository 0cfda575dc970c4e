"""The lab's network: a bridge with the machine's address, and a cable to each host's namespace."""

import contextlib
from pathlib import Path

from labkit.plan import Host, Lab
from labkit.process import run, succeeds

ALIAS = "k8sboot-lab:"
"""A bridge carries its lab's name, so `down` finds it when the lab's files are gone."""


def raise_bridge(lab: Lab) -> None:
    """The bridge, and a rule that nothing of the lab is ever forwarded to another network."""
    if not Path(f"/sys/class/net/{lab.bridge}").exists():
        # An address of its own: else it takes the lowest of its cables', and changes with them.
        run("ip", "link", "add", lab.bridge, "address", f"02:77:00:00:{lab.subnet:02x}:01", "type", "bridge")
    run("ip", "link", "set", lab.bridge, "alias", ALIAS + lab.name)
    run("ip", "address", "replace", f"{lab.gateway}/24", "dev", lab.bridge)
    run("ip", "link", "set", lab.bridge, "up")
    run("nft", "-f", "-", stdin=_firewall(lab.bridge))


def _firewall(bridge: str) -> str:
    """Hosts have a default route as real ones do; on this machine it ends."""
    table = f"inet k8sboot-{bridge}"
    return f"""
        add table {table}
        flush table {table}
        table {table} {{
            chain forward {{
                type filter hook forward priority 0
                iifname "{bridge}" oifname != "{bridge}" drop
                oifname "{bridge}" iifname != "{bridge}" drop
            }}
        }}
    """


def remove_bridge(bridge: str) -> None:
    if Path(f"/sys/class/net/{bridge}").exists():
        run("ip", "link", "delete", bridge)
    if succeeds("nft", "list", "table", "inet", f"k8sboot-{bridge}"):
        run("nft", "delete", "table", "inet", f"k8sboot-{bridge}")


def bridges(name: str) -> list[str]:
    """The bridges that say they are this lab's."""
    found = []
    for path in Path("/sys/class/net").glob("kb*/ifalias"):
        with contextlib.suppress(OSError):
            if path.read_text().strip() == ALIAS + name:
                found.append(path.parent.name)
    return found


def cabled_names() -> list[str]:
    """The names of the labs that have a bridge."""
    found = set()
    for path in Path("/sys/class/net").glob("kb*/ifalias"):
        with contextlib.suppress(OSError):
            alias = path.read_text().strip()
            if alias.startswith(ALIAS):
                found.add(alias.removeprefix(ALIAS))
    return sorted(found)


def plug_in(host: Host) -> None:
    """A new namespace and cable: what a boot finds. Rules and interfaces of before are gone.

    A host that was cut off stays so: pulling its power does not mend its cable.
    """
    unplug(host)
    run("ip", "netns", "add", host.machine)
    run(
        "ip",
        "link",
        "add",
        host.cable,
        "type",
        "veth",
        "peer",
        "name",
        "eth0",
        "address",
        host.mac,
        "netns",
        host.machine,
    )
    run("ip", "link", "set", host.cable, "master", f"kb{host.subnet}")
    inside = ("ip", "-netns", host.machine)
    run(*inside, "link", "set", "lo", "up")
    run(*inside, "address", "add", f"{host.address}/24", "dev", "eth0")
    run(*inside, "link", "set", "eth0", "up")
    if not is_cut(host):
        run("ip", "link", "set", host.cable, "up")
    run(*inside, "route", "add", "default", "via", host.gateway)


def unplug(host: Host) -> None:
    """Take the namespace and the cable away: a machine without power does not even refuse."""
    # The cable is deleted by name: the namespace's own end would take it along only later.
    if _cable_exists(host):
        run("ip", "link", "delete", host.cable)
    if Path(f"/run/netns/{host.machine}").exists():
        run("ip", "netns", "delete", host.machine)


def cut(host: Host) -> None:
    _cut_mark(host).touch()
    if _cable_exists(host):
        run("ip", "link", "set", host.cable, "down")


def mend(host: Host) -> None:
    _cut_mark(host).unlink(missing_ok=True)
    if _cable_exists(host):
        run("ip", "link", "set", host.cable, "up")


def is_cut(host: Host) -> bool:
    return _cut_mark(host).exists()


def _cut_mark(host: Host) -> Path:
    return host.directory / "cut"


def _cable_exists(host: Host) -> bool:
    return Path(f"/sys/class/net/{host.cable}").exists()
