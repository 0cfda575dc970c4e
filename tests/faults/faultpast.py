"""A machine on which somebody has set up a container runtime, and runs containers, before k8sboot comes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from faultclusters import LONG
from faultengines import Engine
from faulthosts import FaultyHost
from faultruns import Controller, Ran
from faultward import Ward

UP = ("up", "--yes", "--to", "container-runtime")
PLAN = ("plan", "--to", "container-runtime")
DOCKER_ROOT, CONTAINERD_ROOT = "/var/lib/docker/own", "/var/lib/containerd/own"
DAEMON_JSON: dict[str, Any] = {
    "data-root": DOCKER_ROOT,
    "bip": "10.200.0.1/24",
    "insecure-registries": ["old.lan:5000"],
    "log-opts": {"max-size": "10m"},
}
CONFIG_TOML = f"""\
version = 3
root = '{CONTAINERD_ROOT}'
disabled_plugins = ['io.containerd.grpc.v1.cri', 'io.containerd.snapshotter.v1.zfs']
oom_score = -7

[debug]
level = 'warn'

[plugins.'io.containerd.cri.v1.images']
max_concurrent_downloads = 5

[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = 'old.lan:5000/pause:3.1'

[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ['/usr/lib/cni']

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.own]
runtime_type = 'io.containerd.runc.v2'
"""
HOSTS_TOML = "/etc/containerd/certs.d/own.lan/hosts.toml"
OWN_REGISTRY = "server = 'https://own.lan'\n[host.'http://own.lan:5000']\n"
_PROGRAM = "$(readlink -f /bin/sleep) $(ldd /bin/sleep | grep -o '/[^ ]*')"
# An image of one program and its libraries, a volume with data, and a container that has both.
_IN_DOCKER = (
    "tar -C / -chf - $(readlink -f /bin/sleep | cut -c2-) $(ldd /bin/sleep | grep -o '/[^ ]*' | cut -c2-)"
    " | docker import - own:1 && docker volume create mine && docker run -d --name db --network none"
    " -v mine:/data own:1 $(readlink -f /bin/sleep) 99999"
)
# One in a namespace of its own, one where Docker has its containers, and one where kubelet's are.
NAMESPACES = ("own", "moby", "k8s.io")
_IN_CONTAINERD = f"""
mkdir -p /srv/db && cp -L --parents {_PROGRAM} /srv/db
for n in {" ".join(NAMESPACES)}; do
  ctr -n "$n" run -d --rootfs /srv/db db $(readlink -f /bin/sleep) 99999 || exit
done
"""


@contextlib.contextmanager
def controller_of(ward: Ward, folder: Path, host: str, *others: str) -> Iterator[Controller]:
    """One for tests in their order, of one host alone; made anew at the end, with others that they add."""
    with contextlib.closing(Controller(ward.lab, folder)) as made:
        made.only(host)
        yield made
    ward.lab.control("reset", host, *others)


@contextlib.contextmanager
def as_left(ward: Ward, name: str) -> Iterator[FaultyHost]:
    """A host as the test before has left it, but for what is to be undone."""
    found = ward.host(name)
    yield found
    found.undo.close()


def set_up(controller: Controller, host: FaultyHost, engine: Engine) -> None:
    """The runtime as its owner has set it up: k8sboot installs it, and what k8sboot wrote about it goes."""
    controller.run(*UP, within=LONG)
    socket = "docker.socket " if engine.is_docker else ""
    host.sh(f"systemctl stop {socket}{engine.name}; rm -rf /var/lib/k8sboot {engine.drop_ins}")
    host.sh(f"rm -rf /var/lib/{engine.name}/* /etc/containerd/certs.d; mkdir -p /var/lib/{engine.name}/own")
    text = json.dumps(DAEMON_JSON) if engine.is_docker else CONFIG_TOML
    host.path(engine.config).write_text(text)
    if not engine.is_docker:
        host.path(HOSTS_TOML).parent.mkdir(parents=True)
        host.path(HOSTS_TOML).write_text(OWN_REGISTRY)
    host.sh(f"systemctl daemon-reload; systemctl start {engine.name}")
    host.sh(_IN_DOCKER if engine.is_docker else _IN_CONTAINERD)


def containers(host: FaultyHost, engine: Engine) -> list[str]:
    """Their processes, which others have after a restart."""
    if engine.is_docker:
        return host.sh("docker inspect -f '{{.State.Pid}} {{.State.StartedAt}}' db").split()
    listed = (
        f"for n in {' '.join(NAMESPACES)}; do ctr -n $n task ls | grep ^db; done; pgrep -f '[s]leep 99999'"
    )
    return host.sh(listed).split()


def refuses(controller: Controller, host: FaultyHost, engine: Engine, code: str, *words: str) -> None:
    """plan and up refuse alike, before anything is changed."""
    before = containers(host, engine), host.path(engine.config).read_text()
    for command in (PLAN, UP):
        ran = controller.run(*command, expect=1, within=LONG)
        ran.blames(host.name, code, *words)
        assert untouched(ran)
    assert (containers(host, engine), host.path(engine.config).read_text()) == before


def untouched(ran: Ran) -> bool:
    """It has changed nothing, and tried nothing."""
    return ran.of("Changing") == [] and ran.of("Changed") == []
