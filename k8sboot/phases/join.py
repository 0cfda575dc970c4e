"""Chapters 2.4 and 2.6: join the other hosts, with a token that exists only while they need it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from k8sboot import ensure, runtime
from k8sboot.cluster import Cluster
from k8sboot.desired.kubeadm import (
    MEMBER,
    control_plane,
    cri_socket,
    is_member,
    marked,
    registration,
)
from k8sboot.diagnosis.diagnose import NODES
from k8sboot.host.host import Host
from k8sboot.host.peer import Command, Peer
from k8sboot.host.reads import Reads, union
from k8sboot.kubernetes import commands, config, tokens
from k8sboot.kubernetes.paths import CA_CERT
from k8sboot.kubernetes.pki import ca_cert_hash
from k8sboot.paths import CERTIFICATE_KEY, JOIN_CONFIG
from k8sboot.phase import first_master, nodes, other_masters, phase
from k8sboot.secret import Secret
from k8sboot.templates import render

CA = Reads(files=(CA_CERT,))
JOINING = union((CA, MEMBER))
DESCRIPTION = "k8sboot: join"
TTL = "1h0m0s"
ENOUGH = timedelta(minutes=15)
ENDPOINT_WAIT = 30
"""Seconds in which a load balancer notices an API server. kubeadm itself would wait for five minutes."""


@phase(
    on=first_master,
    reads=CA,
    after=("kubeadm-init",),
    needs=("kubeadm-init",),
    scope="cluster",
)
def join_token(cluster: Cluster, host: Host) -> None:
    """Create a short-lived token for the hosts that have not joined."""
    waiting = [peer for peer in cluster.chosen if peer.name != host.name and not is_member(peer)]
    if not waiting:
        return
    _ca(host)
    if not _usable(host, host):
        host.change("make a join token", commands.token_create(ttl=TTL, description=DESCRIPTION))
    masters = [peer for peer in waiting if peer.role == "master"]
    for peer in masters:  # it may have been reset by hand, or replaced
        ensure.no_etcd_member(host, peer)
    if masters:
        host.change("upload the control plane's certificates", commands.upload_certs_to(CERTIFICATE_KEY))


def _ca(host: Peer) -> str:
    """The cluster's CA certificate, in PEM. Refused if there is no cluster yet."""
    return host.known(host.read_file(CA_CERT), what="the cluster's CA", after="kubeadm-init")


def _usable(host: Host, leader: Peer) -> list[tokens.BootstrapToken]:
    """k8sboot's tokens that are valid long enough to join with."""
    now = datetime.fromtimestamp(leader.facts.time, timezone.utc) + ENOUGH
    found = tokens.bootstrap_tokens(ensure.api_says(host, commands.token_secrets(), at=leader))
    return [t for t in found if t.description == DESCRIPTION and t.can_join(now)]


@phase(
    on=other_masters,
    reads=JOINING,
    after=("join-token",),
    needs_on_first_master=("kubeadm-init",),
    at_once=1,
    diagnosis=NODES,
)
def join_masters(cluster: Cluster, host: Host) -> None:
    """Join the other masters, one at a time: etcd accepts one new member at a time."""
    _join(cluster, host)
    host.wait("the API server to be ready", lambda: ensure.apiserver_answers(host), timeout=300)


@phase(
    on=nodes,
    reads=JOINING,
    after=("join-token",),
    needs_on_first_master=("kubeadm-init",),
    diagnosis=NODES,
)
def join_nodes(cluster: Cluster, host: Host) -> None:
    """Join the nodes."""
    _join(cluster, host)


def _join(cluster: Cluster, host: Host) -> None:
    reset = commands.kubeadm_reset(cri_socket(cluster))
    ensure.reset_unfinished(host, runtime.of(cluster.spec), reset)
    leader = cluster.first_master
    ca_hash = ca_cert_hash(_ca(leader))
    if is_member(host):
        return
    usable = leader.known(_usable(host, leader) or None, what="a join token", after="join-token")
    endpoint = cluster.spec.cluster.control_plane_endpoint
    host.wait(
        f"the API at {endpoint} to answer from here",
        lambda: ensure.endpoint_problem(host, endpoint),
        timeout=ENDPOINT_WAIT,
    )
    ensure.not_ready_any_more(cluster, host)
    credentials = config.JoinCredentials(
        endpoint=endpoint,
        token=usable[0].token.reveal(),
        ca_cert_hashes=(ca_hash,),
        certificate_key=_certificate_key(leader) if host.role == "master" else "",
    )
    text = config.join_config(
        render,
        control_plane(cluster),
        registration(cluster, host),
        credentials=credentials,
        patch=cluster.spec.kubeadm.join_configuration,
    )
    host.change(
        "kubeadm join",
        *_checked_first(cluster),
        *marked(cluster, commands.kubeadm_join(JOIN_CONFIG)),
        timeout=600,
        job=True,
        secrets={JOIN_CONFIG: Secret(text)},
    )


def _checked_first(cluster: Cluster) -> tuple[Command, ...]:
    """kubeadm's check of the file, before the host is marked; its words end the step."""
    return (
        (commands.config_validate(JOIN_CONFIG),) if cluster.spec.cluster.release.has_config_validate else ()
    )


def _certificate_key(leader: Peer) -> str:
    return (leader.read_file(CERTIFICATE_KEY) or "").strip()


@phase(
    on=first_master,
    reads=Reads(cluster=(commands.token_secrets(),)),
    after=("join-masters", "join-nodes"),
    needs=("kubeadm-init", "join-token"),
    scope="cluster",
)
def join_token_end(cluster: Cluster, host: Host) -> None:
    """Revoke the join token."""
    found = tokens.bootstrap_tokens(ensure.api_says(host, commands.token_secrets()))
    ids = [t.id for t in found if t.description == DESCRIPTION]
    if ids:
        host.change(
            "revoke the join token", *[commands.token_delete(i) for i in ids], ["rm", "-f", CERTIFICATE_KEY]
        )
