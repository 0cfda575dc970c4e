"""Lint of the `os` section and the cgroup driver. Reads the names of this machine's time zones."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from k8sboot.inventory.model import Spec
from k8sboot.inventory.problems import KeyPath, LintProblem
from k8sboot.kubernetes import registries

ZONES = Path("/usr/share/zoneinfo")
_FAMILIES = ("debian", "rhel")


def lint_os(spec: Spec) -> Iterator[LintProblem]:
    """Problems of time servers, the time zone, repositories, the cgroup driver and the kernel."""
    yield from _mirror(spec)
    yield from _time(spec)
    yield from _timezone(spec)
    yield from _repositories(spec)
    yield from _plain_http(spec)
    yield from _cgroup_driver(spec)
    yield from _kernel(spec)


def _mirror(spec: Spec) -> Iterator[LintProblem]:
    """`os.mirror` beside an equal `mirror` says nothing more; alone, it sets packages and not images.

    Without a version, the lines that keep an earlier cluster name its images.
    """
    mirror, said = spec.os.mirror, spec.said
    if "os.mirror" not in said or ("mirror" in said and mirror == spec.mirror):
        return
    message = (
        "`os.mirror` is the older form of `mirror`, which stands at the top and sets packages and images"
    )
    moved = registries.registry_of(mirror) != registries.registry_of(spec.mirror)
    if moved and "cluster.imageRepository" not in said and spec.cluster.kubernetes_version:
        images = f"; to keep the images, set `cluster: {{imageRepository: {spec.cluster.image_repository}}}` as well"
    else:
        images = ""
    fix = f"replace it by `mirror: {mirror}`{images}"
    yield LintProblem("KB-OLDER-FORM", message, (("os", "mirror"),), fix, is_warning=True)


def _time(spec: Spec) -> Iterator[LintProblem]:
    if spec.os.time_sync == "ntpdate" and not spec.os.ntp_servers:
        path: KeyPath = ("os", "ntpServers")
        message = f"timeSync is {spec.os.time_sync}, but ntpServers is empty"
        yield LintProblem("KB-TIME", message, (path,), "add a time server, or set `timeSync: none`")


def _timezone(spec: Spec) -> Iterator[LintProblem]:
    """A name that this machine's time zones do not have. Without any here, the hosts tell."""
    name = spec.os.timezone
    if name and ZONES.is_dir() and not (ZONES / name).is_file():
        area = (ZONES / name).parent
        known = [str(each.relative_to(ZONES)) for each in area.iterdir()] if area.is_dir() else []
        near = get_close_matches(name, known)
        fix = f"did you mean {near[0]}?" if near else "`timedatectl list-timezones` lists them"
        yield LintProblem("KB-TIMEZONE", f"there is no time zone {name}", (("os", "timezone"),), fix)


def _repositories(spec: Spec) -> Iterator[LintProblem]:
    for name, repository in spec.os.repositories.items():
        path: KeyPath = ("os", "repositories", name)
        family, is_for_family, _ = name.partition(".")
        if is_for_family and family not in _FAMILIES:
            message = f"unknown OS family {family}: no host would get this repository"
            fix = f"use `debian.NAME` or `rhel.NAME`, or `{name.replace('.', '-')}` for all hosts"
            yield LintProblem("KB-REPOSITORY-NAME", message, (path,), fix)
        if repository.fingerprint and not repository.key:
            message = "`fingerprint` has no effect without `key`"
            yield LintProblem("KB-REPOSITORY-KEY", message, ((*path, "fingerprint"),), "set `key` as well")
        if repository.suite.endswith("/") and repository.components:
            message = f"the suite {repository.suite} is that of a flat repository, which has no components"
            fix = "remove `components`, or set the name of a suite"
            yield LintProblem("KB-REPOSITORY-SUITE", message, ((*path, "components"),), fix)


def _plain_http(spec: Spec) -> Iterator[LintProblem]:
    """Packages and images that any machine on the way can see; their signatures and digests tell if it changed them."""
    names = [name for name, each in spec.os.repositories.items() if each.url.startswith("http://")]
    if names:
        message = f"packages of {', '.join(names)} come over plain HTTP: only their signatures protect them"
        path: KeyPath = ("os", "repositories", names[0], "url")
        yield LintProblem("KB-PLAIN-HTTP", message, (path,), "use https:// if it answers", is_warning=True)
    places = [mirror for mirror in spec.runtime.registry_mirrors if mirror.startswith("http://")]
    places = places or list(spec.runtime.insecure_registries)
    if places and spec.runtime.insecure_registries:  # without these there is another warning
        message = f"images of {', '.join(places)} may come over plain HTTP: only digests protect them"
        path = ("runtime", "insecureRegistries")
        fix = "use a registry with a certificate"
        yield LintProblem("KB-PLAIN-HTTP", message, (path,), fix, is_warning=True)


def _cgroup_driver(spec: Spec) -> Iterator[LintProblem]:
    driver = spec.kubeadm.kubelet_configuration.get("cgroupDriver", "systemd")
    if driver != "systemd":
        path: KeyPath = ("kubeadm", "kubeletConfiguration", "cgroupDriver")
        message = f"kubelet's cgroup driver is {driver}, but the runtime's is systemd: pods would be killed under load"
        yield LintProblem(
            "KB-CGROUP-DRIVER", message, (path,), "remove the key: k8sboot sets both to systemd"
        )


def _kernel(spec: Spec) -> Iterator[LintProblem]:
    if spec.os.kernel.packages and not spec.os.kernel.minimum:
        yield LintProblem(
            "KB-KERNEL-MINIMUM",
            "os.kernel.packages has no effect without os.kernel.minimum",
            (("os", "kernel", "packages"),),
            "set os.kernel.minimum: hosts with an older kernel get the packages",
        )
