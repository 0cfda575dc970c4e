from __future__ import annotations

import copy
import functools
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8sboot.errors import Refused
from k8sboot.kubernetes import calico, yamltext
from k8sboot.kubernetes.calico import MANIFEST_SHA256, CalicoOptions, images, manifest_url, typha_replicas
from k8sboot.kubernetes.versions import KubernetesVersion

UPSTREAM = Path(__file__).parents[4] / "shared" / "data" / "calico"
RELEASES = ("v3.25.2", "v3.28.5", "v3.30.7", "v3.32.1")

SMALL = (Path(__file__).parent / "calico-small.yaml").read_text()

# Half a megabyte of YAML takes its time; nothing below alters what it is given, but for `undone`.
set_calico = functools.cache(calico.set_calico)
load_documents = functools.cache(yamltext.load_documents)


def options(**changes: Any) -> CalicoOptions:
    return CalicoOptions(
        **{"pod_cidr": "10.200.0.0/16", "kubernetes_version": KubernetesVersion(1, 23, 17), **changes}
    )


def found(text: str, kind: str, name: str) -> dict[str, Any]:
    documents = load_documents(text, "it")
    return next(d for d in documents if d["kind"] == kind and d["metadata"]["name"] == name)


def node_of(text: str) -> dict[str, Any]:
    containers = found(text, "DaemonSet", "calico-node")["spec"]["template"]["spec"]["containers"]
    return next(container for container in containers if container["name"] == "calico-node")


def env_of(text: str) -> dict[str, str]:
    return {entry["name"]: entry.get("value", "") for entry in node_of(text)["env"]}


def upstream(release: str) -> str:
    path = UPSTREAM / release / "calico-typha.yaml"
    if not path.is_file():
        pytest.skip(f"no {path}")
    return path.read_text()


def undone(text: str, original: str) -> list[dict[str, Any]]:
    """The documents of text with everything that set_calico may touch put back as in the original."""
    documents, before = yamltext.load_documents(text, "it"), load_documents(original, "it")
    for new, old in zip(documents, before, strict=True):
        if new["kind"] == "PodDisruptionBudget":
            new["apiVersion"] = old["apiVersion"]
        if new["metadata"]["name"] == "calico-config":
            for key in ("typha_service_name", "calico_backend", "veth_mtu"):
                new["data"][key] = old["data"][key]
        if new["kind"] == "Deployment" and new["metadata"]["name"] == "calico-typha":
            new["spec"]["replicas"] = old["spec"]["replicas"]
        if new["kind"] in ("Deployment", "DaemonSet"):
            undo_pod(new["spec"]["template"]["spec"], old["spec"]["template"]["spec"])
    return documents


def undo_pod(new: dict[str, Any], old: dict[str, Any]) -> None:
    for section in ("initContainers", "containers"):
        for container, before in zip(new.get(section, []), old.get(section, []), strict=True):
            container["image"] = before["image"]
            if container["name"] == "calico-node":
                container["env"] = copy.deepcopy(before["env"])
                container["livenessProbe"] = before["livenessProbe"]
                container["readinessProbe"] = before["readinessProbe"]


@pytest.fixture(
    params=(
        "small",
        RELEASES[-1],
        *(pytest.param(r, marks=pytest.mark.slow) for r in RELEASES[:-1]),
    )
)
def manifest(request: pytest.FixtureRequest) -> str:
    """The newest release always, those before it with --slow."""
    return SMALL if request.param == "small" else upstream(request.param)


@pytest.fixture(params=("small", RELEASES[0]))
def sample(request: pytest.FixtureRequest) -> str:
    """As manifest, for what is alike in every release: the oldest."""
    return SMALL if request.param == "small" else upstream(request.param)


@pytest.mark.parametrize("encapsulation", ["ipip", "vxlan", "none"])
def test_nothing_else_of_the_manifest_changes(manifest: str, encapsulation: str) -> None:
    result = set_calico(
        manifest,
        options(
            encapsulation=encapsulation,
            mtu=1400,
            typha_replicas=3,
            image_repository="registry.lab:5000/calico",
        ),
    )
    assert undone(result, manifest) == load_documents(manifest, "it")


def test_the_pods_network_is_set_where_upstream_has_it_commented_out(manifest: str) -> None:
    assert "CALICO_IPV4POOL_CIDR" not in env_of(manifest)
    assert env_of(set_calico(manifest, options()))["CALICO_IPV4POOL_CIDR"] == "10.200.0.0/16"


def test_other_variables_keep_their_values_and_their_order(manifest: str) -> None:
    before, after = node_of(manifest)["env"], node_of(set_calico(manifest, options()))["env"]
    assert after == [*before, {"name": "CALICO_IPV4POOL_CIDR", "value": "10.200.0.0/16"}]


def test_the_pods_network_is_replaced_where_it_is_there() -> None:
    once = set_calico(SMALL, options())
    again = set_calico(once, options(pod_cidr="10.9.0.0/16"))
    assert [e["value"] for e in node_of(again)["env"] if e["name"] == "CALICO_IPV4POOL_CIDR"] == [
        "10.9.0.0/16"
    ]


def test_a_value_from_elsewhere_gives_way_to_ours() -> None:
    elsewhere = SMALL.replace(
        'IPIP, value: "Always"', "IPIP, valueFrom: {configMapKeyRef: {name: a, key: b}}"
    )
    assert {"name": "CALICO_IPV4POOL_IPIP", "value": "Always"} in node_of(set_calico(elsewhere, options()))[
        "env"
    ]


@pytest.mark.parametrize(
    ("encapsulation", "modes", "backend"),
    [
        ("ipip", ("Always", "Never"), "bird"),
        ("vxlan", ("Never", "Always"), "vxlan"),
        ("none", ("Never", "Never"), "bird"),
    ],
)
def test_the_encapsulation_sets_both_modes_and_the_backend(
    manifest: str, encapsulation: str, modes: tuple[str, str], backend: str
) -> None:
    result = set_calico(manifest, options(encapsulation=encapsulation))
    env = env_of(result)
    assert (env["CALICO_IPV4POOL_IPIP"], env["CALICO_IPV4POOL_VXLAN"]) == modes
    assert found(result, "ConfigMap", "calico-config")["data"]["calico_backend"] == backend


def test_without_bird_no_probe_asks_for_it(sample: str) -> None:
    node = node_of(set_calico(sample, options(encapsulation="vxlan")))
    assert node["livenessProbe"]["exec"]["command"] == ["/bin/calico-node", "-felix-live"]
    assert node["readinessProbe"]["exec"]["command"] == ["/bin/calico-node", "-felix-ready"]


def test_the_mtu_is_a_text(sample: str) -> None:
    assert (
        found(set_calico(sample, options(mtu=1450)), "ConfigMap", "calico-config")["data"]["veth_mtu"]
        == "1450"
    )


@pytest.mark.parametrize(("replicas", "service"), [(0, "none"), (3, "calico-typha")])
def test_typha_is_on_or_off_in_both_places(sample: str, replicas: int, service: str) -> None:
    result = set_calico(sample, options(typha_replicas=replicas))
    assert found(result, "Deployment", "calico-typha")["spec"]["replicas"] == replicas
    assert found(result, "ConfigMap", "calico-config")["data"]["typha_service_name"] == service


@pytest.mark.parametrize(("nodes", "replicas"), [(1, 0), (50, 0), (51, 3), (300, 3), (301, 4), (1000, 10)])
def test_typha_follows_the_number_of_nodes(nodes: int, replicas: int) -> None:
    assert typha_replicas(nodes) == replicas


def test_images_come_from_the_mirror_by_the_same_name_and_tag(sample: str) -> None:
    moved = images(set_calico(sample, options(image_repository="registry.lab:5000/calico/")))
    assert moved == tuple(f"registry.lab:5000/calico/{image.rpartition('/')[2]}" for image in images(sample))
    assert len(moved) >= 3


def test_images_stay_where_no_mirror_is_named(manifest: str) -> None:
    assert images(set_calico(manifest, options())) == images(manifest)


@pytest.mark.parametrize(("minor", "api"), [(20, "policy/v1beta1"), (21, "policy/v1"), (36, "policy/v1")])
def test_disruption_budgets_use_an_api_the_cluster_has(sample: str, minor: int, api: str) -> None:
    result = set_calico(sample, options(kubernetes_version=KubernetesVersion(1, minor, 0)))
    budgets = [d for d in load_documents(result, "it") if d["kind"] == "PodDisruptionBudget"]
    assert budgets
    assert {budget["apiVersion"] for budget in budgets} == {api}


def test_the_result_says_who_wrote_it_and_is_stable(sample: str) -> None:
    result = set_calico(sample, options())
    assert result.startswith("# Managed by k8sboot")
    assert set_calico(result, options()) == result


def test_the_small_manifest_keeps_words_that_yaml_takes_for_booleans() -> None:
    assert env_of(set_calico(SMALL, options()))["FELIX_LOG"] == "no"
    assert yaml.safe_load(set_calico(SMALL, options()).partition("---")[0])["kind"] == "PodDisruptionBudget"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<!DOCTYPE html><html><body>404</body></html>", "HTML"),
        ("\n  <html>", "HTML"),
        ("", "no ConfigMap calico-config"),
        ("404: Not Found", "does not consist of YAML mappings|no ConfigMap"),
        ("a: [", "is not YAML"),
        ("kind: ConfigMap\nmetadata: {name: calico-config}\ndata: {}\n", "no DaemonSet calico-node"),
        (SMALL.replace("name: calico-node\n", "name: other\n"), "no DaemonSet calico-node"),
        (SMALL.replace("data:\n", "nodata:\n"), "no ConfigMap calico-config"),
    ],
    ids=[
        "html",
        "html after blanks",
        "empty",
        "404",
        "broken",
        "no daemon set",
        "other container",
        "no data",
    ],
)
def test_what_is_no_calico_manifest_is_refused(text: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        set_calico(text, options())


def test_typha_asked_for_in_a_manifest_without_it_is_refused() -> None:
    without = SMALL.partition("---\napiVersion: apps/v1\nkind: Deployment")[0]
    with pytest.raises(Refused, match="calico-typha"):
        set_calico(without, options(typha_replicas=3))
    assert (
        found(set_calico(without, options()), "ConfigMap", "calico-config")["data"]["typha_service_name"]
        == "none"
    )


@pytest.mark.parametrize("release", RELEASES)
def test_the_pinned_hash_is_that_of_upstreams_file(release: str) -> None:
    assert hashlib.sha256(upstream(release).encode()).hexdigest() == MANIFEST_SHA256[release]


def test_the_manifest_is_taken_from_the_releases_tag() -> None:
    assert manifest_url("v3.25.2").endswith("/projectcalico/calico/v3.25.2/manifests/calico-typha.yaml")


@pytest.mark.parametrize(
    ("image", "said", "wanted"),
    [
        ("docker.io/calico/node:v3.25.2", "", "kubernetes-internal-ip"),
        ("registry.lan:5000/node:v3.32.1", "", "kubernetes-internal-ip"),
        ("docker.io/calico/node:v3.21.6", "", None),
        ("docker.io/calico/node@sha256:abc", "", None),
        ("docker.io/calico/node:v3.25.2", "can-reach=10.0.0.1", "can-reach=10.0.0.1"),
    ],
)
def test_nodes_use_their_own_address_where_calico_can_and_the_manifest_says_nothing(image, said, wanted):
    text = SMALL.replace("docker.io/calico/node:v3.25.2", image)
    if said:
        documents = yamltext.load_documents(text, "it")
        calico._set_env(calico._calico_node(documents), "IP_AUTODETECTION_METHOD", said)
        text = yamltext.dump_documents(documents)
    fitted = set_calico(text, options(has_node_addresses=True))
    assert env_of(fitted).get("IP_AUTODETECTION_METHOD") == wanted
    assert "IP_AUTODETECTION_METHOD" not in env_of(set_calico(SMALL, options()))


@pytest.mark.parametrize(
    ("image", "mode", "wanted"),
    [
        ("quay.io/calico/node:v3.31.7", "nftables", "Enabled"),
        ("quay.io/calico/node:v3.33.0", "nftables", "Enabled"),
        ("docker.io/calico/node:v3.30.7", "nftables", None),
        ("quay.io/calico/node:v3.33.0", "iptables", None),
        ("quay.io/calico/node:v3.33.0", "ipvs", None),
    ],
)
def test_calico_uses_nftables_where_kube_proxy_does(image: str, mode: str, wanted: str | None) -> None:
    text = SMALL.replace("docker.io/calico/node:v3.25.2", image)
    assert env_of(set_calico(text, options(proxy_mode=mode))).get("FELIX_NFTABLESMODE") == wanted


def test_components_may_share_an_image_and_typhas_is_left_out_by_its_deployment() -> None:
    """As from 3.33 on."""
    one = "quay.io/calico/calico:v3.33.0"
    text = re.sub(r"docker\.io/calico/(cni|kube-controllers|typha):v3\.25\.2", one, SMALL)
    assert one in images(text, with_typha=False)
    assert len(set(images(text))) == len(images(text))
    assert not [image for image in images(SMALL, with_typha=False) if "typha" in image]
    assert [image for image in images(SMALL) if "typha" in image]


def test_probes_of_bird_are_dropped_in_either_spelling() -> None:
    text = set_calico(SMALL.replace("-bird-live", "--bird-live"), options(encapsulation="vxlan"))
    assert node_of(text)["livenessProbe"]["exec"]["command"] == ["/bin/calico-node", "-felix-live"]
