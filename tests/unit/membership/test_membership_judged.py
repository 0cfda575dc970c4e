"""Machines that are not the inventory's are found before anything is changed on any host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from fake_answers import ca_certificate
from fake_cluster import FakeCluster, copied
from inventories import VERSION, saying, spec
from runs import Told, mutations, raise_errors, run

from k8sboot.errors import Unreachable
from k8sboot.events import Changed, Failed, Notice
from k8sboot.inventory.model import ClusterSettings, Spec
from k8sboot.kubernetes.paths import ADMIN_CONF, KUBELET_CONF
from k8sboot.membership.reading import parse
from k8sboot.paths import CLUSTER_MARK, UNFINISHED
from k8sboot.phase import Phase
from k8sboot.runbook import RESET, RESET_FOREIGN, RESET_WITH_OS, UP

pytestmark = pytest.mark.usefixtures("clock")
OS_PREP = [phase for phase in UP if phase.name == "os-prep"]
EVERY_RUN = pytest.mark.parametrize(
    ("phases", "is_dry"),
    [
        (UP, False),
        (UP, True),
        pytest.param(OS_PREP, False, marks=pytest.mark.slow),
        (RESET, False),
        pytest.param(RESET_WITH_OS, False, marks=pytest.mark.slow),
        pytest.param(RESET, True, marks=pytest.mark.slow),
    ],
    ids=["up", "plan", "phase", "reset", "restore-os", "reset --dry-run"],
)


def settings(**more: str) -> ClusterSettings:
    return ClusterSettings(
        **{"control_plane_endpoint": "192.0.2.1:6443", "kubernetes_version": f"v{VERSION}", **more}  # type: ignore[arg-type]
    )


def another(
    key: bytes = b"\x02", *, name: str = "kubernetes", endpoint: str = "198.51.100.1:6443"
) -> FakeCluster:
    """A finished cluster of somebody else: x1, the master, and its nodes y1 and y2."""
    wanted = spec(cluster=settings(name=name, control_plane_endpoint=endpoint))
    names = dict(zip(("m1", "n1", "n2"), ("x1", "y1", "y2"), strict=True))
    made = FakeCluster(
        replace(
            wanted,
            masters=tuple(replace(h, name=names[h.name]) for h in wanted.masters),
            nodes=tuple(replace(h, name=names[h.name]) for h in wanted.nodes),
        )
    )
    made.ca = ca_certificate(key)
    raise_errors(run(made, UP))
    return made


@pytest.fixture(scope="module")
def theirs() -> FakeCluster:
    return another()


def with_machine(cluster: FakeCluster, name: str, of: FakeCluster, machine: str) -> FakeCluster:
    """The same, with a machine of another cluster at the address of one of its hosts."""
    cluster.hosts[name] = copied(of).hosts[machine]
    cluster.hosts[name].name = name
    cluster.hosts[name].answers.update(cluster._answers())
    for host in cluster.hosts.values():
        host.clear()
    return cluster


def identity_of(cluster: FakeCluster) -> str:
    lines = "".join(f"text /etc/kubernetes/pki/ca.crt {line}\n" for line in cluster.ca.splitlines())
    return parse(lines).identity


def is_refused(cluster: FakeCluster, told: Told, host: str, code: str, *words: str) -> None:
    """That host's error has this code and names these things, and nothing at all was changed."""
    assert told.errors.get(host) == code, told.report.errors
    error = told.report.errors[host]
    said = f"{error.what}; {error.why}; {error.fix}"
    assert [word for word in words if word not in said] == [], said
    assert error.exit_code == 1
    assert mutations(cluster) == {}
    assert told.of(Changed) == []
    assert told.ended == []


@EVERY_RUN
def test_a_first_master_that_is_a_worker_of_another_cluster_is_left_alone(
    bare: FakeCluster, theirs: FakeCluster, phases: tuple[Phase, ...], is_dry: bool
):
    with_machine(bare, "m1", theirs, "y1")
    told = run(bare, phases, is_dry=is_dry)
    is_refused(
        bare, told, "m1", "KB-FOREIGN-CLUSTER", "198.51.100.1:6443", identity_of(theirs),
        f"k8sboot reset --foreign {identity_of(theirs)} --limit m1",
    )  # fmt: skip
    assert UNFINISHED not in bare.hosts["m1"].files


@EVERY_RUN
def test_a_first_master_that_is_the_master_of_another_cluster_is_left_alone(
    bare: FakeCluster, phases: tuple[Phase, ...], is_dry: bool
):
    """Even one that has the very names and addresses of the inventory."""
    other = FakeCluster(spec(cluster=settings(name="blue", pod_subnet="10.244.0.0/16"), nodes=0))
    raise_errors(run(other, UP))
    with_machine(bare, "m1", other, "m1")
    told = run(bare, phases, is_dry=is_dry)
    is_refused(bare, told, "m1", "KB-FOREIGN-CLUSTER", "blue", "10.244.0.0/16", identity_of(other))


@EVERY_RUN
def test_of_two_clusters_that_are_both_called_kubernetes_one_is_foreign(
    finished: FakeCluster, theirs: FakeCluster, phases: tuple[Phase, ...], is_dry: bool
):
    with_machine(finished, "n2", theirs, "y1")
    told = run(finished, phases, is_dry=is_dry)
    is_refused(finished, told, "n2", "KB-FOREIGN-CLUSTER", identity_of(theirs), identity_of(finished))
    assert [e.host for e in told.of(Failed)] == ["n2"]


@EVERY_RUN
@pytest.mark.parametrize(
    ("path", "words"),
    [
        (
            "/var/lib/rancher/k3s/agent/client-ca.crt",
            ("k3s", "/var/lib/rancher/k3s", "k3s-agent-uninstall.sh"),
        ),
        ("/var/snap/microk8s/common/x", ("MicroK8s", "snap remove --purge microk8s")),
        ("/var/lib/kubelet/kubeconfig", ("Kubernetes without kubeadm", "/var/lib/kubelet/kubeconfig")),
    ],
    ids=["k3s", "microk8s", "by hand"],
)
def test_a_machine_of_another_distribution_is_left_alone(
    finished: FakeCluster, phases: tuple[Phase, ...], is_dry: bool, path: str, words: tuple[str, ...]
):
    finished.hosts["n2"] = FakeCluster(finished.spec).hosts["n2"]
    finished.hosts["n2"].put(path, "theirs")
    for host in finished.hosts.values():
        host.clear()
    told = run(finished, phases, is_dry=is_dry)
    is_refused(finished, told, "n2", "KB-FOREIGN-CLUSTER", *words)


def test_what_another_distribution_left_on_a_member_stops_nothing(finished: FakeCluster):
    finished.hosts["n2"].put("/var/lib/rancher/k3s/agent/images/k3s.tar", "left")
    assert raise_errors(run(finished, UP)).changes == {}


def test_a_foreign_machine_with_the_right_name_is_foreign(finished: FakeCluster):
    """It is the CA that counts."""
    other = FakeCluster(finished.spec)
    other.ca = ca_certificate(b"\x02")
    raise_errors(run(other, UP))
    with_machine(finished, "n1", other, "n1")
    told = run(finished, UP)
    is_refused(finished, told, "n1", "KB-FOREIGN-CLUSTER", identity_of(other), identity_of(finished))


def test_one_error_names_all_machines_of_a_foreign_cluster(bare: FakeCluster, theirs: FakeCluster):
    with_machine(with_machine(bare, "n1", theirs, "y1"), "n2", theirs, "y2")
    told = run(bare, UP)
    is_refused(bare, told, "n1", "KB-FOREIGN-CLUSTER", "n2", "--limit n1,n2")
    assert set(told.errors) == {"n1"}


def test_a_foreign_machine_that_is_not_asked_for_stops_nothing(bare: FakeCluster, theirs: FakeCluster):
    with_machine(bare, "n2", theirs, "y1")
    raise_errors(run(bare, UP, limit=["m1", "n1"]))
    assert bare.hosts["n2"].runs == []


def test_the_first_master_is_asked_also_where_it_is_not_chosen(finished: FakeCluster, theirs: FakeCluster):
    with_machine(finished, "m1", theirs, "x1")
    told = run(finished, RESET, limit=["n1"])
    is_refused(finished, told, "m1", "KB-FOREIGN-CLUSTER")
    assert set(told.errors) == {"m1"}, "n1 is ours all the same"


def test_a_dead_host_does_not_stop_the_others(bare: FakeCluster):
    told = run(bare, UP, dead={"n1": Unreachable("no")})
    assert set(told.errors) == {"n1"}
    assert sorted(bare.members) == ["m1", "n2"]


def test_a_foreign_host_is_found_beside_a_dead_one(bare: FakeCluster, theirs: FakeCluster):
    with_machine(bare, "n2", theirs, "y1")
    told = run(bare, UP, dead={"n1": Unreachable("no")})
    assert told.errors == {"n1": "KB-SSH-UNREACHABLE", "n2": "KB-FOREIGN-CLUSTER"}
    assert mutations(bare) == {}


def foreign_reset(cluster: FakeCluster, identity: str, **more: object) -> Told:
    return run(cluster, RESET_FOREIGN, foreign=identity, **more)  # type: ignore[arg-type]


def test_foreign_machines_are_reset_by_their_clusters_fingerprint_and_no_others(
    finished: FakeCluster, theirs: FakeCluster
):
    with_machine(finished, "n2", theirs, "y1")
    told = raise_errors(foreign_reset(finished, identity_of(theirs)))
    assert told.changes == {"n2": ["take Kubernetes off the machine"]}
    assert sorted(finished.members) == ["m1", "n1", "n2"], "the inventory's cluster is not asked"
    assert "/etc/kubernetes/kubelet.conf" not in finished.hosts["n2"].files
    assert CLUSTER_MARK not in finished.hosts["n2"].files


def test_a_fingerprint_that_no_chosen_machine_has_resets_nothing(finished: FakeCluster, theirs: FakeCluster):
    with_machine(finished, "n2", theirs, "y1")
    for limit, identity in ((None, "SHA256:" + "0" * 64), (["n1"], identity_of(theirs))):
        told = foreign_reset(finished, identity, limit=limit)
        assert set(told.errors.values()) == {"KB-FOREIGN-CLUSTER"}
        assert mutations(finished) == {}


def renamed(cluster: Spec, old: str, new: str) -> Spec:
    def rename(hosts: tuple) -> tuple:  # type: ignore[type-arg]
        return tuple(replace(h, name=new) if h.name == old else h for h in hosts)

    return replace(cluster, masters=rename(cluster.masters), nodes=rename(cluster.nodes))


@EVERY_RUN
@pytest.mark.parametrize("old", ["n1", "m1"])
def test_a_member_that_is_renamed_is_refused_with_the_way_to_do_it(
    finished: FakeCluster, phases: tuple[Phase, ...], is_dry: bool, old: str
):
    finished.spec = renamed(finished.spec, old, "new")
    finished.hosts["new"] = finished.hosts.pop(old)
    told = run(finished, phases, is_dry=is_dry)
    is_refused(
        finished, told, "new", "KB-RENAMED", f"node {old}", f"k8sboot reset --limit {old}", "k8sboot up"
    )


def test_addresses_that_were_swapped_are_told_as_such(finished: FakeCluster):
    hosts = finished.hosts
    hosts["n1"], hosts["n2"] = hosts["n2"], hosts["n1"]
    told = run(finished, UP)
    is_refused(finished, told, "n1", "KB-RENAMED", "correct the addresses", "n2")
    is_refused(finished, told, "n2", "KB-RENAMED", "correct the addresses", "n1")


@pytest.mark.parametrize(
    ("key", "change", "there", "wanted"),
    [
        ("podSubnet", {"pod_subnet": "10.244.0.0/16"}, "172.16.0.0/16", "10.244.0.0/16"),
        ("serviceSubnet", {"service_subnet": "10.97.0.0/16"}, "10.96.0.0/16", "10.97.0.0/16"),
        ("dnsDomain", {"dns_domain": "k8s.lan"}, "cluster.local", "k8s.lan"),
        ("controlPlaneEndpoint", {"control_plane_endpoint": "api.lan:6443"}, "192.0.2.1:6443", "api.lan:6443"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
@EVERY_RUN
def test_what_is_fixed_at_birth_is_refused_with_both_values(  # noqa: PLR0917
    finished: FakeCluster, phases: tuple[Phase, ...], is_dry: bool, key: str, change: dict[str, str], there: str,
    wanted: str,
):  # fmt: skip
    finished.spec = saying(replace(finished.spec, cluster=settings(**change)), f"cluster.{key}")
    told = run(finished, phases, is_dry=is_dry)
    is_refused(finished, told, "m1", "KB-FIXED-AT-BIRTH", f"cluster.{key}: the cluster has {there}", wanted)
    assert set(told.errors) == {"m1"}, "the cluster's values are told once"


def test_kubelet_on_a_master_may_use_its_own_api_server(finished: FakeCluster):
    """As kubeadm sets it up from 1.31 on: only admin.conf has the endpoint there."""
    finished.spec = saying(finished.spec, "cluster.controlPlaneEndpoint")
    host = finished.hosts["m1"]
    host.put(KUBELET_CONF, host.text(KUBELET_CONF).replace("192.0.2.1:6443", "192.0.2.99:6443"), mode=0o600)
    assert raise_errors(run(finished, UP)).changes == {}
    host.put(ADMIN_CONF, host.text(ADMIN_CONF).replace("192.0.2.1:6443", "192.0.2.98:6443"), mode=0o600)
    told = run(finished, UP)
    is_refused(finished, told, "m1", "KB-FIXED-AT-BIRTH", "the cluster has 192.0.2.98:6443")


def test_all_that_is_fixed_is_told_at_once(finished: FakeCluster):
    changed = replace(finished.spec, cluster=settings(pod_subnet="10.244.0.0/16", dns_domain="k8s.lan"))
    finished.spec = saying(changed, "cluster.podSubnet", "cluster.dnsDomain")
    told = run(finished, UP)
    is_refused(
        finished, told, "m1", "KB-FIXED-AT-BIRTH", "2 values", "cluster.podSubnet", "cluster.dnsDomain"
    )


def test_what_the_inventory_does_not_set_stays_as_the_cluster_has_it(finished: FakeCluster):
    finished.spec = replace(finished.spec, cluster=settings(pod_subnet="10.244.0.0/16", dns_domain="k8s.lan"))
    assert raise_errors(run(finished, UP)).changes == {}


def test_a_role_does_not_change(finished: FakeCluster):
    masters, nodes = finished.spec.masters, finished.spec.nodes
    more = tuple(replace(h, role="master") for h in nodes)
    finished.spec = replace(finished.spec, masters=(*masters, *more), nodes=())
    told = run(finished, UP)
    is_refused(
        finished, told, "n1", "KB-FIXED-AT-BIRTH", "role: the cluster has a node, the inventory says master"
    )


def test_an_address_does_not_change(finished: FakeCluster):
    host = finished.hosts["n1"]
    host.facts["addresses"] = "eth0 192.0.2.2/24\neth1 203.0.113.9/24"
    nodes = (replace(finished.spec.nodes[0], node_address="203.0.113.9"), finished.spec.nodes[1])
    host.put("/etc/default/kubelet", "KUBELET_EXTRA_ARGS=--node-ip=192.0.2.2\n")
    finished.spec = replace(finished.spec, nodes=nodes)
    told = run(finished, UP)
    is_refused(finished, told, "n1", "KB-FIXED-AT-BIRTH", "192.0.2.2", "203.0.113.9")


def test_kubeadms_section_of_the_inventory_says_what_the_cluster_has():
    """What was patched at birth is no difference."""
    from k8sboot.inventory.model import KubeadmPatches

    patch = {
        "clusterName": "blue",
        "networking": {"serviceSubnet": "10.97.0.0/16"},
        "controllerManager": {"extraArgs": {"cluster-cidr": "10.244.0.0/16"}},
    }
    cluster = FakeCluster(spec(kubeadm=KubeadmPatches(cluster_configuration=patch)))
    raise_errors(run(cluster, UP))
    path = "/etc/kubernetes/manifests/kube-controller-manager.yaml"
    cluster.hosts["m1"].put(path, cluster.hosts["m1"].text(path).replace("172.16.0.0/16", "10.244.0.0/16"))
    assert raise_errors(run(cluster, UP)).changes == {}


@pytest.mark.parametrize("phases", [UP, OS_PREP], ids=["up", "phase"])
def test_no_second_cluster_is_begun_beside_the_one_of_the_others(
    finished: FakeCluster, phases: tuple[Phase, ...]
):
    finished.hosts["m1"] = FakeCluster(finished.spec).hosts["m1"]
    finished.hosts["m1"].answers.update(finished._answers())
    told = run(finished, phases)
    is_refused(finished, told, "m1", "KB-FIRST-MASTER-BARE", "n1, n2", "k8sboot reset --limit n1,n2")


def test_a_reset_that_was_cut_after_the_first_master_is_finished(finished: FakeCluster):
    raise_errors(run(finished, RESET, dead={}, limit=["m1"]))
    assert raise_errors(run(finished, RESET)).changes == {
        "n1": ["take Kubernetes off the machine"],
        "n2": ["take Kubernetes off the machine"],
    }


def test_an_old_cluster_is_adopted_told_in_the_plan_and_left_as_it_is(finished: FakeCluster):
    for host in finished.hosts.values():
        del host.files[CLUSTER_MARK]
    planned = raise_errors(run(finished, UP, is_dry=True))
    (notice,) = [e for e in planned.of(Notice) if e.code == "KB-ADOPTED"]  # type: ignore[attr-defined]
    assert identity_of(finished) in notice.text  # type: ignore[attr-defined]
    told = raise_errors(run(finished, UP))
    assert (told.changes, planned.changes) == ({}, {})
    assert "KB-ADOPTED" not in told.codes


def test_a_new_member_is_marked_with_its_cluster_and_a_reset_removes_the_mark(finished: FakeCluster):
    for host in finished.hosts.values():
        assert host.text(CLUSTER_MARK) == f"cluster: kubernetes\n{finished.ca}"
    assert "KB-ADOPTED" not in raise_errors(run(finished, UP, is_dry=True)).codes
    raise_errors(run(finished, RESET))
    assert [host for host in finished.hosts.values() if CLUSTER_MARK in host.files] == []


def test_a_worker_knows_its_clusters_name_by_the_mark(bare: FakeCluster):
    """Nothing else on a worker says it; its name, endpoint and domain are those of the inventory."""
    other = FakeCluster(spec(cluster=settings(name="blue")))
    raise_errors(run(other, UP))
    with_machine(bare, "n1", other, "n1")
    is_refused(bare, run(bare, RESET), "n1", "KB-FOREIGN-CLUSTER", "blue")


@pytest.mark.parametrize("when", ["in init", "in a join"])
def test_power_lost_in_kubeadm_is_finished_tomorrow_too(bare: FakeCluster, when: str):
    name, phase = ("m1", "kubeadm-init") if when == "in init" else ("n1", "join-nodes")
    names = [each.name for each in UP]
    raise_errors(run(bare, UP[: names.index(phase) + 1]))
    absent = "absent: /etc/kubernetes/kubelet.conf\n"
    mark = {"m1": "".join(f"absent: {path}\n" for path in bare.hosts["m1"].files), "n1": absent}[name]
    bare.hosts[name].put(UNFINISHED, mark)
    if when == "in a join":
        bare.members.remove("n1")
    told = raise_errors(run(bare, UP))
    assert "undo an unfinished kubeadm" in told.changes[name]
    assert raise_errors(run(bare, UP)).changes == {}


def test_a_machine_that_joined_another_cluster_after_a_join_of_ours_failed_is_foreign(
    finished: FakeCluster, theirs: FakeCluster
):
    with_machine(finished, "n1", theirs, "y1")
    finished.hosts["n1"].put(UNFINISHED, "")
    is_refused(finished, run(finished, UP), "n1", "KB-FOREIGN-CLUSTER", "198.51.100.1:6443")


def test_etcds_data_of_an_earlier_cluster_are_not_initialised_over(bare: FakeCluster):
    bare.hosts["m1"].put("/var/lib/etcd/member/snap/db", "data")
    is_refused(bare, run(bare, UP), "m1", "KB-REMAINS", "/var/lib/etcd/member", "k8sboot reset --limit m1")
    raise_errors(run(bare, RESET))


def add_stranger(cluster: FakeCluster, name: str) -> None:
    cluster.members.append(name)
    cluster.addresses[name] = "192.0.2.77"


@pytest.mark.parametrize("is_dry", [False, True], ids=["up", "plan"])
@pytest.mark.parametrize("do", [add_stranger], ids=["a node"])
def test_a_member_that_the_inventory_does_not_name_is_told_with_the_way_out(
    finished: FakeCluster, is_dry: bool, do: Callable[[FakeCluster, str], None]
):
    do(finished, "old7")
    finished.spec = replace(finished.spec, nodes=finished.spec.nodes[:1])  # the plan has changes: /etc/hosts
    told = run(finished, UP, is_dry=is_dry)
    (notice,) = [e for e in told.of(Notice) if e.code == "KB-NOT-IN-INVENTORY"]  # type: ignore[attr-defined]
    for words in ("n2, old7", "k8sboot reset --limit n2,old7", "kubectl delete node n2 old7"):
        assert words in notice.text  # type: ignore[attr-defined]
