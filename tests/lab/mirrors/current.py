"""Build what a lab with a current Kubernetes needs, see makers/upstream.py."""

from __future__ import annotations

from pathlib import Path

from makers import (
    containerdio,
    debian,
    gomodule,
    images,
    kuberouter,
    openssh,
    pause,
    pkgsk8s,
    pkgsk8srpm,
    registry,
    repository,
    signing,
    standins,
    testimages,
    tools,
    tree,
    trixie,
    upstream,
    upstreamimages,
    yumcontainerd,
    yumrocky,
)
from makers.cache import Cache
from makers.tools import versions

CALICO = ("cni", "kube-controllers", "node", "typha")
C_LIBRARIES = ("gcc", "libc6-dev", "libseccomp-dev", "pkg-config")


def products(cache: Cache, release: upstream.Release, plugin: str) -> tuple[Path, Path]:
    """The registry's storage and the files' tree; what is not in the cache yet is made.

    plugin: of the pod network; kube-router is built for those only who ask for it.
    """
    tools.install(*C_LIBRARIES)
    key = signing.make(cache)
    utilities, _ = debian.make(cache, key)
    sources, table = _sources(cache, release), upstreamimages.table(release)
    if plugin == kuberouter.NAME:
        sources, table = kuberouter.added(cache, sources), (*table, kuberouter.IMAGE)
    scripts = Path(upstreamimages.__file__), Path(kuberouter.__file__)
    tests = testimages.make(cache, release.minor)
    inputs = *scripts, release, *sources.names(), *tests.inputs
    storage = registry.make(cache, (*table, *tests.table), sources, *inputs)
    roots = {
        repository.DEBIAN.path: utilities,
        **_docker(cache, key),
        **_kubernetes(cache, key, release, sources.kubernetes),
        yumrocky.PATH: yumrocky.make(cache, key, utilities),
        openssh.PATH: openssh.make(cache),
    }
    calico = {
        f"docker.io/calico/{name}:{images.CALICO}": f"quay.io/calico/{name}:{release.calico}"
        for name in CALICO
    }
    return storage, tree.make(cache, key, roots, calico)


def _sources(cache: Cache, release: upstream.Release) -> upstreamimages.Sources:
    return upstreamimages.Sources(
        kubernetes=gomodule.make(cache, upstream.kubernetes(release)),
        standins=standins.make(cache),
        coredns=gomodule.make(cache, upstream.coredns(release)),
        etcd=gomodule.make(cache, upstream.etcd(release)),
        metrics_server=gomodule.make(cache, upstream.METRICS_SERVER),
        pause=pause.make(cache),
        tools=trixie.make(cache),
    )


def _docker(cache: Cache, key: Path) -> dict[str, Path]:
    """Docker's apt and yum repositories."""
    containerd = gomodule.make(cache, upstream.CONTAINERD)
    runc = gomodule.make(cache, upstream.RUNC, versions(*C_LIBRARIES))
    return {
        repository.DOCKER.path: containerdio.make(cache, key, containerd, runc),
        yumcontainerd.PATH: yumcontainerd.make(cache, key, containerd, runc),
    }


def _kubernetes(cache: Cache, key: Path, release: upstream.Release, binaries: Path) -> dict[str, Path]:
    """Kubernetes' packages for apt and for dnf."""
    plugins = gomodule.make(cache, upstream.CNI_PLUGINS)
    crictl = gomodule.make(cache, upstream.CRI_TOOLS)
    return {
        maker.path(release): maker.make(cache, key, release, binaries, plugins, crictl)
        for maker in (pkgsk8s, pkgsk8srpm)
    }
