"""A canary in every secret field: it must sing nowhere, least of all when things fail."""

from __future__ import annotations

import pytest
from command_line import CANARIES
from fake_state import HostState, Reply

LOUD = "".join(f"the host says {canary}\n" for canary in CANARIES)


def loud(_host: HostState, _words: list[str]) -> Reply:
    return 1, LOUD, LOUD


def found(said) -> list[str]:
    return [canary for canary in CANARIES if canary in said.out + said.err + said.log]


def test_a_whole_run_shows_no_secret(k8sboot):
    said = k8sboot("up --yes -vvv")
    assert said.code == 0, said.err
    assert found(said) == []
    assert "000000.0000000000000000" not in said.err + said.log
    assert "current-context" not in said.err + said.log
    for host in k8sboot.cluster.hosts.values():
        assert not [canary for canary in CANARIES if canary in str(host.commands)]


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("apt-get", "up --yes -vvv"),
        ("kubeadm init", "up --yes -vvv"),
        ("kubeadm join", "up --yes -vvv"),
        ("systemctl", "phase os-prep -vv"),
        ("kubectl get --raw", "up --yes -vv"),
        ("docker pull", "up --yes"),
    ],
)
def test_a_failure_with_secrets_in_its_output_shows_none(k8sboot, command, line):
    for host in k8sboot.cluster.hosts.values():
        host.answers[command] = loud
    said = k8sboot(line)
    assert said.code == 1
    assert "the host says ***" in said.err + said.log
    assert found(said) == []


@pytest.mark.parametrize("line", ["token new -vv", "token list -vvv", "token revoke abcdef --debug"])
def test_a_token_command_that_fails_shows_none(on_cluster, line):
    for command in ("kubeadm token", "kubectl get"):
        on_cluster.cluster.hosts["m1"].answers[command] = loud
    said = on_cluster(line)
    assert said.code == 1
    assert found(said) == []


def test_a_mistake_of_ours_with_a_secret_in_it_shows_none(on_cluster):
    def stumble(_host, _words):
        raise KeyError(CANARIES[0])

    on_cluster.cluster.hosts["m1"].answers["kubectl get"] = stumble
    for line in ("token list --debug", "up --yes --debug"):
        said = on_cluster(line)
        assert said.code == 70
        assert "KB-BUG" in said.err
        assert found(said) == []


def test_host_facts_full_of_secrets_and_escapes_are_harmless(k8sboot):
    release = f'ID=debian\nPRETTY_NAME="\x1b]0;owned\x07 [/red] {CANARIES[0]}"\nVERSION_CODENAME=x\n'
    k8sboot.cluster.hosts["n1"].put("/etc/os-release", release)
    said = k8sboot("phase preflight -vv")
    assert "\x1b" not in said.err
    assert "[/red]" in said.err
    assert found(said) == []
