"""Where containerd's settings stand in config.toml, which differs between the versions of that file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from k8sboot.runtime.settings import Tree

CRI = "io.containerd.grpc.v1.cri"
"""The plugin that serves kubelet, and until version 2 of the file holds all settings of it."""
_RUNTIME, _IMAGES = "io.containerd.cri.v1.runtime", "io.containerd.cri.v1.images"


@dataclass(frozen=True)
class Layout:
    """A version of config.toml. Sources: containerd docs/cri/config.md, docs/PLUGINS.md, release notes of 2.0 and 2.3.

    version: in the file. plugins: those without which containerd does not serve kubelet. runtime: the table of
    runtimes and networks. images: the table of registries. sandbox: the key of the pause image. bins: the key of the
    folder of CNI plugins; bin_lists: it holds a list.
    """

    version: int
    plugins: tuple[str, ...]
    runtime: tuple[str, ...]
    images: tuple[str, ...]
    sandbox: tuple[str, ...]
    bins: str
    bin_lists: bool

    def of_runtime(self, *keys: str) -> tuple[str, ...]:
        """A path in the table of runtimes and networks."""
        return (*self.runtime, *keys)

    def of_images(self, *keys: str) -> tuple[str, ...]:
        """A path in the table of registries."""
        return (*self.images, *keys)


def _split(version: int) -> Layout:
    runtime, images = ("plugins", _RUNTIME), ("plugins", _IMAGES)
    sandbox = (*images, "pinned_images", "sandbox")
    return Layout(version, (CRI, _RUNTIME, _IMAGES), runtime, images, sandbox, "bin_dirs", bin_lists=True)


_CRI_TABLE = ("plugins", CRI)
_TWO = Layout(2, (CRI,), _CRI_TABLE, _CRI_TABLE, (*_CRI_TABLE, "sandbox_image"), "bin_dir", bin_lists=False)
LAYOUTS = {2: _TWO, 3: _split(3), 4: _split(4)}
"""By version of the file. Version 4 moves the settings of the server alone."""


def layout_for(daemon: str) -> Layout:
    """What k8sboot writes for a version of containerd: 2 up to 1.7, which reads nothing newer, else 3."""
    return LAYOUTS[2 if major(daemon) < 2 else 3]


def newest_read_by(daemon: str) -> int:
    """The newest version of the file that this containerd reads; a newer one stops it."""
    numbers = tuple(int(each) for each in re.findall(r"\d+", daemon)[:2])
    return 2 if numbers < (2, 0) else 3 if numbers < (2, 3) else 4


def major(daemon: str) -> int:
    """1 of 1.6.33."""
    found = re.match(r"\d+", daemon)
    return int(found[0]) if found else 0


def value_at(tree: Tree, path: tuple[str, ...]) -> object:
    """What stands there; None for nothing."""
    found: object = tree
    for key in path:
        if not isinstance(found, dict) or key not in found:
            return None
        found = found[key]
    return found


def table_at(tree: Tree, path: tuple[str, ...]) -> Tree:
    """The table that stands there; an empty one for anything else."""
    found = value_at(tree, path)
    return found if isinstance(found, dict) else {}


def at(path: tuple[str, ...], value: object) -> Tree:
    """A tree with this value alone."""
    for key in reversed(path):
        value = {key: value}
    return value if isinstance(value, dict) else {}


def leaves(tree: Tree, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], object]:
    """Every value that is not a table, by its path."""
    found: dict[tuple[str, ...], object] = {}
    for key, value in tree.items():
        found.update(leaves(value, (*path, key)) if isinstance(value, dict) else {(*path, key): value})
    return found
