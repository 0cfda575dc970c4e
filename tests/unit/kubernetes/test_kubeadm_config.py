from __future__ import annotations

from typing import Any

import pytest
from kubeadm_fields import misfits, table
from yaml_texts import by_kind, document

from k8sboot.errors import Refused
from k8sboot.kubernetes.config import (
    ControlPlane,
    JoinCredentials,
    NodeRegistration,
    Proxy,
    cert_sans,
    join_config,
    kubeadm_config,
    split_endpoint,
    unknown_fields,
)
from k8sboot.kubernetes.kubeadm_fields import fields_of
from k8sboot.kubernetes.kubeadm_fields import misfits as misfits_of
from k8sboot.kubernetes.patching import patched
from k8sboot.kubernetes.release import Release
from k8sboot.kubernetes.release_table import RELEASES
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.runtime.docker import Docker
from k8sboot.templates import render

VERSIONS = tuple(row.newest for row in RELEASES)
NODE = NodeRegistration("m1", "10.0.0.1")


def cluster(version: str = "v1.23.17", **changes: Any) -> ControlPlane:
    parsed = KubernetesVersion.parse(version)
    values = {
        "version": parsed,
        "cri_socket": Docker().cri_socket(parsed),
        "endpoint": "api.example.com:6443",
        "addresses": ("10.0.0.1", "10.0.0.2"),
        "names": ("m1", "m2"),
    }
    return ControlPlane(**{**values, **changes})


def init_documents(version: str = "v1.23.17", proxy: Proxy | None = None, **patches: Any) -> dict[str, Any]:
    text = kubeadm_config(render, cluster(version), NODE, proxy=proxy or Proxy(), patches=patches)
    return by_kind(text)


def join_document(
    version: str = "v1.23.17", key: str = "", patch: dict[str, Any] | None = None
) -> dict[str, Any]:
    credentials = JoinCredentials("api.example.com:6443", "abcdef.0123456789abcdef", ("sha256:00",), key)
    return document(join_config(render, cluster(version), NODE, credentials=credentials, patch=patch or {}))


@pytest.mark.parametrize("release", RELEASES, ids=lambda row: row.name)
def test_every_document_fits_the_fields_of_its_release(release: Release) -> None:
    documents = {
        **init_documents(release.newest),
        "JoinConfiguration": join_document(release.newest, "ab" * 32),
    }
    assert documents["InitConfiguration"]["apiVersion"] == f"kubeadm.k8s.io/{release.config_api}"
    for kind in ("InitConfiguration", "ClusterConfiguration", "JoinConfiguration"):
        assert [*misfits_of(release, kind, documents[kind])] == []


@pytest.mark.parametrize("release", RELEASES, ids=lambda row: row.name)
def test_the_fields_of_a_release_are_those_of_its_api(release: Release) -> None:
    """The table of fields against the API's own types; httpEndpoints is newer than these."""
    renamed = {"NodeRegistrationOptions": "NodeRegistration"}
    types = {renamed.get(name, name): fields for name, fields in table(release.config_api).items()}
    for name, fields in fields_of(release).items():
        if name in types:
            assert set(fields) - {"httpEndpoints"} == set(types[name]) - {"apiVersion", "kind"}, name
    assert set(fields_of(release)) - {"Taint"} <= types.keys()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_field_of_the_init_file_is_known_to_its_api(version: str) -> None:
    documents = init_documents(version)
    api = documents["InitConfiguration"]["apiVersion"].partition("/")[2]
    types = table(api)
    for kind in ("InitConfiguration", "ClusterConfiguration"):
        assert misfits(documents[kind], kind, types, kind) == []


@pytest.mark.parametrize("key", ["", "ab" * 32], ids=["node", "master"])
@pytest.mark.parametrize("version", VERSIONS)
def test_every_field_of_the_join_file_is_known_to_its_api(version: str, key: str) -> None:
    document = join_document(version, key)
    types = table(document["apiVersion"].partition("/")[2])
    assert misfits(document, "JoinConfiguration", types, "JoinConfiguration") == []


def test_the_check_of_fields_finds_a_field_of_another_version() -> None:
    old = init_documents("v1.30.14")["ClusterConfiguration"]
    assert misfits(old, "ClusterConfiguration", table("v1beta4"), "c") == [
        "c.apiServer.timeoutForControlPlane is unknown"
    ]


def test_no_token_is_written_into_the_init_file() -> None:
    assert [set(entry) for entry in init_documents()["InitConfiguration"]["bootstrapTokens"]] == [
        {"description", "groups", "ttl", "usages"}
    ]


def test_the_certificate_covers_every_way_to_the_api_once() -> None:
    names = cert_sans(cluster(cert_sans=("10.0.0.2", "vip.example.com", "m1")))
    assert names == ["api.example.com", "m1", "m2", "10.0.0.1", "10.0.0.2", "127.0.0.1", "vip.example.com"]


def test_what_only_ssh_takes_is_in_no_certificate() -> None:
    reached = ("203.0.113.7", "fe80::1%eth0", "jump_host.lan", "m1.lan")
    names = cert_sans(cluster(login_addresses=reached))
    assert {*names} & {*reached} == {"203.0.113.7", "m1.lan"}


@pytest.mark.parametrize(("version", "keys"), [("v1.23.17", ["master"]), ("v1.25.0", ["control-plane"])])
def test_a_master_is_tainted_by_the_name_of_its_version(version: str, keys: list[str]) -> None:
    wanted = [f"node-role.kubernetes.io/{key}" for key in keys]
    for made in (init_documents(version)["InitConfiguration"], join_document(version, "ab" * 32)):
        assert [taint["key"] for taint in made["nodeRegistration"]["taints"]] == wanted


def test_a_node_joins_without_taints_and_without_a_control_plane() -> None:
    document = join_document()
    assert "controlPlane" not in document
    assert "taints" not in document["nodeRegistration"]


def test_a_master_joins_with_the_certificate_key_and_its_own_address() -> None:
    assert join_document(key="ab" * 32)["controlPlane"] == {
        "certificateKey": "ab" * 32,
        "localAPIEndpoint": {"advertiseAddress": "10.0.0.1", "bindPort": 6443},
    }


def test_ipvs_fields_are_written_for_ipvs_only() -> None:
    assert "ipvs" not in init_documents(proxy=Proxy(mode="iptables"))["KubeProxyConfiguration"]
    assert init_documents(proxy=Proxy(scheduler="lc"))["KubeProxyConfiguration"]["ipvs"]["scheduler"] == "lc"


def test_credentials_do_not_show_their_secrets() -> None:
    shown = repr(JoinCredentials("a:1", "abcdef.0123456789abcdef", (), "ab" * 32))
    assert "abcdef" not in shown
    assert "abab" not in shown


def test_the_same_inventory_gives_the_same_bytes() -> None:
    texts = {kubeadm_config(render, cluster(), NODE, proxy=Proxy(), patches={}) for _ in range(3)}
    assert len(texts) == 1


def test_a_name_that_looks_like_a_number_stays_a_name() -> None:
    for name in ("1e3", "0o17", "1_000", "no", "y", "12"):
        text = kubeadm_config(render, cluster(name=name), NODE, proxy=Proxy(), patches={})
        assert f"clusterName: '{name}'\n" in text


def test_a_patch_is_merged_key_by_key_and_replaces_lists() -> None:
    documents = init_documents(
        ClusterConfiguration={"networking": {"dnsDomain": "x.local"}, "apiServer": {"certSANs": ["only.me"]}},
        InitConfiguration={"nodeRegistration": {"taints": []}},
    )
    assert documents["ClusterConfiguration"]["networking"] == {
        "dnsDomain": "x.local",
        "podSubnet": "172.16.0.0/16",
        "serviceSubnet": "10.96.0.0/16",
    }
    assert documents["ClusterConfiguration"]["apiServer"]["certSANs"] == ["only.me"]
    assert documents["InitConfiguration"]["nodeRegistration"]["taints"] == []


def test_null_in_a_patch_takes_a_field_out() -> None:
    assert "dns" not in init_documents(ClusterConfiguration={"dns": None})["ClusterConfiguration"]


def test_a_patch_of_the_join_file_is_merged() -> None:
    patch = {"nodeRegistration": {"kubeletExtraArgs": {"v": "4"}}}
    assert join_document(patch=patch)["nodeRegistration"]["kubeletExtraArgs"] == {"v": "4"}
    newer = join_document("v1.31.4", patch=patch)
    assert newer["nodeRegistration"]["kubeletExtraArgs"] == [{"name": "v", "value": "4"}]


@pytest.mark.parametrize(
    ("patch", "named"),
    [
        ({"networking": "10.0.0.0/8"}, "kubeadm.clusterConfiguration.networking"),
        ({"networking": ["a"]}, "kubeadm.clusterConfiguration.networking"),
        ({"clusterName": {"a": 1}}, "kubeadm.clusterConfiguration.clusterName"),
        ({"apiServer": {"certSANs": "one"}}, "kubeadm.clusterConfiguration.apiServer.certSANs"),
        ({"apiVersion": "kubeadm.k8s.io/v1beta1"}, "kubeadm.clusterConfiguration.apiVersion"),
    ],
)
def test_a_patch_of_another_shape_is_refused_by_its_place(patch: dict[str, Any], named: str) -> None:
    with pytest.raises(Refused) as caught:
        init_documents(ClusterConfiguration=patch)
    assert named in caught.value.what
    assert named in f"{caught.value.what} {caught.value.fix}"


def test_a_patched_document_shares_nothing_with_what_it_came_from() -> None:
    base, patch = {"a": {"b": [1]}}, {"c": {"d": [2]}}
    result = patched(base, patch, where="x")
    result["a"]["b"].append(3)
    result["c"]["d"].append(3)
    assert (base, patch) == ({"a": {"b": [1]}}, {"c": {"d": [2]}})


@pytest.mark.parametrize(
    ("endpoint", "parts"),
    [
        ("a.b:6443", ("a.b", 6443)),
        ("10.0.0.1:1", ("10.0.0.1", 1)),
        ("[2001:db8::1]:6443", ("2001:db8::1", 6443)),
    ],
)
def test_an_endpoint_is_split(endpoint: str, parts: tuple[str, int]) -> None:
    assert split_endpoint(endpoint) == parts


@pytest.mark.parametrize("endpoint", ["a.b", "a.b:", "a:b:6443", "a:x", ""])
def test_what_is_no_endpoint_is_refused(endpoint: str) -> None:
    with pytest.raises(Refused):
        split_endpoint(endpoint)


def test_fields_that_kubeadm_does_not_know_are_read_from_its_warnings() -> None:
    stderr = """\
W1123 10:15:35.608094 23270 strict.go:54] error: while decoding JSON: json: unknown field "timeoutFor"
W1123 10:15:35.610753 23270 strict.go:54] error: unknown field "ipvs.schedulr", unknown field "x"
"""
    assert unknown_fields(stderr) == ("timeoutFor", "ipvs.schedulr", "x")
    assert unknown_fields("W1123 cannot automatically set CgroupDriver") == ()
