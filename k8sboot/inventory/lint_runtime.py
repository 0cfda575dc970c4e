"""Lint of the container runtime: its version, its registries and its configuration. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from k8sboot.inventory.model import Spec
from k8sboot.inventory.problems import KeyPath, LintProblem
from k8sboot.inventory.registries import as_lines, translated
from k8sboot.kubernetes import releases
from k8sboot.kubernetes.release import Release
from k8sboot.kubernetes.versions import KubernetesVersion

_KUBERNETES: KeyPath = ("cluster", "kubernetesVersion")
_REGISTRIES: KeyPath = ("runtime", "registries")
_CONFIG: KeyPath = ("runtime", "config")


def lint_runtime(spec: Spec) -> Iterator[LintProblem]:
    """Problems of the `runtime` section, but for the versions that must fit together: see runtime_misfit."""
    if spec.runtime.name == "docker":
        yield from _docker(spec)
    else:
        yield from _containerd(spec)


def runtime_misfit(spec: Spec, version: KubernetesVersion) -> Iterator[LintProblem]:
    """The runtime that this version of Kubernetes cannot use, as far as the inventory tells."""
    release, paths = version.release, (_KUBERNETES, ("runtime", "name"))
    needed = releases.containerd_needed(release)
    if spec.runtime.name == "docker" and (misfit := releases.docker_misfit(release)):
        fitting = releases.newest_with_dockershim()
        needs = f"{release.name} (end of life {release.ends}) needs {needed}"
        message = f"Kubernetes {version} cannot use Docker: {misfit}; {needs}"
        fix = f"set `runtime.name: containerd`, or use {fitting.newest} (end of life {fitting.ends})"
        yield LintProblem("KB-VERSION-RUNTIME", message, paths, fix)
    elif spec.runtime.name == "containerd" and (misfit := _misfit(release, spec.runtime.version)):
        path: KeyPath = ("runtime", "version")
        fix = "remove `runtime.version` to get a version that fits, or set another one"
        yield LintProblem("KB-VERSION-RUNTIME", misfit, (path, _KUBERNETES), fix)


def _misfit(release: Release, prefix: str) -> str:
    """Why no version of containerd that begins so fits; '' where one does, or the prefix leaves it open."""
    bare = prefix.partition("-")[0]
    if not bare or not releases.containerd_misfit(release, f"{bare}.999999"):
        return ""
    return releases.containerd_misfit(release, bare if "." in bare else f"{bare}.0")


def _docker(spec: Spec) -> Iterator[LintProblem]:
    for path, value in ((_REGISTRIES, spec.runtime.registries), (_CONFIG, spec.runtime.config)):
        if value:
            message = f"`{'.'.join(map(str, path))}` is for containerd, and `runtime.name` is docker"
            fix = (
                "use runtime.registryMirrors and insecureRegistries, or /etc/docker/daemon.json on the hosts"
            )
            yield LintProblem("KB-REGISTRY", message, (path,), fix)
    for index, mirror in enumerate(spec.runtime.registry_mirrors):
        host = urlsplit(mirror).netloc
        if mirror.startswith("http://") and host not in spec.runtime.insecure_registries:
            message = (
                f"Docker does not use the HTTP mirror {host}: it is not listed in runtime.insecureRegistries"
            )
            fix = f"add `{host}` to runtime.insecureRegistries"
            yield LintProblem(
                "KB-REGISTRY", message, (("runtime", "registryMirrors", index),), fix, is_warning=True
            )


def _containerd(spec: Spec) -> Iterator[LintProblem]:
    yield from _dockers_lists(spec)
    yield from _logins(spec)
    yield from _own_keys(spec)
    for path, value in _values(spec.runtime.config, _CONFIG):
        if value is None:
            message = "TOML has no null: this key cannot be written to containerd's config.toml"
            yield LintProblem("KB-VALUE", message, (path,), "remove it, or set a value")


def _dockers_lists(spec: Spec) -> Iterator[LintProblem]:
    """registryMirrors and insecureRegistries are read as registries; what these cannot hold is refused."""
    for index, each in enumerate(spec.runtime.insecure_registries):
        if "/" in each:
            message = f"{each} is a network: containerd needs every registry by its name"
            path: KeyPath = ("runtime", "insecureRegistries", index)
            yield LintProblem("KB-REGISTRY", message, (path,), "list its registries in runtime.registries")
    found = translated(spec.runtime)
    if twice := [name for name in found if name in spec.runtime.registries]:
        message = f"{', '.join(twice)} is in `runtime.registries` and in Docker's lists of registries"
        fix = "remove registryMirrors and insecureRegistries"
        yield LintProblem("KB-REGISTRY", message, (_REGISTRIES,), fix)
    elif found:
        key = "registryMirrors" if spec.runtime.registry_mirrors else "insecureRegistries"
        message = f"`runtime.{key}` has Docker's form; containerd gets what it means"
        fix = f"write `registries: {{{as_lines(found)}}}` instead of registryMirrors and insecureRegistries"
        yield LintProblem("KB-REGISTRY", message, (("runtime", key),), fix, is_warning=True)


def _logins(spec: Spec) -> Iterator[LintProblem]:
    for name, each in spec.runtime.registries.items():
        path: KeyPath = (*_REGISTRIES, name)
        if bool(each.user) != (each.password is not None):
            missing, there = ("password", "user") if each.user else ("user", "password")
            message = f"`{there}` has no effect without `{missing}`"
            yield LintProblem("KB-REGISTRY", message, (path,), f"set `{missing}` as well")
        if each.user and (plain := [url for url in each.mirrors if url.startswith("http://")]):
            message = f"the login of {name} goes to {plain[0]} over plain HTTP, which any machine on the way can read"
            fix = "use https:// if it answers"
            yield LintProblem("KB-PLAIN-HTTP", message, ((*path, "mirrors"),), fix, is_warning=True)


def _own_keys(spec: Spec) -> Iterator[LintProblem]:
    for key, own in {
        "version": "k8sboot takes the one that containerd reads",
        "root": "use runtime.dataRoot",
    }.items():
        if key in spec.runtime.config:
            yield LintProblem("KB-VALUE", f"`{key}` cannot be set here", ((*_CONFIG, key),), own)


def _values(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, object]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _values(inner, (*path, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _values(inner, (*path, index))
    else:
        yield path, value
