"""etcd's members as etcdctl of etcd 3.4 writes them down."""

from __future__ import annotations

import json

import pytest

from k8sboot.kubernetes import etcd
from k8sboot.kubernetes.answers import BadAnswer

THREE = (
    '{"header":{"cluster_id":9457607859153119226,"member_id":9270875485894235611,"raft_term":3},"members":'
    '[{"ID":154908657109957501,"name":"m3","peerURLs":["https://10.77.1.13:2380"],"clientURLs":["https://10.77.1.13:2379"]},'
    '{"ID":9270875485894235611,"name":"m1","peerURLs":["https://[fd00::1]:2380"],"clientURLs":["https://[fd00::1]:2379"]},'
    '{"ID":15839168373179562518,"peerURLs":["https://10.77.1.12:2380"]}]}'
)


def test_members_have_the_ids_that_etcdctl_takes() -> None:
    assert etcd.members(THREE) == (
        etcd.Member("226589a57abfb7d", "m3", ("10.77.1.13",)),
        etcd.Member("80a8c4229d9a55db", "m1", ("fd00::1",)),
        etcd.Member("dbd007b744f83a16", "", ("10.77.1.12",)),
    )


def test_etcdctl_runs_in_the_masters_own_pod_with_its_keys() -> None:
    words = etcd.member_remove("m1", "226589a57abfb7d")
    assert words[:3] == ("kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf")
    assert words[5:10] == ("exec", "--namespace", "kube-system", "etcd-m1", "--")
    assert words[-3:] == ("member", "remove", "226589a57abfb7d")
    assert "/etc/kubernetes/pki/etcd/server.key" in words


@pytest.mark.parametrize("text", ["", "no", "[]"])
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(BadAnswer):
        etcd.members(text)


@pytest.mark.parametrize("members", [None, 7, ["x"], [{"ID": "x", "peerURLs": "y"}]])
def test_strange_members_are_nobody(members: object) -> None:
    assert all(m.name == "" and m.addresses == () for m in etcd.members(json.dumps({"members": members})))
