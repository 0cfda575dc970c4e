"""The container runtime on a host: its configuration, and whether it may be restarted there."""

from __future__ import annotations

from collections.abc import Sequence

from k8sboot import runtime
from k8sboot.cluster import Cluster
from k8sboot.desired.downloads import proxy_files
from k8sboot.desired.packages import asked_for
from k8sboot.errors import Refused
from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.peer import Peer
from k8sboot.osfamily import Wanted
from k8sboot.osfamily.family import upstream


def runtime_files(cluster: Cluster, host: Peer, *packages: Wanted, version: str = "") -> tuple[File, ...]:
    """The runtime's configuration on this host. Refused if it contradicts what is there, or stops others' containers.

    packages: the runtime's, as they will be installed; by default as the inventory requires them. version: of the
    runtime for which the configuration is; by default of the one that is installed.
    """
    engine = runtime.of(cluster.spec)
    version = version or upstream(host.package(next(iter(engine.packages(cluster.spec)))))
    files = (*engine.files(cluster.spec, host, version), *proxy_files(cluster.spec, host))
    asked = packages or tuple(asked_for(cluster.spec)[name] for name in engine.packages(cluster.spec))
    if is_restarted(host, engine, files, asked):
        refuse_to_stop_others(cluster, host)
    return files


def tell_kept(cluster: Cluster, host: Host) -> None:
    """Tell which settings of the operator's stay beside, or in place of, what k8sboot would write."""
    for code, text in runtime.of(cluster.spec).kept(cluster.spec, host):
        host.notice(code, text)


def refuse_misfit(cluster: Cluster, host: Peer, version: str) -> None:
    """Refused if this version of the runtime cannot serve the inventory's version of Kubernetes."""
    engine, kubernetes = runtime.of(cluster.spec), cluster.spec.cluster.version
    if misfit := engine.misfit(kubernetes, version):
        raise Refused(
            f"Kubernetes {kubernetes} cannot use {engine.name} {version}",
            why=misfit,
            fix="set `runtime.version`, or `runtime.packages` and `os.repositories`, so that the host gets a version "
            "that fits, or another cluster.kubernetesVersion; then run again",
            host=host.name,
            code="KB-VERSION-RUNTIME",
        )


def refuse_unfit_runtime(cluster: Cluster, host: Peer) -> None:
    """The same for the installed version, unless the inventory wants another one, which is looked at later."""
    name, wanted = next(iter(runtime.of(cluster.spec).packages(cluster.spec).items()))
    installed = host.package(name)
    if Wanted(name, wanted).is_met_by(installed):
        refuse_misfit(cluster, host, upstream(installed))


def refuse_to_stop_others(cluster: Cluster, host: Peer) -> None:
    """Refused if a restart stops containers that are not Kubernetes', unless the inventory allows it."""
    engine = runtime.of(cluster.spec)
    if not cluster.spec.runtime.allow_restart:
        _refuse_to_stop(host, engine)


def is_restarted(
    host: Peer, engine: runtime.Runtime, files: Sequence[File], packages: Sequence[Wanted]
) -> bool:
    """Whether a running runtime is going to be restarted: by a file, a package, or a run that was cut."""
    unit = host.unit(engine.unit)
    if unit.active != "active":
        return False
    return (
        unit.enabled != "enabled"  # ensure.service enables and restarts it
        or any(host.restart_is_due(each) for each in (engine.unit, *engine.lower_units))
        or any(file.restarts and not file.is_met_by(host.file(file.path)) for file in files)
        or any(not package.is_met_by(host.package(package.name)) for package in packages)
    )


def _refuse_to_stop(host: Peer, engine: runtime.Runtime) -> None:
    bystanders = engine.bystanders(host)
    if bystanders == ():
        return
    found = "unknown, because it does not answer" if bystanders is None else ", ".join(bystanders)
    raise Refused(
        f"a restart of {engine.name} would stop containers that are not Kubernetes'",
        why=f"its settings or packages change, and containers do not survive that here; running: {found}",
        fix=f"stop these containers, or {engine.keeps_containers}, or set `runtime.allowRestart: true`; then run again",
        host=host.name,
        code="KB-RUNTIME-RESTART",
    )
