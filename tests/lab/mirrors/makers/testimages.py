"""The images that tests run in Pods: agnhost, which is real and the same for all labs, the rest Debian 13.

`k8sboot smoke` needs agnhost; Kubernetes' own tests need all of them, as registry.k8s.io names them.
"""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import agnhost, trixie, upstream
from .agnhost import Agnhost
from .cache import Cache
from .images import Image
from .layers import Layer

PREFIX = "e2e-test-images/"
Fill = Callable[[Layer, Any], None]
"""Fills an image's layer from Sources."""
FILES = Path(__file__).parent.parent / "testimages"
PETS = ("kitten", "nautilus")
SMALL = ("busybox", "netbase")
NGINX = (*SMALL, "nginx")
TOOLS = (
    *SMALL,
    *(
        "bash",
        "bind9-dnsutils",
        "curl",
        "iperf",
        "iproute2",
        "libc-bin",
        "netcat-openbsd",
        "socat",
        "util-linux",
    ),
)
"""As agnhost's image has them. busybox is linked with the C library: the static one finds no addresses."""


@dataclasses.dataclass(frozen=True)
class Tags:
    """The tags that a version's tests want. Source: test/utils/image/manifest.go."""

    agnhost: tuple[str, ...]
    busybox: str
    glibc_dns: str
    nginx: tuple[str, ...]
    nonroot: str
    pets: str


TAGS = {"1.37": Tags(("2.66.1", "2.55"), "1.37.0-2", "2.1.1", ("1.27.0-2", "1.28.0-2"), "1.5", "1.8")}
"""By minor; others have agnhost alone. pets: kitten's and nautilus'."""
BUILT = "1.37"
"""The Kubernetes whose module agnhost is built from; it is static, and runs on all."""
SMOKE = TAGS[BUILT].agnhost[0]
"""The tag that `k8sboot smoke` asks for."""


@dataclasses.dataclass(frozen=True)
class Sources:
    """What the images are made from: agnhost, and Debian's programs by what they are for."""

    agnhost: Agnhost
    tools: Path
    small: Path | None = None
    nginx: Path | None = None

    def names(self) -> list[str]:
        """The products' names, which stand for what is in them."""
        products = self.agnhost.program, self.agnhost.files, self.tools, self.small, self.nginx
        return [product.name for product in products if product]


@dataclasses.dataclass(frozen=True)
class Added:
    """Images for the registry, and what they are made from."""

    table: tuple[Image, ...] = ()
    inputs: tuple[object, ...] = ()


def make(cache: Cache, minor: str) -> Added:
    """agnhost, and the other images of a minor's tests where there are tags of its."""
    lists = (("busybox-tools", SMALL), ("nginx-tools", NGINX)) if minor in TAGS else ()
    others = (trixie.make(cache, name, packages) for name, packages in lists)
    tools = trixie.make(cache, "agnhost-tools", TOOLS)
    sources = Sources(agnhost.make(cache, upstream.RELEASES[BUILT].version), tools, *others)
    return Added(table(minor, sources), (Path(__file__), FILES, minor, *sources.names()))


def table(minor: str, sources: Sources) -> tuple[Image, ...]:
    """What goes into the registry of a minor's lab."""
    if minor in TAGS:
        return _of_tests(TAGS[minor], sources)
    folder = (
        PREFIX if minor in upstream.RELEASES else ""
    )  # the runbook's registry is a mirror: it has no folders
    return (_image(f"{folder}agnhost", SMOKE, _agnhost, sources, **_start("pause")),)


def _of_tests(tags: Tags, sources: Sources) -> tuple[Image, ...]:
    def image(name: str, tag: str, fill: Fill, **settings: Any) -> Image:
        return _image(f"{PREFIX}{name}", tag, fill, sources, **settings)

    daemon = ("nginx", "-g", "daemon off;")
    return (
        *(image("agnhost", tag, _agnhost, **_start("pause")) for tag in tags.agnhost),
        *(image(pet, tags.pets, _pet(pet), **_start("test-webserver")) for pet in PETS),
        *(image("nginx", tag, _nginx, command=daemon) for tag in tags.nginx),
        image("busybox", tags.busybox, lambda layer, of: _debian(layer, of.small), command=("sh",)),
        image("glibc-dns-testing", tags.glibc_dns, lambda layer, of: _debian(layer, of.tools)),
        image("nonroot", tags.nonroot, lambda layer, of: _debian(layer, of.small), user="1234"),
    )


def _start(command: str) -> dict[str, Any]:
    """How an image of agnhost starts, and what is in it."""
    version = upstream.RELEASES[BUILT].version
    return {"entrypoint": ("/agnhost",), "command": (command,), "version": f"Kubernetes {version}"}


def _image(name: str, tag: str, fill: Fill, sources: Sources, **settings: Any) -> Image:
    return Image(name, tag, lambda layer, _: fill(layer, sources), stand_in=True, **settings)


def _agnhost(layer: Layer, sources: Sources) -> None:
    _debian(layer, sources.tools)
    _with_agnhost(layer, sources.agnhost, "agnhost")
    layer.link("/agnhost-2", "agnhost")
    layer.directory("/uploads")


def _with_agnhost(layer: Layer, made: Agnhost, image: str) -> None:
    layer.file("/agnhost", made.program / "agnhost")
    for path in sorted((made.files / image).iterdir()):
        layer.file(f"/{path.name}", path)


def _pet(name: str) -> Callable[[Layer, Sources], None]:
    """An image that shows an animal, of agnhost alone."""
    return lambda layer, sources: _with_agnhost(layer, sources.agnhost, name)


def _nginx(layer: Layer, sources: Sources) -> None:
    _debian(layer, sources.nginx)
    layer.file("/etc/nginx/nginx.conf", FILES / "nginx.conf")


def _debian(layer: Layer, programs: Path) -> None:
    """Debian's programs as they are unpacked, and busybox for every name that none of them has."""
    layer.tree(programs)
    if (programs / "usr/bin/nc.openbsd").exists():
        layer.link("/usr/bin/nc", "nc.openbsd")
    for name in _applets(programs):
        if not any(f"usr/{place}/{name}" in (*layer.files, *layer.links) for place in ("bin", "sbin")):
            layer.link(f"/usr/bin/{name}", "busybox")
    layer.link("/usr/bin/sh", "busybox")  # also where a package has brought dash
    for path in sorted((FILES / "etc").iterdir()):
        layer.file(f"/etc/{path.name}", path)
    layer.directory("/tmp", 0o1777)
    layer.directory("/root", 0o700)
    layer.directory("/home/user-defined-in-image", 0o755, 1000)


def _applets(programs: Path) -> list[str]:
    """The names that busybox goes by; it runs with the libraries that it came with."""
    libraries = next(programs.glob("usr/lib/*/libc.so.6")).parent
    loader = next(libraries.glob("ld-linux-*"))
    argv = [loader, "--library-path", libraries, programs / "usr/bin/busybox", "--list"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()
