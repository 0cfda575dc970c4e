"""The script that gathers evidence: it reads, and asks only for what it may."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest

from k8sboot.diagnosis.script import Scope, script

WHOLE = script(Scope("k8s.example.com:6443", ("r.example.com:5000", "mirror.example.com"), since=120))
BODIES = {
    w[1]: w[2]
    for line in re.findall(r"^section .*?(?=^section |^true$)", WHOLE, re.M | re.S)
    if (w := shlex.split(line))
}
CHANGING = r"\b(rm|mv|cp|tee|touch|mkdir|chmod|chown|kill|pkill|modprobe|sysctl|swapoff|dd|install|apt-get|yum|dpkg)\b"


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_shells_take_it(shell: str):
    assert subprocess.run([shell, "-n"], input=WHOLE, text=True, check=False).returncode == 0
    for name, body in BODIES.items():
        assert subprocess.run([shell, "-n"], input=body, text=True, check=False).returncode == 0, name


def test_it_holds_no_command_that_changes_anything():
    assert len(BODIES) > 30
    for name, body in BODIES.items():
        assert not re.search(CHANGING, re.sub(r"'[^']*'", "", body)), name
        assert not re.search(r"systemctl (?!show|is-active)", body), name
        for words in re.findall(r"(?:^|\(|; |then\n|\|\| ) *docker (\S+ ?\w*)", body):
            assert words.split()[0] in ("info", "ps", "logs") or words == "image ls", name
        for words in re.findall(r"kubectl .*? --request-timeout=5s (.*)", body):
            assert re.match(r"(-n \S+ )?get ", words), name
        outside = re.sub(r"2>&1|[0-9]?>/dev/null|exec 3<>\"/dev/tcp/[^\"]*\"|'[^']*'", "", body)
        assert ">" not in outside, name


def test_what_it_asks_of_secrets_is_their_names_and_ends():
    (asked,) = [body for body in BODIES.values() if "secrets" in body]
    assert "custom-columns=N:.metadata.name,E:.data.expiration" in asked
    assert "token-secret" not in WHOLE


def test_values_are_quoted():
    hostile = script(Scope("$(touch /x):6443", ("`id`", "a b"), since=1))
    assert "export endpoint='$(touch /x)'" in hostile
    assert "export registries='`id` a b'" in hostile


def test_an_ipv6_endpoint_loses_its_brackets():
    assert "export endpoint=fd00::1\n" in script(Scope("[fd00::1]:6443"))


def test_of_the_cluster_alone_nothing_of_the_host_is_asked():
    names = re.findall(r"^section (\S+)", script(Scope(has_host=False)), re.M)
    assert names == ["api", "nodes", "conditions", "pods", "events", "requests", "tokens"]
