"""The images that Kubernetes' own tests run, as registry.k8s.io names them: agnhost is real, the rest Debian 13."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import agnhost, trixie
from .agnhost import Agnhost
from .cache import Cache
from .images import Image
from .layers import Layer

PREFIX = "e2e-test-images/"
FILES = Path(__file__).parent.parent / "testimages"
SMALL = ("busybox", "netbase")
TOOLS = (
    *SMALL,
    "bash",
    "bind9-dnsutils",
    "curl",
    "iperf",
    "iproute2",
    "netcat-openbsd",
    "socat",
    "util-linux",
)
"""As agnhost's image has them. busybox is linked with the C library: the static one finds no addresses."""


@dataclasses.dataclass(frozen=True)
class Tags:
    """The tags that a version's tests want. Source: test/utils/image/manifest.go."""

    agnhost: tuple[str, ...]
    busybox: str
    glibc_dns: str
    nonroot: str


TAGS = {"1.37": Tags(("2.66.1", "2.55"), "1.37.0-2", "2.1.1", "1.5")}
"""By minor; others have none of these images."""


@dataclasses.dataclass(frozen=True)
class Added:
    """Images for the registry, and what they are made from."""

    table: tuple[Image, ...] = ()
    inputs: tuple[object, ...] = ()


def make(cache: Cache, minor: str, version: str) -> Added:
    """The images for a minor's tests; none where there are no tags of its."""
    if minor not in TAGS:
        return Added()
    program = agnhost.make(cache, version)
    tools, small = trixie.make(cache, "agnhost-tools", TOOLS), trixie.make(cache, "busybox-tools", SMALL)
    products = program.program, program.files, tools, small
    inputs = Path(__file__), FILES, *(product.name for product in products)
    return Added(table(TAGS[minor], version, program, tools, small), inputs)


def table(tags: Tags, version: str, program: Agnhost, tools: Path, small: Path) -> tuple[Image, ...]:
    """What goes into the registry for a version's tests."""

    def image(name: str, tag: str, fill: Callable[[Layer, Any], None], **settings: Any) -> Image:
        return Image(f"{PREFIX}{name}", tag, fill, stand_in=True, **settings)

    def agnhost_fill(layer: Layer, _: Any) -> None:
        _fill_agnhost(layer, program, tools)

    start = {"entrypoint": ("/agnhost",), "command": ("pause",), "version": f"Kubernetes {version}"}
    return (
        *(image("agnhost", tag, agnhost_fill, **start) for tag in tags.agnhost),
        image("busybox", tags.busybox, lambda layer, _: _fill_debian(layer, small), command=("sh",)),
        image("glibc-dns-testing", tags.glibc_dns, lambda layer, _: _fill_debian(layer, tools)),
        image("nonroot", tags.nonroot, lambda layer, _: _fill_debian(layer, small), user="1234"),
    )


def _fill_agnhost(layer: Layer, program: Agnhost, tools: Path) -> None:
    _fill_debian(layer, tools)
    layer.file("/agnhost", program.program / "agnhost")
    layer.link("/agnhost-2", "agnhost")
    for path in sorted(program.files.iterdir()):
        layer.file(f"/{path.name}", path)
    layer.directory("/uploads")


def _fill_debian(layer: Layer, tools: Path) -> None:
    """Debian's programs as they are unpacked, and busybox for every name that none of them has."""
    layer.tree(tools)
    layer.link("/usr/bin/nc", "nc.openbsd" if (tools / "usr/bin/nc.openbsd").exists() else "busybox")
    for name in _applets(tools):
        if not any(f"usr/{place}/{name}" in (*layer.files, *layer.links) for place in ("bin", "sbin")):
            layer.link(f"/usr/bin/{name}", "busybox")
    for path in sorted(FILES.iterdir()):
        layer.file(f"/etc/{path.name}", path)
    layer.directory("/tmp", 0o1777)
    layer.directory("/root", 0o700)
    layer.directory("/home/user-defined-in-image", 0o755, 1000)


def _applets(tools: Path) -> list[str]:
    """The names that busybox goes by; it runs with the libraries that it came with."""
    libraries = next(tools.glob("usr/lib/*/libc.so.6")).parent
    loader = next(libraries.glob("ld-linux-*"))
    argv = [loader, "--library-path", libraries, tools / "usr/bin/busybox", "--list"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()
