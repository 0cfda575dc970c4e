"""Chapter 2.8: kube-proxy's mode, as configured and as running on every host."""

from __future__ import annotations

from functools import partial

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.desired.proxy import modules_for_proxy, proxy_fields
from k8sboot.diagnosis.diagnose import NODES
from k8sboot.errors import Refused
from k8sboot.host.host import Host
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Question, Reads, union
from k8sboot.host.snapshot import from_to
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import commands, comparing
from k8sboot.kubernetes import kube_proxy as proxies
from k8sboot.kubernetes.answers import read_object
from k8sboot.kubernetes.paths import KUBELET_CONF
from k8sboot.kubernetes.ports import PROXY_METRICS
from k8sboot.paths import KUBE_PROXY_PATCH
from k8sboot.phase import everyone, first_master, phase
from k8sboot.secret import Secret

FIRST, EACH = 300, 30
"""Seconds for the first new kube-proxy, and for each further one: the DaemonSet replaces them one by one."""
WHOLE_CONFIG = commands.get("configmap", "kube-proxy", namespace="kube-system")
MODE = Question(
    "proxy-mode",
    f"[ -f {KUBELET_CONF} ] || exit 1; timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/{PROXY_METRICS}; "
    'printf "GET /proxyMode HTTP/1.0\\r\\n\\r\\n" >&3; tail -n 1 <&3\'',
)


def _reads(spec: Spec) -> Reads:
    mode, scheduler = spec.proxy_mode, spec.kube_proxy.scheduler
    return Reads(modules=proxies.possible_modules(spec.cluster.release, mode=mode, scheduler=scheduler))


@phase(
    on=first_master,
    reads=_reads,
    after=("kernel", "kubeadm-init"),
    needs=("kubeadm-init",),
    scope="cluster",
)
def kube_proxy(cluster: Cluster, host: Host) -> None:
    """Set kube-proxy's mode and configuration."""
    running, fields = ensure.running_cluster(host), proxy_fields(cluster.spec)
    if proxies.set_config(running.proxy_config_map, fields):
        _refuse_without_modules(cluster)
        whole = read_object(ensure.api_says(host, WHOLE_CONFIG), asked="the ConfigMap kube-proxy")
        found = list(comparing.differing(fields, running.proxy_configuration, where="kube-proxy"))
        is_switch = any(each.key == "kube-proxy.mode" for each in found)
        host.change(
            f"set kube-proxy's mode to {fields['mode']}" if is_switch else "set kube-proxy's configuration",
            commands.replace(KUBE_PROXY_PATCH),
            commands.rollout_restart("daemonset", "kube-proxy", namespace="kube-system"),
            diff="".join(from_to(each.key, each.found, each.wanted) for each in found),
            secrets={KUBE_PROXY_PATCH: Secret(proxies.set_config(whole, fields))},
        )


def _refuse_without_modules(cluster: Cluster) -> None:
    """Where a module is not loaded, kube-proxy exits, or falls back to iptables and only logs it."""
    mode, lacking = cluster.spec.proxy_mode, []
    for peer in cluster.everyone:
        needed = modules_for_proxy(cluster.spec, peer)
        missing = peer.check(partial(_missing_modules, peer, needed))
        lacking += [f"{peer.name} has not loaded {missing}"] if missing else []
    if lacking:
        raise Refused(
            f"kube-proxy is not switched to {mode}: {'; '.join(lacking)}",
            why=_without_modules(cluster),
            fix="run `k8sboot phase kernel kube-proxy kube-proxy-mode`, which loads them or reports what is missing",
            code="KB-KUBE-PROXY-MODULES",
        )


def _without_modules(cluster: Cluster) -> str:
    if cluster.spec.cluster.release.ipvs_without_modules == "runs iptables":
        return "without the modules, kube-proxy silently falls back to iptables on that host"
    return "without the modules, kube-proxy exits on that host: Services would not be reachable from it"


def _missing_modules(peer: Peer, needed: tuple[str, ...]) -> str:
    return ", ".join(name for name in needed if peer.module(name) != "loaded")


@phase(
    on=everyone,
    reads=lambda spec: union((_reads(spec), Reads(questions=(MODE,)), ensure.left_reads(spec.proxy_mode))),
    after=("kube-proxy", "join-masters", "join-nodes"),
    diagnosis=NODES,
)
def kube_proxy_mode(cluster: Cluster, host: Host) -> None:
    """Check the mode in which kube-proxy runs on every host, and remove what it left of another one."""
    mode = cluster.spec.proxy_mode
    missing = [name for name in modules_for_proxy(cluster.spec, host) if host.module(name) != "loaded"]
    aim = f"kube-proxy to run in mode {mode}"
    if missing:
        host.expect(aim, lambda: _other_mode(host, mode, missing))
    else:  # the probe may have run before the mode was changed
        enough = FIRST + EACH * len(cluster.everyone)
        host.wait(aim, lambda: _other_mode(host, mode, missing), timeout=enough)
    ensure.no_other_mode(host, mode)


def _other_mode(host: Host, wanted: str, missing: list[str]) -> str:
    mode = host.answer(MODE).text.strip()
    lacking = f"; its kernel {host.facts.kernel} has not loaded {', '.join(missing)}" if missing else ""
    found = f"it runs {mode}" if mode else f"no answer on 127.0.0.1:{PROXY_METRICS}"
    return "" if mode == wanted else found + lacking
