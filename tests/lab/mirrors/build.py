#!/usr/bin/env python3
"""Build everything the lab's mirrors serve, into a cache outside the repository.

    python3 tests/lab/mirrors/build.py [--cache DIR]

The first build takes minutes, most of them for Kubernetes; a later one finds
the products of unchanged scripts and packages and takes no time.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from pathlib import Path

from makers import (
    debian,
    images,
    kubedebs,
    kubernetes,
    mixed,
    openssh,
    registry,
    signing,
    standins,
    tools,
    tree,
    yumcentos,
    yumdocker,
    yumfaults,
    yumkubernetes,
)
from makers.cache import Cache, default_root, say

CURRENT = "mirrors.json"


@dataclasses.dataclass(frozen=True)
class Products:
    """What the servers need: the registry's storage and the files' tree."""

    registry: Path
    www: Path


def build(cache: Cache) -> Products:
    """Make whatever is not in the cache yet, and note what is current."""
    with cache.locked():
        tools.install()
        key = signing.make(cache)
        utilities, docker = debian.make(cache, key)
        sources = images.Sources(kubernetes.make(cache), standins.make(cache))
        packages = kubedebs.make(cache, key, sources.kubernetes)
        storage = registry.make(cache, sources)
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
        www = tree.make(cache, key, roots)
        products = Products(storage, www)
        _note(cache, products)
        cache.forget_old()
    return products


def _note(cache: Cache, products: Products) -> None:
    """Write down, for serve.py, which products are current."""
    names = {name: path.name for name, path in vars(products).items()}
    new = cache.root / f".{CURRENT}.{os.getpid()}"
    new.write_text(json.dumps(names, indent=1) + "\n")
    new.replace(cache.root / CURRENT)


def main() -> None:
    """Parse the command line and build."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=default_root(), metavar="DIR")
    arguments = parser.parse_args()
    products = build(Cache(arguments.cache))
    say(f"ready: {products.registry.name}, {products.www.name} in {arguments.cache}")


if __name__ == "__main__":
    main()
