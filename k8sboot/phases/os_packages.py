"""Chapter 2.1: repositories, the runbook's tools, and an optional update of all other packages."""

from __future__ import annotations

from k8sboot import ensure, osfamily
from k8sboot.cluster import Cluster
from k8sboot.desired import downloads
from k8sboot.desired.kept import tell_kept_mirror
from k8sboot.desired.packages import runtime_packages
from k8sboot.diagnosis.diagnose import PACKAGES
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads, union
from k8sboot.inventory.model import Spec
from k8sboot.osfamily import Family, Wanted
from k8sboot.phase import When, everyone, phase

MANY_KEYS = 2
"""Key files per repository that the first probe reads."""


def _reads(spec: Spec) -> Reads:
    return union((downloads.reads(spec), *(_reads_of(family, spec) for family in osfamily.FAMILIES)))


def _reads_of(family: Family, spec: Spec) -> Reads:
    names = dict.fromkeys((*family.repository_names, *(n.rpartition(".")[2] for n in spec.os.repositories)))
    keys = (path for name in names for index in range(MANY_KEYS) for path in family.key_paths(name, index))
    own = Reads(
        files=(*keys, *(family.repository_path(name) for name in names), family.paths.logins),
        packages=(*family.base_packages, *family.tools, *spec.os.packages),
    )
    return union((own, family.reads))


@phase(on=everyone, reads=_reads, after=("preflight",), diagnosis=PACKAGES)
def os_packages(cluster: Cluster, host: Host) -> None:
    """Configure the proxy, the repositories and their keys, and install the runbook's tools."""
    family, spec = osfamily.of(host), cluster.spec
    ensure.files(host, *downloads.proxy_files(spec, host))
    sources = family.repositories(host, spec, runtime_packages(spec))
    tell_kept_mirror(spec, host, sources)
    ensure.repositories(host, sources)
    tools = (*family.tools_of(host, spec), *spec.os.packages)
    ensure.packages(
        host,
        *(Wanted(name) for name in family.base_packages),
        *(Wanted(name, is_optional=True) for name in tools if name not in family.base_packages),
    )


@phase(
    on=everyone,
    when=When(lambda spec: spec.os.update, otherwise="os.update is false"),
    after=("preflight",),
    diagnosis=PACKAGES,
)
def os_update(cluster: Cluster, host: Host) -> None:
    """Update all packages except the kernel and held ones."""
    family = osfamily.of(host)
    pending = family.updates(host)
    if pending:
        family.update(host, pending)
