"""kube-router, a pod network of others: the program is built from its Go module, its tools are Debian 13's."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from . import gomodule, trixie, upstreamimages
from .cache import Cache
from .gomodule import Module
from .images import Image
from .layers import Layer

NAME = "kube-router"
VERSION = "2.1.0"
PACKAGE = "github.com/cloudnativelabs/kube-router/v2"
MODULE = Module(
    NAME, VERSION, {NAME: f"{PACKAGE}/cmd/{NAME}"}, {f"{PACKAGE}/pkg/version.Version": f"v{VERSION}"}
)
PACKAGES = ("busybox", "conntrack", "ipset", "iproute2", "iptables", "netbase")
SHELL_NAMES = ("sh", "cat", "cp", "httpd", "mkdir", "mv", "sleep", "wget")
"""busybox is linked with the C library, as the static one crashes where it looks for an address."""


@dataclasses.dataclass(frozen=True)
class Sources(upstreamimages.Sources):
    """Where the programs that go into images are."""

    router: Path
    router_tools: Path


def added(cache: Cache, sources: upstreamimages.Sources) -> Sources:
    """These sources and kube-router's, which are made."""
    router, tools = gomodule.make(cache, MODULE), trixie.make(cache, f"{NAME}-tools", PACKAGES)
    return Sources(**vars(sources), router=router, router_tools=tools)


def _fill(layer: Layer, sources: Sources) -> None:
    upstreamimages.with_tools(layer, sources.router_tools)
    for name in SHELL_NAMES:
        layer.link(f"/usr/bin/{name}", "busybox")
    # It adds its own table to this file and reads no other.
    layer.file("/etc/iproute2/rt_tables", sources.router_tools / "usr/share/iproute2/rt_tables")
    layer.file(f"/usr/local/bin/{NAME}", sources.router / NAME)


IMAGE = Image(f"cloudnativelabs/{NAME}", f"v{VERSION}", _fill, (f"/usr/local/bin/{NAME}",))
