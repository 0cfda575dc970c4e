from __future__ import annotations

import json

import pytest
import yaml

from k8sboot.errors import Refused
from k8sboot.kubernetes.network_manifest import daemon_sets_of, fitted

SUBNET = "172.16.0.0/16"


def documents(text: str) -> list[dict]:
    return [each for each in yaml.safe_load_all(text) if each]


def daemon_set(name: str, env: str = "[]") -> str:
    return (
        f"apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{name: {name}}}\n"
        f"spec: {{template: {{spec: {{containers: [{{name: c, env: {env}}}]}}}}}}\n"
    )


def config(data: dict[str, str]) -> str:
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}
    return yaml.safe_dump(made)


def test_flannel_gets_the_subnet_and_keeps_the_rest():
    text = config(
        {"net-conf.json": '{"Network": "10.244.0.0/16", "EnableNFTables": false}', "cni-conf.json": "{}"}
    )
    (found,) = documents(fitted(text, SUBNET).objects)
    assert json.loads(found["data"]["net-conf.json"]) == {"Network": SUBNET, "EnableNFTables": False}
    assert found["data"]["cni-conf.json"] == "{}"


@pytest.mark.parametrize("conf", ["{", "[]", "", f'{{"Network": "{SUBNET}"}}'])
def test_what_is_no_configuration_of_flannel_or_right_already_stays(conf: str):
    (found,) = documents(fitted(config({"net-conf.json": conf}), SUBNET).objects)
    assert found["data"]["net-conf.json"] == conf


def test_calicos_variable_gets_the_subnet_only_where_it_is():
    text = daemon_set(
        "calico-node", "[{name: A, value: b}, {name: CALICO_IPV4POOL_CIDR, value: 192.168.0.0/16}]"
    )
    (found,) = documents(fitted(text, SUBNET).objects)
    env = found["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env == [{"name": "A", "value": "b"}, {"name": "CALICO_IPV4POOL_CIDR", "value": SUBNET}]
    (router,) = documents(fitted(daemon_set("kube-router"), SUBNET).objects)
    assert router["spec"]["template"]["spec"]["containers"][0]["env"] == []


@pytest.mark.parametrize(
    ("text", "others"),
    [
        (config({"cluster-pool-ipv4-cidr": "10.0.0.0/8"}), ("cluster-pool-ipv4-cidr 10.0.0.0/8",)),
        (daemon_set("w", "[{name: IPALLOC_RANGE, value: 10.32.0.0/12}]"), ("IPALLOC_RANGE 10.32.0.0/12",)),
        (config({"cluster-pool-ipv4-cidr": SUBNET}), ()),
        (daemon_set("kube-router"), ()),
    ],
)
def test_networks_that_have_no_place_are_compared_and_not_changed(text: str, others: tuple[str, ...]):
    made = fitted(text, SUBNET)
    assert made.others == others
    assert documents(made.objects) == documents(text)


DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: d}
spec: {group: x.io}
"""
OBJECT = "apiVersion: x.io/v1\nkind: Thing\nmetadata: {name: t}\n"


def test_definitions_go_first_where_the_manifest_has_objects_of_them():
    made = fitted("---\n".join((DEFINITION, OBJECT, daemon_set("d"))), SUBNET)
    assert [each["kind"] for each in documents(made.definitions)] == ["CustomResourceDefinition"]
    assert [each["kind"] for each in documents(made.objects)] == ["Thing", "DaemonSet"]
    made = fitted("---\n".join((DEFINITION, daemon_set("d"))), SUBNET)
    assert made.definitions == ""
    assert len(documents(made.objects)) == 2


def test_a_list_is_taken_apart():
    items = [*documents(daemon_set("a")), *documents(daemon_set("b"))]
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items})
    assert daemon_sets_of(text) == fitted(text, SUBNET).daemon_sets == {"a", "b"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: b\n",
        "kind: DaemonSet\nmetadata: {name: x}\n",
        "kind: List\nitems: [x]\n",
        OBJECT + "---\na: b\n",
    ],
)
def test_what_is_no_manifest_is_refused(text: str):
    with pytest.raises(Refused) as refused:
        fitted(text, SUBNET)
    assert refused.value.error_code == "KB-NETWORK-MANIFEST"


def test_the_result_is_stable_and_says_who_wrote_it():
    once = fitted(daemon_set("d"), SUBNET).objects
    assert once.startswith("# Managed by k8sboot")
    assert fitted(once, SUBNET).objects == once
