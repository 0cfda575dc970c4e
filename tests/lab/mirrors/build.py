#!/usr/bin/env python3
"""Build everything the lab's mirrors serve, into a cache outside the repository.

    python3 tests/lab/mirrors/build.py [--kubernetes MINOR] [--plugin kube-router] [--cache DIR]

MINOR is 1.20 unless said; others are built from Go modules, half an hour of
them for Kubernetes.  kube-router, a pod network, is built for them if asked
for.  The first build takes minutes, most of them for Kubernetes; a later one
finds the products of unchanged scripts and packages and takes no time.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from pathlib import Path

import current
from makers import (
    debian,
    images,
    kubedebs,
    kubernetes,
    kuberouter,
    mixed,
    openssh,
    registry,
    signing,
    standins,
    testimages,
    tools,
    tree,
    upstream,
    yumcentos,
    yumdocker,
    yumfaults,
    yumkubernetes,
)
from makers.cache import Cache, default_root, say

DEFAULT = "1.20"
MINORS = (DEFAULT, *upstream.RELEASES)
PLUGINS = ("calico", kuberouter.NAME)
"""Of the pod network; the first one's stand-ins are always built."""


@dataclasses.dataclass(frozen=True)
class Products:
    """What the servers need: the registry's storage and the files' tree."""

    registry: Path
    www: Path


def build(root: Path, minor: str, plugin: str = PLUGINS[0]) -> Products:
    """Make whatever of a minor is not in the cache yet, and note what is current."""
    if minor == DEFAULT and plugin != PLUGINS[0]:
        raise SystemExit(f"build: {plugin} is for a current Kubernetes, not for {minor}")
    cache = Cache(root, "" if minor == DEFAULT else minor)
    with cache.locked():
        products = _made(cache, minor, plugin)
        _note(note(cache.root, minor, plugin), products)
        cache.forget_old()
    return products


def note(root: Path, minor: str, plugin: str = PLUGINS[0]) -> Path:
    """The file that says which products of a minor are current."""
    parts = [minor] * (minor != DEFAULT) + [plugin] * (plugin != PLUGINS[0])
    return root / f"{'-'.join(('mirrors', *parts))}.json"


def _made(cache: Cache, minor: str, plugin: str) -> Products:
    if minor == DEFAULT:
        return _runbook(cache)
    return Products(*current.products(cache, upstream.RELEASES[minor], plugin))


def _runbook(cache: Cache) -> Products:
    """What the runbook's Kubernetes needs, on both families."""
    tools.install()
    key = signing.make(cache)
    utilities, docker = debian.make(cache, key)
    sources = images.Sources(kubernetes.make(cache), standins.make(cache))
    packages = kubedebs.make(cache, key, sources.kubernetes)
    names = (sources.kubernetes.name, sources.standins.name)
    tests = testimages.make(cache, DEFAULT)
    storage = registry.make(cache, (*images.IMAGES, *tests.table), sources, *names, *tests.inputs)
    yum_docker = yumdocker.make(cache, key, docker)
    yum_kubernetes = yumkubernetes.make(cache, key, sources.kubernetes)
    apt_products = {"docker": docker, "kubernetes": packages}
    yum_products = {"docker": yum_docker, "kubernetes": yum_kubernetes}
    roots = {
        **tree.repositories(utilities, docker, packages),
        **yumcentos.make(cache, key, utilities),
        yumdocker.PATH: yum_docker,
        yumkubernetes.PATH: yum_kubernetes,
        yumfaults.PATH: yumfaults.make(cache, key),
        openssh.PATH: openssh.make(cache),
        mixed.PATH: mixed.make(cache, apt_products, yum_products),
    }
    return Products(storage, tree.make(cache, key, roots))


def _note(path: Path, products: Products) -> None:
    """Write down, for serve.py, which products are current."""
    names = {name: path.name for name, path in vars(products).items()}
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(json.dumps(names, indent=1) + "\n")
    new.replace(path)


def main() -> None:
    """Parse the command line and build."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kubernetes", choices=MINORS, default=DEFAULT, metavar="MINOR")
    parser.add_argument("--plugin", choices=PLUGINS, default=PLUGINS[0])
    parser.add_argument("--cache", type=Path, default=default_root(), metavar="DIR")
    arguments = parser.parse_args()
    products = build(arguments.cache, arguments.kubernetes, arguments.plugin)
    say(f"ready: {products.registry.name}, {products.www.name} in {arguments.cache}")


if __name__ == "__main__":
    main()
