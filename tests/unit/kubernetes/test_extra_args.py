"""Extra arguments in both forms: what is written for an API, and how two documents compare."""

from __future__ import annotations

import pytest

from k8sboot.errors import Refused
from k8sboot.kubernetes.comparing import differing
from k8sboot.kubernetes.extra_args import as_mapping, comparable, for_api
from k8sboot.kubernetes.kubeadm_fields import fields_of, misfits
from k8sboot.kubernetes.release_table import RELEASES

LISTED = [{"name": "profiling", "value": "false"}, {"name": "v", "value": "4"}]
MAPPED = {"profiling": False, "v": 4}
TWICE = [{"name": "issuer", "value": "a"}, {"name": "issuer", "value": "b"}]


@pytest.mark.parametrize("given", [LISTED, MAPPED], ids=["list", "mapping"])
def test_either_form_is_written_as_the_api_reads_it(given: object):
    document = {"etcd": {"local": {"extraArgs": given}}, "nodeRegistration": {"kubeletExtraArgs": given}}
    new = {"etcd": {"local": {"extraArgs": LISTED}}, "nodeRegistration": {"kubeletExtraArgs": LISTED}}
    text = {"profiling": "false", "v": "4"}
    old = {"etcd": {"local": {"extraArgs": text}}, "nodeRegistration": {"kubeletExtraArgs": text}}
    assert for_api(document, "v1beta4") == new
    assert for_api(document, "v1beta3") == old


def test_an_argument_that_repeats_keeps_its_order_and_is_refused_where_it_cannot():
    assert for_api({"extraArgs": TWICE}, "v1beta4") == {"extraArgs": TWICE}
    assert as_mapping(TWICE) == {"issuer": ["a", "b"]}
    with pytest.raises(Refused, match="given twice"):
        for_api({"extraArgs": TWICE}, "v1beta3")


def test_a_list_and_a_mapping_with_the_same_arguments_do_not_differ():
    one, other = {"apiServer": {"extraArgs": MAPPED}}, {"apiServer": {"extraArgs": LISTED}}
    for wanted, found in ((one, other), (other, one)):
        assert [*differing(comparable(wanted), comparable(found), where="x")] == []
    changed = {"apiServer": {"extraArgs": [LISTED[0], {"name": "v", "value": "2"}]}}
    [found] = differing(comparable(one), comparable(changed), where="x")
    assert (found.key, found.found, found.wanted) == ("x.apiServer.extraArgs.v", "2", "4")


@pytest.mark.parametrize("release", RELEASES, ids=lambda row: row.name)
def test_every_type_that_a_table_of_fields_names_is_in_it(release):
    types = fields_of(release)
    named = {kind.removeprefix("[]").removeprefix("{}") for each in types.values() for kind in each.values()}
    assert named - types.keys() <= {"text", "flag", "number", "any", "Arguments"}
    assert types.keys() - named == {"ClusterConfiguration", "InitConfiguration", "JoinConfiguration"}
    assert [*misfits(release, "ClusterConfiguration", {"clusterName": None})] == []
