"""What a machine says of its cluster, and what a hostile one cannot make of it."""

from __future__ import annotations

import base64

import pytest
from fake_answers import ca_certificate
from hypothesis import given
from hypothesis import strategies as st

from k8sboot.kubernetes.paths import (
    ADMIN_CONF,
    CA_CERT,
    CA_KEY,
    CONTROL_PLANE_MANIFESTS,
    ETCD_DATA,
    KUBELET_CLIENT,
    KUBELET_CONF,
    KUBELET_CONFIG,
    KUBELET_FLAGS,
)
from k8sboot.kubernetes.pki import ca_cert_hash
from k8sboot.membership.reading import CONTROLLER_MANAGER, parse
from k8sboot.paths import CLUSTER_MARK, UNFINISHED

ONE, TWO = ca_certificate(b"\x01"), ca_certificate(b"\x02")


def fingerprint(pem: str) -> str:
    return "SHA256:" + ca_cert_hash(pem).removeprefix("sha256:")


def embedded(*pems: str) -> str:
    data = base64.b64encode("".join(pems).encode()).decode()
    return f"text {KUBELET_CONF}     certificate-authority-data: {data}"


def lines_of(path: str, text: str) -> str:
    return "".join(f"text {path} {line}\n" for line in text.splitlines())


def client_certificate(name: str) -> str:
    """As far as the subject's text is looked for in it."""
    text = f"system:node:{name}".encode()
    data = base64.b64encode(b"\x30\x20\x0c" + bytes([len(text)]) + text + b"\x30\x10").decode()
    return f"-----BEGIN CERTIFICATE-----\n{data}\n-----END CERTIFICATE-----\n"


def test_a_bare_machine_is_in_no_cluster():
    found = parse("end\n")
    assert (found.is_member, found.is_unfinished, found.remains) == (False, False, ())
    assert found.identities == frozenset()


def test_a_master_says_everything_of_its_cluster():
    found = parse(
        f"there {KUBELET_CONF}\nthere {CONTROLLER_MANAGER}\n{embedded(ONE)}\n"
        f"text {KUBELET_CONF}     server: https://192.0.2.1:6443\n"
        f"text {KUBELET_CONF} - name: system:node:m1\n"
        f"text {CONTROLLER_MANAGER}     - --cluster-cidr=172.16.0.0/16\n"
        f"text {CONTROLLER_MANAGER}     - --cluster-name=kubernetes\n"
        f"text {CONTROLLER_MANAGER}     - --service-cluster-ip-range=10.96.0.0/16\n"
        f"text {KUBELET_CONFIG} clusterDomain: cluster.local\n"
        f"text {KUBELET_FLAGS[1]} --node-ip=192.0.2.1'\nend\n"
    )
    assert found.is_member
    assert found.has_control_plane
    assert found.identities == {fingerprint(ONE)}
    assert (found.server, found.node_name) == ("https://192.0.2.1:6443", "m1")
    assert (found.cluster_name, found.dns_domain) == ("kubernetes", "cluster.local")
    assert (found.pod_subnet, found.service_subnet) == ("172.16.0.0/16", "10.96.0.0/16")
    assert found.node_ip == "192.0.2.1"


def test_admin_conf_names_the_endpoint_on_a_master_alone():
    texts = f"text {KUBELET_CONF} server: https://own:6443\ntext {ADMIN_CONF} server: https://lb:6443\nend\n"
    assert parse(texts).endpoints == ("https://own:6443",)
    master = parse(f"there {CONTROLLER_MANAGER}\n{texts}")
    assert master.endpoints == ("https://own:6443", "https://lb:6443")


def test_a_joined_node_is_named_by_its_client_certificate():
    found = parse(
        f"there {KUBELET_CONF}\ntext {KUBELET_CONF} - name: default-auth\n"
        + lines_of(KUBELET_CLIENT, client_certificate("worker-7.example"))
    )
    assert found.node_name == "worker-7.example"


def test_a_ca_that_is_being_replaced_is_two_identities():
    assert parse(f"there {KUBELET_CONF}\n{embedded(ONE, TWO)}").identities == {
        fingerprint(ONE),
        fingerprint(TWO),
    }


@pytest.mark.parametrize("kubeconfig", ["", f"text {KUBELET_CONF}  certificate-authority-data: %%%"])
def test_a_kubeconfig_without_a_ca_leaves_it_to_the_cas_file(kubeconfig: str):
    found = parse(f"there {KUBELET_CONF}\n{kubeconfig}\n" + lines_of(CA_CERT, TWO))
    assert found.identities == {fingerprint(TWO)}


def test_a_mark_knows_the_clusters_name_where_no_control_plane_does():
    found = parse(
        f"there {KUBELET_CONF}\n{embedded(ONE)}\n" + lines_of(CLUSTER_MARK, f"cluster: blue\n{ONE}")
    )
    assert found.cluster_name == "blue"
    assert found.mark == {fingerprint(ONE)}


BEGUN = f"unfinished\ntext {UNFINISHED} absent: {KUBELET_CONF}\ntext {UNFINISHED} absent: {ETCD_DATA}\n"


def test_what_kubeadm_made_since_the_mark_may_be_undone():
    found = parse(f"{BEGUN}there {KUBELET_CONF}\nthere {ETCD_DATA}\n")
    assert found.is_unfinished
    assert not found.is_member
    assert found.remains == ()


@pytest.mark.parametrize("path", [ETCD_DATA, CA_KEY, *CONTROL_PLANE_MANIFESTS])
@pytest.mark.parametrize("verb", ["older", "there"])
def test_what_is_older_or_was_there_when_it_began_may_not(path: str, verb: str):
    mark = BEGUN if verb == "there" and path != ETCD_DATA else "unfinished\n"
    found = parse(f"{mark}there {KUBELET_CONF}\n{verb} {path}\n")
    is_old = verb == "older" or mark == BEGUN
    assert found.is_unfinished != is_old
    assert (path in found.remains) == is_old


def test_an_old_empty_mark_counts_by_its_time():
    assert parse(f"unfinished\nthere {KUBELET_CONF}\n").is_unfinished
    found = parse(f"unfinished\nolder {KUBELET_CONF}\n")
    assert found.has_joined
    assert found.is_member
    assert found.has_void_mark


def test_time_says_nothing_without_a_mark():
    assert parse(f"older {KUBELET_CONF}\n").has_joined


def test_etcds_data_without_a_cluster_are_remains():
    assert parse(f"there {ETCD_DATA}\n").remains == (ETCD_DATA,)
    assert parse(f"there {ETCD_DATA}\nthere {KUBELET_CONF}\n").remains == ()


@pytest.mark.parametrize(
    "line",
    [
        "there /etc/passwd",
        "text /etc/shadow root:x",
        f"text {KUBELET_CONF} server: https://x y",
        f"text {KUBELET_CONF} server: \x1b[31mred",
        f"text {KUBELET_CONF} server: {'h' * 300}",
        f"text {KUBELET_CONF} - name: system:node:$(reboot)",
        f"text {KUBELET_CONF} - name: system:node:{'n' * 300}",
        f"text {CONTROLLER_MANAGER}     - --cluster-name=a\tb",
    ],
)
def test_what_has_another_form_is_as_if_it_were_missing(line: str):
    assert parse(f"{line}\nend\n") == parse("end\n")


@given(st.text(), st.sampled_from([KUBELET_CONF, KUBELET_CLIENT, CA_CERT, CLUSTER_MARK, CONTROLLER_MANAGER]))
def test_no_text_breaks_the_reading(text: str, path: str):
    for said in (text, f"text {path} {text}", lines_of(path, f"-----BEGIN CERTIFICATE-----\n{text}")):
        assert not parse(said).is_unfinished or "unfinished" in text
