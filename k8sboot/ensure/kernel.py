"""Kernel modules and sysctls, now and at boot."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from k8sboot.ensure.files import file
from k8sboot.errors import Refused
from k8sboot.host.host import Host
from k8sboot.host.originals import PriorState
from k8sboot.host.snapshot import from_to
from k8sboot.kubernetes.kernel import brought_by
from k8sboot.templates import render
from k8sboot.text.numbers import whole


def modules(host: Host, path: str, wanted: tuple[str, ...], *, required: tuple[str, ...] = ()) -> None:
    """Load the modules that this kernel has, and list them in a modules-load.d file.

    A missing module is a notice, unless it is required: then Refused, before anything is changed.
    """
    names = tuple(dict.fromkeys((*required, *wanted)))
    states = {name: host.module(name) for name in names}
    missing = [name for name, state in states.items() if state in ("missing", "unloadable")]
    lacking = [name for name in missing if name in required]
    if lacking:
        raise Refused(
            f"the kernel {host.facts.kernel} has no module {', '.join(lacking)}",
            why="it is neither loaded, nor built in, nor among the installed modules",
            fix="install the kernel's extra modules, or a kernel that has them, or require fewer modules "
            "in the inventory",
            host=host.name,
            code="KB-KERNEL-MODULE",
        )
    if missing:
        host.notice("KB-KERNEL-MODULE-SKIPPED", f"this kernel has no {', '.join(missing)}: skipped")
    present = [name for name in names if name not in missing]
    file(host, path, render("modules.conf.j2", modules=present))
    load = [name for name in present if states[name] == "available"]
    if load:
        host.change(
            f"load modules {' '.join(load)}",
            *[PriorState("module", name) for name in load],
            *[["modprobe", "--", name] for name in load],
            diff="".join(from_to(f"module {name}", "not loaded", "loaded") for name in load),
            check=lambda: " ".join(
                f"{name} is {host.module(name)}" for name in load if host.module(name) != "loaded"
            ),
        )


def sysctls(host: Host, path: str, wanted: Mapping[str, str], *, floors: Collection[str] = ()) -> None:
    """Set the sysctls that this kernel has, now and in a sysctl.d file; missing ones are a notice.

    Those in floors are minimum values: a higher value of the system stays.
    """
    wanted = {k: v for k, v in wanted.items() if not (k in floors and _is_higher(host.sysctl(k), v))}
    wanted = {key: " ".join(value.split()) for key, value in wanted.items()}
    settable = {k: v for k, v in wanted.items() if _is_there(host, k) and not host.sysctl_is_fixed(k)}
    left_out = [key for key in wanted if key not in settable and host.sysctl(key) != wanted[key]]
    if left_out:
        host.notice(
            "KB-SYSCTL-SKIPPED",
            f"missing in this kernel, or cannot be set here: {', '.join(left_out)}: skipped",
        )
    file(host, path, render("sysctl.conf.j2", settings=settable))
    differing = {key: value for key, value in settable.items() if host.sysctl(key) != value}
    if differing:
        words = [f"{key}={value}" for key, value in differing.items()]
        host.change(
            f"set sysctls {' '.join(words)}",
            *[PriorState("sysctl", key, aim=value) for key, value in differing.items()],
            *[["sysctl", "-q", "-w", word] for word in words],
            diff="".join(
                from_to(k, host.sysctl(k) or f"missing until {brought_by(k)} is loaded", v)
                for k, v in differing.items()
            ),
            check=lambda: "; ".join(
                f"{k} is {host.sysctl(k)}" for k, v in differing.items() if host.sysctl(k) != v
            ),
        )


def _is_there(host: Host, key: str) -> bool:
    """Whether the kernel has the sysctl, or will have it in a dry run that plans to load its module."""
    if host.sysctl(key) is not None:
        return True
    module = brought_by(key)
    return host.is_ahead and module != "" and host.module(module) == "available"


def _is_higher(now: str | None, floor: str) -> bool:
    numbers = whole(now), whole(floor)
    return numbers[0] is not None and numbers[1] is not None and numbers[0] > numbers[1]
