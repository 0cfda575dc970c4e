"""Whatever a cluster answers, and whatever a manifest says, k8sboot has a value or a tidy error."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

import strategies as some
import yaml
from hypothesis import given
from hypothesis import strategies as st

from k8sboot.errors import K8sbootError
from k8sboot.kubernetes import (
    answers,
    calico,
    comparing,
    etcd,
    etcd_metrics,
    last_events,
    node_settings,
    overview,
    parsers,
    rows,
    running,
    tokens,
    yamltext,
)
from k8sboot.kubernetes.commands import CLUSTER
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.status.questions import parts

CALICO = (Path(__file__).parents[1] / "unit" / "kubernetes" / "calico-small.yaml").read_text()
CELLS = [
    "n1",
    "true",
    "True",
    "[]",
    "{}",
    '{"a":"b"}',
    '{"type":"Ready","status":"True"}',
    '{"waiting":{"reason":"x"}}',
    '[{"key":"a","effect":"NoSchedule"}]',
    '{"k8sboot.io/set":"{}"}',
    '{"node-role.kubernetes.io/master":""}',
    "Pod",
    "Deployment",
    "DaemonSet",
    "10.0.0.1",
    '{"a":',
    "[[[[",
    "1 2 3",
    '{"a":1} x',
]
cells = st.sampled_from([*CELLS, *some.HOSTILE]) | some.values.map(json.dumps) | st.text(max_size=8)
READERS = [
    (parsers.NODES, parsers.nodes),
    (parsers.WORKLOADS, parsers.pods),
    (parsers.WORKLOADS, parsers.workloads),
    (parsers.POD_ADDRESSES, parsers.pod_addresses),
    (node_settings.FIELDS, node_settings.node_settings),
    (overview.FIELDS, overview.overview),
]


@given(st.data(), st.sampled_from(READERS), st.sampled_from([".", "", ".\n", "x"]))
def test_rows(data, reader, end):
    fields, read = reader
    line = st.lists(cells, min_size=len(fields), max_size=len(fields)).map("\t".join)
    text = "\n".join([*data.draw(st.lists(line | cells, max_size=4)), end])
    with suppress(K8sbootError):
        str(read(text))


METRICS = [
    "etcd_server_has_leader 1\n",
    'etcd_server_id{server_id="8e9e"} 1\n',
    'etcd_network_known_peers{Local="8e9e",Remote="a1"} 1\n',
    "etcd_mvcc_db_total_size_in_bytes 4.2e+06\n",
    "etcd_server_quota_backend_bytes 1e999\n",
]
PARTS = ["part overview 0 .YQ==\n", "part members x .%\n", "now 99999999999999999999\n", "part\n", "now 1\n"]
EVENTS = ["2026-11-30T10:00:00Z <none> <none> Pod p R message\n", "9 9 9 Pod p R m\n", "<none> <none>\n"]


@given(st.lists(st.sampled_from([*METRICS, *PARTS, *EVENTS]) | some.texts, max_size=6).map("".join))
def test_lines_of_status(text):
    state = etcd_metrics.member_state(text)
    assert state is None or state.members > state.quorum - 1 >= 0
    str(last_events.last_events(text))
    str(parts(text))


@given(st.lists(cells, max_size=6).map(" ".join))
def test_lists_in_rows(text):
    rows._values(text)


OBJECTS = st.sampled_from(
    ["items", "metadata", "name", "kind", "data", "type", "spec", "members", "ID", "peerURLs"]
)
KEYS = OBJECTS | st.sampled_from(
    ["token-id", "token-secret", "expiration", "template", "containers", "image", "env"]
)
words = st.sampled_from(
    [
        "ConfigMap",
        "DaemonSet",
        "calico-node",
        "kubeadm-config",
        "ClusterConfiguration",
        "bootstrap.kubernetes.io/token",
    ]
)
trees = st.recursive(
    some.scalars | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | some.texts, inner, max_size=5),
    max_leaves=20,
)


@given(trees.map(json.dumps) | some.texts | some.twisted(['{"items": [{"metadata": {"name": "x"}}]}']))
def test_objects(text):
    for read in (tokens.bootstrap_tokens, etcd.members):
        with suppress(K8sbootError):
            str(read(text))


columns = st.lists(words | trees.map(json.dumps), min_size=len(CLUSTER), max_size=len(CLUSTER)).map("\t".join)
ROW = 'DaemonSet\tcalico-node\t{"ClusterConfiguration": "a: 1"}\t1\t[{"name": "calico-node", "image": "a:v3.1.2"}]\n.'


@given(columns.map("{}\n.".format) | some.texts | some.twisted([ROW]))
def test_running_clusters(text):
    with suppress(K8sbootError):
        found = running.running_cluster(text)
        str([getattr(found, name) for name in dir(running.RunningCluster) if not name.startswith("_")])
    answers.is_away(text)


@given(st.lists(some.texts, min_size=5, max_size=5), some.texts | st.datetimes().map(str))
def test_tokens(data, expires):
    names = (
        "token-id",
        "token-secret",
        "description",
        "usage-bootstrap-signing",
        "usage-bootstrap-authentication",
    )
    secret = {
        "type": "bootstrap.kubernetes.io/token",
        "metadata": {},
        "data": dict(zip(names, data, strict=True)),
    }
    secret["data"].update(
        {"token-id": "YWJjZGVm", "token-secret": "MDEyMzQ1Njc4OWFiY2RlZg==", "expiration": b64(expires)}
    )
    with suppress(K8sbootError):
        for token in tokens.bootstrap_tokens(json.dumps({"items": [secret]})):
            token.can_join(datetime.now(timezone.utc))


def b64(text: str) -> str:
    import base64

    return base64.b64encode(text.encode("utf-8", "replace")).decode()


@given(some.twisted([CALICO]), st.sampled_from(["ipip", "vxlan", "none"]), st.booleans())
def test_calico(text, encapsulation, is_full):
    options = calico.CalicoOptions(
        pod_cidr="10.0.0.0/16",
        kubernetes_version=KubernetesVersion(1, 23, 17),
        encapsulation=encapsulation,
        typha_replicas=3 if is_full else 0,
        image_repository="r.example/x" if is_full else "",
        has_node_addresses=is_full,
    )
    with suppress(K8sbootError):
        calico.images(text)
        fitted = calico.set_calico(text, options)
        assert calico.set_calico(fitted, options) == fitted


@given(
    trees.map(lambda tree: yaml.safe_dump({"a": tree}))
    | some.lines(["a:", "- x", "? b", "{c: d}", "|", "!!int", "%YAML"])
)
def test_yaml(text):
    with suppress(K8sbootError):
        documents = yamltext.load_documents(text, "it")
        assert yamltext.load_documents(yamltext.dump_documents(documents), "it") == documents


@given(st.dictionaries(some.texts, trees, max_size=4), trees)
def test_comparing(wanted, found):
    str([*comparing.differing(wanted, found, where="x")])
    if isinstance(found, dict):
        assert not [*comparing.differing(wanted, comparing.merged(found, wanted), where="x")]
