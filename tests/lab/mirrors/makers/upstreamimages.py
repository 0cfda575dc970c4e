"""The images of a current Kubernetes, under the names that they have at registry.k8s.io; Calico's are stand-ins."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from . import images, upstream
from .images import Image
from .layers import Layer


@dataclasses.dataclass(frozen=True)
class Sources(images.Sources):
    """Where the programs that go into images are."""

    coredns: Path
    etcd: Path
    metrics_server: Path
    pause: Path
    tools: Path

    def names(self) -> list[str]:
        """The products' names, which stand for what is in them."""
        return [path.name for path in vars(self).values()]


def table(release: upstream.Release) -> tuple[Image, ...]:
    """Every image that a cluster of this release pulls."""
    version = f"v{release.version}"
    return (
        *(Image(name, version, _program(name)) for name in upstream.COMMANDS if _is_static_pod(name)),
        Image("kube-proxy", version, _kube_proxy),
        Image("etcd", release.etcd, _etcd, version=release.etcd_built),
        Image("pause", release.pause, _pause, ("/pause",), user="65535"),
        Image("coredns/coredns", release.coredns, _coredns, ("/coredns",), version=release.coredns_built),
        Image(
            "metrics-server/metrics-server",
            f"v{upstream.METRICS_SERVER.version}",
            _metrics_server,
            ("/metrics-server",),
            user="65534",
        ),
        *images.calico(release.calico),
    )


def _is_static_pod(name: str) -> bool:
    return name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")


def _program(name: str) -> Callable[[Layer, Sources], None]:
    def fill(layer: Layer, sources: Sources) -> None:
        layer.file(f"/usr/local/bin/{name}", sources.kubernetes / name)

    return fill


def _kube_proxy(layer: Layer, sources: Sources) -> None:
    with_tools(layer, sources.tools)
    _program("kube-proxy")(layer, sources)


def with_tools(layer: Layer, tools: Path) -> None:
    """Debian 13's tools. iptables is the nftables one, as on the hosts."""
    layer.tree(tools)
    for name in ("iptables", "iptables-save", "iptables-restore"):
        for each in (name, f"ip6{name[2:]}"):
            layer.link(f"/usr/sbin/{each}", "xtables-nft-multi")
    layer.directory("/run")
    layer.directory("/tmp", 0o1777)


def _etcd(layer: Layer, sources: Sources) -> None:
    for name in ("etcd", "etcdctl", "etcdutl"):
        layer.file(f"/usr/local/bin/{name}", sources.etcd / name)


def _pause(layer: Layer, sources: Sources) -> None:
    layer.file("/pause", sources.pause / "pause")


def _coredns(layer: Layer, sources: Sources) -> None:
    layer.file("/coredns", sources.coredns / "coredns")


def _metrics_server(layer: Layer, sources: Sources) -> None:
    layer.file("/metrics-server", sources.metrics_server / "metrics-server")
    layer.directory("/tmp", 0o1777)
