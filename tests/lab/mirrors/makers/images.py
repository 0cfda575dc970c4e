"""The table of the lab's images: what is in each, and what is real about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .kubernetes import VERSION
from .layers import Layer
from .tools import versions

CALICO = "v3.25.2"
METRICS_SERVER = "v0.5.2"
BUSYBOX = "/bin/busybox"
PLUGINS = "/usr/lib/cni"
USER = 999
SHELL_NAMES = ("sh", "cat", "ls", "ps", "ip", "ping", "nslookup", "wget", "sleep", "env", "vi")
PACKAGES = (
    "busybox-static",
    "conntrack",
    "containernetworking-plugins",
    "etcd-client",
    "etcd-server",
    "ipset",
    "iptables",
    "libc6",
    "netbase",
)


@dataclasses.dataclass(frozen=True)
class Sources:
    """Where the programs that go into images are."""

    kubernetes: Path
    standins: Path


@dataclasses.dataclass(frozen=True)
class Image:
    """One image: its name in the registry, how its layer fills, how it starts.

    command: arguments of its start, which a Pod's own replace. version: if not the tag's.
    """

    name: str
    tag: str
    fill: Callable[[Layer, Any], None]
    entrypoint: tuple[str, ...] = ()
    user: str = ""
    stand_in: bool = False
    version: str = ""
    command: tuple[str, ...] = ()


def package_versions() -> dict[str, str]:
    """The versions of Debian's packages that images carry files of."""
    return versions(*PACKAGES)


def _command(name: str) -> Callable[[Layer, Sources], None]:
    def fill(layer: Layer, sources: Sources) -> None:
        layer.program(f"/usr/local/bin/{name}", sources.kubernetes / name)

    return fill


def _busybox(layer: Layer) -> None:
    layer.file(BUSYBOX, BUSYBOX)
    for name in SHELL_NAMES:
        layer.link(f"/bin/{name}", "busybox")
    layer.directory("/tmp", 0o1777)


def _iptables(layer: Layer) -> None:
    for kind in ("legacy", "nft"):
        layer.program(f"/usr/sbin/xtables-{kind}-multi", f"/usr/sbin/xtables-{kind}-multi")
    for name in ("iptables", "iptables-save", "iptables-restore"):
        layer.link(f"/usr/sbin/{name}", "xtables-legacy-multi")
        layer.link(f"/usr/sbin/ip6{name[2:]}", "xtables-legacy-multi")
    layer.every("usr/lib/*/xtables/*.so")
    layer.directory("/run")


def _kube_proxy(layer: Layer, sources: Sources) -> None:
    _command("kube-proxy")(layer, sources)
    _iptables(layer)
    _busybox(layer)
    for program in ("conntrack", "ipset"):
        layer.program(f"/usr/sbin/{program}", f"/usr/sbin/{program}")
    # Without it ipset takes no "tcp", and kube-proxy only logs that.
    layer.file("/etc/protocols", "/etc/protocols")


def _etcd(layer: Layer, _: Sources) -> None:
    _busybox(layer)
    for program in ("etcd", "etcdctl"):
        layer.program(f"/usr/local/bin/{program}", f"/usr/bin/{program}")


def _pause(layer: Layer, _: Sources) -> None:
    layer.file(BUSYBOX, BUSYBOX)


def _stand_in(*names: str) -> Callable[[Layer, Sources], None]:
    def fill(layer: Layer, sources: Sources) -> None:
        _busybox(layer)
        layer.file("/usr/local/bin/standin", sources.standins / "standin")
        for name in names:
            layer.link(name, "/usr/local/bin/standin")

    return fill


def _calico_node(layer: Layer, sources: Sources) -> None:
    _stand_in("/bin/calico-node")(layer, sources)
    _iptables(layer)


def _calico_cni(layer: Layer, sources: Sources) -> None:
    _stand_in("/opt/cni/bin/install", "/opt/cni/bin/calico-ipam")(layer, sources)
    for plugin in sorted(Path(PLUGINS).iterdir()):
        layer.file(f"/opt/cni/plugins/{plugin.name}", plugin)


def _kube_controllers(layer: Layer, sources: Sources) -> None:
    _stand_in("/usr/bin/kube-controllers", "/usr/bin/check-status")(layer, sources)
    layer.directory("/status", 0o755, USER)


# Process 1 ignores signals it has no handler for: the trap lets pods end at once.
PAUSE = (BUSYBOX, "sh", "-c", "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done")


def calico(version: str) -> tuple[Image, ...]:
    """The stand-ins for Calico, under the names that it has had up to 3.32."""
    controllers, typha = "/usr/bin/kube-controllers", "/usr/bin/calico-typha"
    node, install = "/bin/calico-node", "/opt/cni/bin/install"
    return (
        Image("calico/node", version, _calico_node, (node,), stand_in=True),
        Image("calico/cni", version, _calico_cni, (install,), stand_in=True),
        Image(
            "calico/kube-controllers",
            version,
            _kube_controllers,
            (controllers,),
            user=str(USER),
            stand_in=True,
        ),
        Image("calico/typha", version, _stand_in(typha), (typha,), user=str(USER), stand_in=True),
    )


IMAGES = (
    Image("kube-apiserver", VERSION, _command("kube-apiserver")),
    Image("kube-controller-manager", VERSION, _command("kube-controller-manager")),
    Image("kube-scheduler", VERSION, _command("kube-scheduler")),
    Image("kube-proxy", VERSION, _kube_proxy),
    Image("etcd", "3.4.13-0", _etcd),
    Image("pause", "3.2", _pause, PAUSE, stand_in=True),
    Image("coredns", "1.7.0", _stand_in("/coredns"), ("/coredns",), stand_in=True),
    *calico(CALICO),
    Image(
        "metrics-server/metrics-server",
        METRICS_SERVER,
        _stand_in("/metrics-server"),
        ("/metrics-server",),
        user="65534",
        stand_in=True,
    ),
)
