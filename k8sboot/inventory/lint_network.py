"""Lint of the pod network and of kube-proxy. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from k8sboot.inventory.model import Spec
from k8sboot.inventory.problems import KeyPath, LintProblem
from k8sboot.kubernetes import releases
from k8sboot.kubernetes.release_table import RELEASES

_KUBERNETES: KeyPath = ("cluster", "kubernetesVersion")
_MODE: KeyPath = ("kubeProxy", "mode")
_FREE_MODE: KeyPath = ("kubeadm", "kubeProxyConfiguration", "mode")


_PLUGIN: KeyPath = ("network", "plugin")
_ENABLED: KeyPath = ("calico", "enabled")
_CALICO_NFTABLES = 31
"""The minor version of Calico 3 from which on it works with nftables; before, that was a preview."""


def lint_network(spec: Spec) -> Iterator[LintProblem]:
    """Problems of the pod network's plugin, and of keys that have no effect with it."""
    yield from _plugin(spec)
    yield from _older_form(spec)
    yield from _without_effect(spec)
    yield from _typha(spec)


def _plugin(spec: Spec) -> Iterator[LintProblem]:
    if spec.network.plugin == "manifest" and not spec.network.manifest:
        message = "network.plugin is manifest, and network.manifest is not set"
        fix = "set `network.manifest` to the URL or the file of the plugin's manifest, and `network.sha256`"
        yield LintProblem("KB-NETWORK-PLUGIN", message, (_PLUGIN,), fix)


def _older_form(spec: Spec) -> Iterator[LintProblem]:
    if spec.calico.enabled:
        return
    is_said = "network.plugin" in spec.said
    if is_said and spec.network.plugin == "calico":
        message = "network.plugin is calico, and calico.enabled is false"
        yield LintProblem("KB-NETWORK-PLUGIN", message, (_ENABLED, _PLUGIN), "remove `calico.enabled`")
    else:
        message = "`calico.enabled: false` is the older form of `network.plugin: none`"
        fix = "remove it" if is_said else "replace it by `network: {plugin: none}`"
        yield LintProblem("KB-OLDER-FORM", message, (_ENABLED,), fix, is_warning=True)


def _without_effect(spec: Spec) -> Iterator[LintProblem]:
    plugin, said = spec.plugin, sorted(spec.said - {"calico.enabled"})
    idle = [key for key in said if plugin != "calico" and key.startswith("calico.")]
    manifest = {"network.manifest": spec.network.manifest, "network.sha256": spec.network.sha256}
    idle += [key for key, value in manifest.items() if plugin != "manifest" and value]
    if idle:
        not_done = "" if plugin == "calico" else ": k8sboot does not install Calico"
        message = f"network.plugin is {plugin}{not_done}; no effect: {', '.join(idle)}"
        about: tuple[KeyPath, ...] = tuple((*key.split("."),) for key in idle)
        yield LintProblem(
            "KB-NO-EFFECT", message, about, "remove these keys, or set another plugin", is_warning=True
        )


def _typha(spec: Spec) -> Iterator[LintProblem]:
    path: KeyPath = ("calico", "typhaReplicas")
    replicas, hosts = spec.calico.typha_replicas, len(spec.hosts)
    if replicas > hosts:
        message = (
            f"typhaReplicas is {replicas}, but there are only {hosts} hosts: each runs at most one replica"
        )
        yield LintProblem(
            "KB-TYPHA", message, (path,), "remove the key: the default derives it from the number of hosts"
        )
    elif replicas == 0 and hosts > 50:
        message = f"typhaReplicas is 0: without Typha, {hosts} hosts put a heavy load on the API server"
        yield LintProblem(
            "KB-TYPHA",
            message,
            (path,),
            "remove the key: the default derives it from the number of hosts",
            is_warning=True,
        )


def _calico_with_nftables(spec: Spec) -> Iterator[LintProblem]:
    is_upstreams = spec.plugin == "calico" and not spec.calico.manifest
    _, minor, _ = spec.calico.version.removeprefix("v").split(".")
    if is_upstreams and int(minor) < _CALICO_NFTABLES:
        message = f"Calico {spec.calico.version} does not work with kube-proxy's mode nftables"
        fix = f"set `calico.version` to a v3.{_CALICO_NFTABLES} or later release, or `kubeProxy: {{mode: iptables}}`"
        yield LintProblem("KB-PROXY-MODE", message, (("calico", "version"), _MODE), fix)


def lint_proxy_mode(spec: Spec) -> Iterator[LintProblem]:
    """Problems of kube-proxy's mode with this release."""
    mode, release, free = spec.proxy_mode, spec.cluster.release, spec.kubeadm.kube_proxy_configuration
    path = _FREE_MODE if "mode" in free else _MODE
    if not free.get("mode", mode):
        message = "this removes kube-proxy's mode: each release would choose its own"
        yield LintProblem("KB-PROXY-MODE", message, (path,), "remove it, and set `kubeProxy.mode`")
    elif mode not in release.proxy_modes:
        since = next((row.name for row in RELEASES if mode in row.proxy_modes), "")
        needs = f": Kubernetes {since} or later has it" if since else ""
        message = f"kube-proxy {release.name} has no mode {mode}{needs}"
        fix = f"set `kubeProxy: {{mode: {release.proxy_default}}}`"
        yield LintProblem("KB-PROXY-MODE", message, (path, _KUBERNETES), fix)
    elif mode == "ipvs" and release.ipvs_is_deprecated:
        message = f"kube-proxy's mode ipvs is deprecated: {releases.IPVS_ENDS}"
        fix = "set `kubeProxy: {mode: iptables}`, or nftables where every host's kernel is 5.13 or later"
        yield LintProblem("KB-PROXY-MODE", message, (path, _KUBERNETES), fix, is_warning=True)
    elif mode == "nftables":
        yield from _calico_with_nftables(spec)
