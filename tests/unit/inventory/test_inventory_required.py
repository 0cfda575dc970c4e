"""The version of Kubernetes must be said; without it, the newest ones and the lines for a cluster that exists."""

from __future__ import annotations

from datetime import date

import pytest
import yaml

from k8sboot.console.problems import format_problem
from k8sboot.errors import InventoryError
from k8sboot.inventory import lint_required
from k8sboot.inventory.keys import rows
from k8sboot.inventory.load import load
from k8sboot.kubernetes import releases
from k8sboot.kubernetes.release_table import RELEASES

HOSTS = "masters: [{name: m1, address: 192.0.2.1}]\nnodes: [{name: n1, address: 192.0.2.2}]\n"


@pytest.fixture
def missing(tmp_path):
    """The only problem of a text, as the error that it is."""

    def of(text: str):
        (tmp_path / "inventory.yaml").write_text(text)
        with pytest.raises(InventoryError) as refused:
            load(str(tmp_path / "inventory.yaml"), environ={})
        (found,) = [each for each in refused.value.problems if not each.is_warning]
        assert found.code == "KB-VERSION-MISSING"
        return found

    return of


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("# hosts\n" + HOSTS, (2, 1)),
        ("cluster:\n  name: lab\n" + HOSTS, (2, 3)),
        (HOSTS + "cluster: {kubernetesVersion: }\n", (3, 30)),
        (HOSTS + "cluster: {kubernetesVersion: ''}\n", (3, 30)),
    ],
    ids=["no section", "no key", "no value", "empty"],
)
def test_a_missing_version_is_told_with_its_place(missing, text, place):
    found = missing(text)
    assert (found.line, found.column) == place


def test_the_newest_patch_of_each_living_minor_is_named(missing):
    living = releases.living(date.today())  # noqa: DTZ011  any zone will do
    assert living
    for row in living:
        assert row.newest in missing(HOSTS).suggestion


@pytest.mark.parametrize(
    ("today", "names"),
    [
        (date(2026, 10, 27), ["1.34", "1.35", "1.36", "1.37"]),
        (date(2026, 10, 28), ["1.35", "1.36", "1.37"]),
        (date(2027, 10, 29), []),
    ],
)
def test_a_release_lives_until_its_last_day(today, names):
    assert [row.name for row in releases.living(today)] == names


def test_the_lines_to_paste_make_the_inventory_of_an_earlier_k8sboot_whole(missing, tmp_path):
    lines = "\n".join(missing(HOSTS).paste)
    (tmp_path / "inventory.yaml").write_text(f"{HOSTS}{lines}\n")
    loaded = load(str(tmp_path / "inventory.yaml"), environ={})
    assert loaded.spec.said >= set(lint_required.EARLIER)
    assert yaml.safe_load(lines) == {
        "cluster": {
            "kubernetesVersion": "v1.23.17",
            "imageRepository": "registry.cn-hangzhou.aliyuncs.com/google_containers",
        },
        "mirror": "aliyun",
        "os": {"timezone": "Asia/Shanghai", "ntpServers": ["ntp.aliyun.com"]},
        "runtime": {"name": "docker"},
        "kubeProxy": {"mode": "ipvs"},
        "calico": {"version": "v3.25.2"},
    }


def test_lines_that_the_file_has_are_not_told_again(missing):
    told = missing(f"{HOSTS}os: {{timezone: UTC, mirror: tuna}}\nkubeProxy: {{mode: iptables}}\n").paste
    assert not {"  timezone", "mirror", "kubeProxy", "  mode"} & {line.partition(":")[0] for line in told}
    assert "os:  # the file has it: add these lines to it" in told
    assert "runtime:" in told
    assert "mirror: aliyun" in missing(HOSTS).paste
    assert not any(line.startswith("mirror") for line in missing(f"{HOSTS}mirror: ustc\n").paste)


def test_the_older_form_of_the_mirror_does_not_contradict_the_lines(tmp_path):
    (tmp_path / "inventory.yaml").write_text(HOSTS + "os: {mirror: aliyun}\n")
    with pytest.raises(InventoryError) as refused:
        load(str(tmp_path / "inventory.yaml"), environ={})
    told = [each.suggestion for each in refused.value.problems if each.code == "KB-OLDER-FORM"]
    assert told == ["replace it by `mirror: aliyun`"]


def test_the_lines_are_keys_of_the_inventory():
    assert set(lint_required.EARLIER) <= {name for name, _ in rows()}
    assert lint_required.EARLIER["cluster.kubernetesVersion"] in {row.newest for row in RELEASES}


def test_the_lines_stand_below_the_help_as_they_are_pasted(missing):
    shown = format_problem(missing(HOSTS)).splitlines()
    start = next(number for number, line in enumerate(shown) if line.startswith("  help: "))
    assert shown[start + 1 : start + 3] == ["    cluster:", "      kubernetesVersion: v1.23.17"]
