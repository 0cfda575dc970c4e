"""Taking a lab away, every trace of it, also after a crash or with its plan lost.

What belongs to a lab is known by its name: control groups, mounts and files by their path,
namespaces by their prefix, the bridge by its alias. No process is ended but those in the lab's
own control groups.
"""

import contextlib
import shutil
from pathlib import Path

from labkit import cgroups, disk, mirrors, network, plan
from labkit.errors import LabError
from labkit.process import run

HANDED_OUT = (
    "inventory.yaml",
    "inventory.new",
    "id_ed25519",
    "id_ed25519.pub",
    "kernels.json",
    "known_hosts",
    "ops-password",
)


def lab_names() -> list[str]:
    """Every lab that left anything: on disk, in control groups, in the network."""
    groups = {
        path.name
        for hierarchy in cgroups.hierarchies()
        for path in (hierarchy / cgroups.TOP).glob("*")
        if path.is_dir()
    }
    return sorted(groups | set(plan.names()) | set(network.cabled_names()))


def remove(name: str) -> None:
    """Remove whatever there is of the lab, in an order in which nothing holds the next."""
    lab = plan.load(name)
    if lab is not None:
        with contextlib.suppress(LabError):  # killed below if it does not stop
            mirrors.stop(lab)
    group = f"{cgroups.TOP}/{name}"
    if not cgroups.kill(group):
        raise LabError(f"lab {name}: processes {sorted(cgroups.processes(group))} do not end")
    disk.detach(plan.STATE / name)
    for namespace in Path("/run/netns").glob(f"k8sboot-{name}-k8s-*"):
        run("ip", "netns", "delete", namespace.name)
    for bridge in network.bridges(name):
        for cable in Path("/sys/class/net").glob(f"{bridge}h*"):
            run("ip", "link", "delete", cable.name, check=False)  # may have gone with its netns
        network.remove_bridge(bridge)
    cgroups.remove(group)
    _remove_files(name, plan.handout(name, Path(lab.checkout)) if lab else plan.handout(name))


def _remove_files(name: str, handout: Path) -> None:
    shutil.rmtree(plan.STATE / name, ignore_errors=True)
    for machine in Path("/run/systemd/nspawn").glob(f"*/k8sboot-{name}-k8s-*"):
        shutil.rmtree(machine, ignore_errors=True)
    for file in HANDED_OUT:
        (handout / file).unlink(missing_ok=True)
    parents = [handout, handout.parent] if handout.parent.name == ".lab" else [handout]
    for directory in (*parents, plan.STATE):
        with contextlib.suppress(OSError):  # another lab's things are in there
            directory.rmdir()
    if not cgroups.processes(cgroups.TOP):
        for hierarchy in cgroups.hierarchies():
            with contextlib.suppress(OSError):
                (hierarchy / cgroups.TOP).rmdir()
