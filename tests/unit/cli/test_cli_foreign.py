"""`reset --foreign`, and how a machine of another cluster is told."""

from __future__ import annotations

import base64
import json

import pytest
from command_line import CommandLine, untouched
from fake_answers import ca_certificate

FOREIGN = ca_certificate(b"\x02")


@pytest.fixture
def astray(on_cluster: CommandLine) -> CommandLine:
    """n2 is a member of another cluster."""
    host, ours = on_cluster.cluster.hosts["n2"], on_cluster.cluster.ca
    text = host.text("/etc/kubernetes/kubelet.conf")
    found = json.loads(text)
    found["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(
        FOREIGN.encode()
    ).decode()
    found["clusters"][0]["cluster"]["server"] = "https://\x1b[31mother.example:6443"
    host.put("/etc/kubernetes/kubelet.conf", json.dumps(found), mode=0o600)
    assert ours != FOREIGN
    return on_cluster


def fingerprint(said: str) -> str:
    return said.partition("--foreign ")[2].split()[0]


@pytest.mark.parametrize("line", ["up --yes", "plan", "phase hosts", "reset --yes", "plan -o json"])
def test_every_command_refuses_and_says_how_to_go_on(astray: CommandLine, line: str):
    said = astray(line)
    assert said.code == 1
    assert "error[KB-FOREIGN-CLUSTER] n2: the machine belongs to another cluster" in said.err
    assert "\x1b[31m" not in said.err
    assert untouched(astray)
    assert [e["host"] for e in said.events if e["event"] == "Failed"] == ["n2"]


def test_the_command_of_the_error_resets_that_machine_alone(astray: CommandLine):
    identity = fingerprint(astray("plan").err)
    said = astray(f"reset --yes --limit n2 --foreign {identity.lower()}")
    assert said.code == 0, said.err
    assert {e["host"] for e in said.events if e["event"] == "Changed"} == {"n2"}
    assert astray("up --yes").code == 0
    assert astray("plan --exit-code").code == 0


def test_it_asks_before_it_destroys_a_foreign_machine(astray: CommandLine):
    identity = fingerprint(astray("plan").err)
    said = astray(f"reset --foreign {identity}")
    assert said.code == 2
    assert "requires a confirmation" in said.err


@pytest.mark.parametrize("word", ["abc", "SHA256:abc", "SHA256:" + "g" * 64, "sha512:" + "0" * 64])
def test_what_is_no_fingerprint_is_refused_before_a_connection(astray: CommandLine, word: str):
    said = astray(f"reset --yes --foreign {word}")
    assert said.code == 2
    assert "not a fingerprint" in said.err
    assert astray.asked == []
