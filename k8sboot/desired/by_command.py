"""What `up` refuses on a running cluster, since a change needs a command of its own."""

from __future__ import annotations

import shlex

from k8sboot.cluster import Cluster
from k8sboot.desired.kubeadm import is_member
from k8sboot.errors import Refused
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Reads
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import commands
from k8sboot.kubernetes.alternative_names import alternative_names
from k8sboot.kubernetes.ip_pools import MODES, pools
from k8sboot.kubernetes.paths import APISERVER_CERT


def reads(spec: Spec) -> Reads:
    """What these checks read on a host."""
    return Reads(files=(APISERVER_CERT,) if spec.cluster.cert_sans else ())


def refuse_missing_names(cluster: Cluster, host: Peer) -> None:
    """Refused if this master's certificate lacks a name of the inventory: kubeadm makes it once."""
    wanted = cluster.spec.cluster.cert_sans
    text = host.read_file(APISERVER_CERT) if wanted and host.role == "master" and is_member(host) else None
    if text is None:
        return
    there = alternative_names(text)
    missing = [name for name in wanted if name.lower() not in there]
    if missing:
        raise Refused(
            f"the API server's certificate lacks {', '.join(missing)} of cluster.certSANs",
            why=f"it is valid for {', '.join(sorted(there))}; `up` does not renew certificates",
            fix="remove from cluster.certSANs what it lacks, or renew the certificate (`k8sboot explain "
            "KB-CERT-SANS`), then run again; nothing was changed",
            host=host.name,
            code="KB-CERT-SANS",
        )


def refuse_other_encapsulation(cluster: Cluster, host: Peer) -> None:
    """Refused if Calico's pool has another encapsulation: its manifest sets it only when the pool is created."""
    settings = cluster.spec.calico
    if "calico.encapsulation" not in cluster.spec.said or not settings.enabled or not is_member(host):
        return
    answer = host.ask(commands.ip_pools())
    found = pools(answer.text) if answer.exit_status == 0 else ()
    other = next((pool for pool in found if pool.encapsulation != settings.encapsulation), None)
    if other:
        ipip, vxlan = MODES[settings.encapsulation]
        patch = f'{{"spec":{{"ipipMode":"{ipip}","vxlanMode":"{vxlan}"}}}}'
        raise Refused(
            f"Calico's pool {other.name} uses {other.encapsulation}, calico.encapsulation is "
            f"{settings.encapsulation}",
            why="Calico reads this setting when it creates the pool; with the new manifest and the old pool, Pods of "
            "different hosts could not reach each other",
            fix=f"set `calico.encapsulation: {other.encapsulation}`, or change the pool first, which interrupts the "
            f"Pods' network: `kubectl patch ippools.crd.projectcalico.org {shlex.quote(other.name)} --type merge "
            f"-p '{patch}'`; then run again; nothing was changed",
            host=host.name,
            code="KB-CALICO-POOL",
        )
