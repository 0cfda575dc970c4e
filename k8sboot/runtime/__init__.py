"""Container runtimes, by their name in the inventory."""

from __future__ import annotations

from typing import NoReturn, get_args

from k8sboot.inventory.model import Spec
from k8sboot.inventory.runtime_settings import RuntimeName
from k8sboot.runtime.containerd import Containerd
from k8sboot.runtime.contract import Runtime
from k8sboot.runtime.docker import Docker

__all__ = ["RUNTIMES", "Runtime", "of"]


def of(spec: Spec) -> Runtime:
    """The runtime of the inventory."""
    return _named(spec.runtime.name)


def _named(name: RuntimeName) -> Runtime:
    # A name without a case is a type error: Argument 1 to "_never" has incompatible type "Literal['cri-o']".
    match name:
        case "docker":
            return Docker()
        case "containerd":
            return Containerd()
        case _:
            return _never(name)


def _never(name: NoReturn) -> NoReturn:
    """typing.assert_never, which Python 3.10 does not have."""
    raise AssertionError(f"no container runtime is called {name!r}")


RUNTIMES: tuple[Runtime, ...] = tuple(_named(name) for name in get_args(RuntimeName))
"""Every runtime that an inventory can name."""
