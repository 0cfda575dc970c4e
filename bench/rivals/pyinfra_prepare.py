"""The end state of k8sboot's phases up to Kubernetes' packages, for pyinfra: the same tasks as Ansible's playbook."""

from __future__ import annotations

from pyinfra import host
from pyinfra.facts.server import Command
from pyinfra.operations import apt, files, server, systemd

recipe = host.data.recipe

server.hostname(name="Host name", hostname=recipe["name"])
written = [
    files.put(name=f"File {each['path']}", src=each["source"], dest=each["path"], mode=each["mode"])
    for each in recipe["files"]
]


def is_any_written() -> bool:
    """Whether a file was changed, known when it is asked."""
    return any(each.did_change() for each in written)


server.shell(name="Settings of the kernel", commands=["sysctl --system"], _if=is_any_written)
systemd.daemon_reload(name="Units read again", _if=is_any_written)
if host.get_fact(Command, "sed 1d /proc/swaps"):
    server.shell(name="No swap", commands=["swapoff -a"])
files.link(name="Time zone", path="/etc/localtime", target=recipe["timezone"])
apt.update(name="Package lists", _if=is_any_written)
apt.packages(name="Packages", packages=recipe["packages"], no_recommends=True)
if missing := sorted(set(recipe["held"]) - set((host.get_fact(Command, "apt-mark showhold") or "").split())):
    server.shell(name="Holds", commands=[f"apt-mark hold {' '.join(missing)}"])
for unit in recipe["units"]:
    systemd.service(
        name=f"Unit {unit['name']}",
        service=unit["name"],
        enabled=True,
        running=True if unit["is_running"] else None,
    )
