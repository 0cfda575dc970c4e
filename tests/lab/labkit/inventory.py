"""The inventory that k8sboot is given: the lab's hosts, logins and mirrors."""

import hashlib
from pathlib import Path

from labkit import mirrors, plugins, releases, repositories
from labkit.families.debian import PASSWORD
from labkit.plan import Host, Lab

RUNTIMES = {
    "docker": """\
  name: docker
  packages: {packages}
  insecureRegistries: ["{registry}"]
""",
    "containerd": """\
  name: containerd
  registries:
    registry.k8s.io: {{mirrors: ["http://{registry}"]}}
    quay.io: {{mirrors: ["http://{registry}"]}}
    docker.io: {{mirrors: ["http://{registry}"]}}
""",
}
CGROUP_V1 = "  allowCgroupV1: true   # no real host of yours should need it\n"

SHARED_KERNEL = """\
kubeProxy:
  mode: iptables        # this kernel has no ip_vs
kubeadm:
  # nf_conntrack_max is not writable from a network namespace
  kubeProxyConfiguration: {conntrack: {maxPerCore: 0}}
  kubeletConfiguration:
    # kubelet 1.20 calls the control plane's pods ready when it looks at them next, by default up to 90 s later
    syncFrequency: 10s
    # kubelet counts what others use of this machine's disk as used: it would delete images and evict pods
    imageGCHighThresholdPercent: 100
    imageGCLowThresholdPercent: 99
    evictionHard: {nodefs.available: 1%, nodefs.inodesFree: 1%, imagefs.available: 1%, memory.available: 100Mi}
"""


def write(lab: Lab, *, with_mirrors: bool, proxy: str = SHARED_KERNEL, cgroup_v1: bool = True) -> Path:
    """Write the inventory, and the password that it points at. cgroup_v1: its hosts have control groups v1."""
    password = lab.handout / "ops-password"
    password.touch(mode=0o600)
    password.write_text(f"{PASSWORD}\n")
    digest = (
        hashlib.sha256(mirrors.fetch(lab, plugins.MANIFESTS[lab.plugin])).hexdigest()
        if with_mirrors
        else None
    )
    fingerprint = mirrors.fingerprint(lab) if with_mirrors else ""
    path = lab.handout / "inventory.yaml"
    path.with_suffix(".new").write_text(_text(lab, digest, fingerprint, cgroup_v1=cgroup_v1) + proxy)
    path.with_suffix(".new").rename(path)
    return path


def _text(lab: Lab, manifest_digest: str | None, fingerprint: str, *, cgroup_v1: bool) -> str:
    masters = [host for host in lab.hosts if host.role == "master"]
    nodes = [host for host in lab.hosts if host.role == "node"]
    versions = releases.find(lab.kubernetes)
    registry = f"{lab.gateway}:5000"
    has_docker = versions["runtime"] == "docker"
    images = registry if has_docker else "registry.k8s.io"
    runtime = RUNTIMES[versions["runtime"]].format(
        registry=registry, packages=repositories.docker_packages(lab)
    )
    return f"""\
# Written by `tests/lab/lab up`; `lab down` removes it.
cluster:
  name: {lab.name}
  kubernetesVersion: v{versions["version"]}
  controlPlaneEndpoint: {masters[0].address}:6443
  imageRepository: {images}
ssh:
  identityFile: {lab.handout}/id_ed25519
  knownHostsFile: {lab.handout}/known_hosts
  hostKeyPolicy: strict
mirror: aliyun
masters:
{_entries(lab, masters)}nodes:{_entries(lab, nodes, first=chr(10)) if nodes else " []" + chr(10)}os:
  timezone: Asia/Shanghai
  timeSync: chrony
  ntpServers: [{lab.gateway}]
{CGROUP_V1 if cgroup_v1 and releases.needs_cgroup_v2(lab.kubernetes) else ""}  repositories:
{repositories.yaml(lab, fingerprint)}runtime:
{runtime}{_network(lab, manifest_digest)}metricsServer:
  image: {images}/metrics-server/metrics-server:{versions["metrics-server"]}
"""


def _network(lab: Lab, manifest_digest: str | None) -> str:
    """The pod network's sections."""
    pinned = f"  sha256: {manifest_digest}\n" if manifest_digest else ""
    manifest = f"  manifest: http://{lab.gateway}:8080/{plugins.MANIFESTS[lab.plugin]}\n{pinned}"
    if lab.plugin != plugins.DEFAULT:
        return f"network:\n  plugin: manifest\n{manifest}"
    versions = releases.find(lab.kubernetes)
    has_docker = versions["runtime"] == "docker"
    moved = f"  imageRepository: {lab.gateway}:5000/calico\n" if has_docker else ""
    return f"calico:\n  version: {versions['calico']}\n{manifest}{moved}"


def _entries(lab: Lab, hosts: list[Host], first: str = "") -> str:
    return first + "".join(_entry(lab, host) for host in hosts)


def _entry(lab: Lab, host: Host) -> str:
    if host.login != "ops":
        return f"  - {{name: {host.name}, address: {host.address}, ssh: {{user: {host.login}}}}}\n"
    secret = f"{{file: {lab.handout}/ops-password}}"
    return (
        f"  - name: {host.name}\n    address: {host.address}\n"
        f"    ssh: {{user: ops, password: {secret}, sudoPassword: {secret}}}\n"
    )
