"""What a fake cluster answers to `status`: its API servers, etcd's metrics, and all of kube-system."""

from __future__ import annotations

import base64
import datetime
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from fake_answers import daemon_set, deployment, pod, token_secret
from fake_rows import rows
from fake_state import Reply

from k8sboot.kubernetes.overview import FIELDS, LEADERS
from k8sboot.kubernetes.paths import ADMIN_CONF

if TYPE_CHECKING:
    from fake_cluster import FakeCluster
    from fake_host import FakeConnection


def api_ready(host: FakeConnection, _words: list[str]) -> Reply | str:
    """The API server of a master is ready."""
    return "ok\n" if ADMIN_CONF in host.files else (1, "", "")


def etcd_metrics(members: Iterable[str], own: str, *, alive: Iterable[str], leader: str) -> str:
    """The metrics of the member `own`. alive: the members that run."""
    others = {name: etcd_id(name) for name in members if name != own}
    labels = {name: f'Local="{etcd_id(own)}",Remote="{each}"' for name, each in others.items()}
    lines = [
        f"etcd_server_has_leader {int(bool(leader))}",
        f"etcd_server_is_leader {int(leader == own)}",
        f'etcd_server_id{{server_id="{etcd_id(own)}"}} 1',
        'etcd_server_version{server_version="3.5.6"} 1',
        *(f"etcd_network_known_peers{{{each}}} 1" for each in labels.values()),
        *(f"etcd_network_active_peers{{{each}}} {int(n in alive)}" for n, each in labels.items()),
        "etcd_mvcc_db_total_size_in_bytes 4.3e+06",
        "etcd_server_quota_backend_bytes 2.147483648e+09",
    ]
    return "".join(f"{line}\n" for line in lines)


def etcd_id(name: str) -> str:
    """As FakeEtcd gives them."""
    return f"{0xA0 + int(name[1:]):x}"


def cluster_status(cluster: FakeCluster, host: FakeConnection) -> str:
    """The parts, as scripts/cluster-status.sh prints them."""
    assert ADMIN_CONF in host.files
    return told(rows(_objects(cluster), FIELDS), cluster.etcd.ctl(["member", "list", "--write-out", "json"]))


def told(overview: str, members: str, *, status: int = 0) -> str:
    """These answers of kubectl as parts."""

    def part(name: str, text: str) -> str:
        return f"part {name} {status} .{base64.b64encode(text.encode()).decode()}\n"

    return f"{part('overview', overview)}{part('members', members)}now {time.time():.0f}\n"


def _objects(cluster: FakeCluster) -> Iterator[Mapping[str, Any]]:
    yield from (_node(cluster, name) for name in cluster.members)
    yield from map(daemon_set, ("kube-proxy", "calico-node"))
    yield from map(deployment, ("metrics-server", "coredns"))
    yield from (_static_pod("kube-apiserver", name) for name in cluster.etcd)
    for name in cluster.members:
        yield pod(name) | ({"status": {"phase": "Pending"}} if name in cluster.unready else {})
    yield from (lease(name, cluster.etcd[0]) for name in LEADERS)
    yield from ({"kind": "Secret", **token_secret(token)} for token in cluster.tokens.values())


def _node(cluster: FakeCluster, name: str) -> dict[str, Any]:
    made = cluster.node_object(name)
    about = {"kubeletVersion": "v1.23.17", "containerRuntimeVersion": "docker://20.10.24"}
    made["status"]["nodeInfo"] = {**made["status"].get("nodeInfo", {}), **about}
    return {"kind": "Node", **made}


def _static_pod(component: str, node: str) -> dict[str, Any]:
    made = pod(node)
    made["metadata"] = {"name": f"{component}-{node}"}
    made["spec"] = {"nodeName": node, "containers": [{"image": f"registry.local/{component}:v1.23.17"}]}
    return made


def lease(name: str, holder: str, *, ago: float = 2) -> dict[str, Any]:
    """A lease that its holder has renewed so many seconds ago."""
    when = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=ago)
    spec = {"holderIdentity": f"{holder}_6f1c", "leaseDurationSeconds": 15, "renewTime": when.isoformat()}
    return {"kind": "Lease", "metadata": {"name": name}, "spec": spec}
