"""Secrets travel in files: a cluster is made, grown, reset and given tokens, and no command has one in its words."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from fake_cluster import FakeCluster
from fake_state import HostState
from inventories import saying, spec
from runs import raise_errors, run

from k8sboot.cli.token_actions import new_join_line, revoke_tokens, token_table
from k8sboot.host.host import Context, Host
from k8sboot.host.machine import Machine
from k8sboot.host.reads import Reads
from k8sboot.inventory.model import NetworkSettings
from k8sboot.kubernetes import commands
from k8sboot.runbook import RESET, UP

pytestmark = pytest.mark.usefixtures("clock")

TOKEN_SECRET = "s3cr3ts3cr3ts3cr"
CERTIFICATE_KEY = "c" * 64
SECRETS = (TOKEN_SECRET, CERTIFICATE_KEY)
OF_LATER_RELEASES = {"config_validate"}
"""What no release uses that runs here; its argument is a path."""
FOR_PEOPLE = {"join_line", "certs_renew"}
"""Make lines for people to type: the one to join a new machine, and one that a fix names."""
BUILDERS = {
    name: function
    for name, function in inspect.getmembers(commands, inspect.isfunction)
    if function.__module__ == commands.__name__ and not name.startswith("_")
}


class Cluster(FakeCluster):
    """Its tokens have a secret that is known again, and it counts what was written for kubeadm with one in it."""

    files_with_secrets = 0

    def _create_token(self, words: list[str]) -> str:
        said = super()._create_token(words)
        token_id = said.partition(".")[0]
        self.tokens[token_id]["token-secret"] = TOKEN_SECRET
        return f"{token_id}.{TOKEN_SECRET}\n"

    def _join(self, host: Any, path: str) -> Any:
        self.files_with_secrets += TOKEN_SECRET in host.text(path)
        self.files_with_secrets += CERTIFICATE_KEY in host.text(path)
        return super()._join(host, path)


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """All words of every command that is built from now on, by its builder."""
    found: dict[str, list[str]] = {}

    def noting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def build(*args: Any, **named: Any) -> Any:
            words = function(*args, **named)
            found.setdefault(name, []).extend(words)
            return words

        return build

    for name in BUILDERS.keys() - FOR_PEOPLE:
        monkeypatch.setattr(commands, name, noting(name, BUILDERS[name]))
    return found


def all_that_k8sboot_does_with_tokens(folder: Path) -> Iterator[HostState]:
    """The hosts of a cluster of two masters that was made, changed, and lost a master and a node again."""
    cluster = Cluster(spec(masters=2))
    cluster.hosts["n2"].answers["kubeadm join"] = (1, "", "timed out\n")
    run(cluster, UP)
    del cluster.hosts["n2"].answers["kubeadm join"]
    cluster.spec = saying(cluster.spec, "kubeProxy.mode", "calico.encapsulation")
    cluster.proxy_mode = "iptables"
    raise_errors(run(cluster, UP))
    cluster.starting = ["n2"]
    raise_errors(run(cluster, [phase for phase in UP if phase.name == "settle"]))
    assert cluster.files_with_secrets == 4, (
        "three machines joined with the token, one of them with the key, too"
    )
    cluster.hosts["m1"].is_closed = False
    machine = Machine("m1", "192.0.2.1", "master", cluster.hosts["m1"], Reads())
    host = Host(machine, Context(phase="token", emit=lambda _event: None))
    line = new_join_line(cluster.spec, host, ttl="30m", is_control_plane=True).reveal()
    assert all(secret in line for secret in SECRETS)
    assert TOKEN_SECRET not in token_table(host)
    revoke_tokens(host, list(cluster.tokens))
    cluster.hosts["m1"].is_closed = True
    raise_errors(run(cluster, RESET, limit=["m2", "n1"]))
    return chain(cluster.hosts.values(), _another_network(folder))


def _another_network(folder: Path) -> Iterator[HostState]:
    """The hosts of a cluster whose network has a definition that is too large for kubectl, and an object of it."""
    definition = {"group": "x.io", "text": "x" * 250_001}
    objects = (
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", definition),
        ("x.io/v1", "Thing", {}),
    )
    made = [{"apiVersion": a, "kind": k, "metadata": {"name": "n"}, "spec": s} for a, k, s in objects]
    path = folder / "network.yaml"
    path.write_text("---\n".join(json.dumps(each) + "\n" for each in made))
    cluster = FakeCluster(spec(network=NetworkSettings("manifest", str(path))))
    raise_errors(run(cluster, UP))
    return iter(cluster.hosts.values())


def test_no_command_has_a_secret_in_its_words(built: dict[str, list[str]], tmp_path: Path):
    sent = [line for host in all_that_k8sboot_does_with_tokens(tmp_path) for line in host.events]
    assert any("kubeadm join" in line for line in sent)
    assert BUILDERS.keys() - FOR_PEOPLE - OF_LATER_RELEASES == built.keys(), "each builder was used"
    words = [word for each in built.values() for word in each]
    assert not [text for text in (*words, *sent) if any(secret in text for secret in SECRETS)]
