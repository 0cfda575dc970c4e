"""The script that gathers evidence: it reads, and asks only for what it may."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest

from k8sboot.diagnosis.script import Scope, script
from k8sboot.runtime.docker import Docker

REGISTRIES = ("r.example.com:5000", "mirror.example.com")
WHOLE = script(Scope("k8s.example.com:6443", REGISTRIES, since=120, runtime=Docker()))
CODE = shlex.split(WHOLE)[0].removeprefix("CODE=")
FUNCTIONS = {
    **dict(re.findall(r"^(\w+)\(\) \{ (.*); \}$", CODE, re.M)),
    **dict(re.findall(r"^(\w+)\(\) \{\n(.*?)^\}$", CODE, re.M | re.S)),
}
CALLS = dict(shlex.split(line)[1:] for line in re.findall(r"^section .*$", WHOLE, re.M))
BODIES = {name: FUNCTIONS[call.split()[0]] for name, call in CALLS.items()}
CHANGING = r"\b(rm|mv|cp|tee|touch|mkdir|chmod|chown|kill|pkill|modprobe|sysctl|swapoff|dd|install|apt-get|yum|dpkg)\b"


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_shells_take_it(shell: str):
    assert subprocess.run([shell, "-n"], input=WHOLE, text=True, check=False).returncode == 0
    assert subprocess.run([shell, "-n"], input=CODE, text=True, check=False).returncode == 0


def test_it_holds_no_command_that_changes_anything():
    assert len(BODIES) > 30
    for name, body in BODIES.items():
        assert not re.search(CHANGING, re.sub(r"'[^']*'", "", body)), name
        assert not re.search(r"systemctl (?!show|is-active)", body), name
        for words in re.findall(r"(?:^|\(|; |then\n|\|\| ) *docker (\S+ ?\w*)", body):
            assert words.split()[0] in ("info", "ps", "logs") or words == "image ls", name
        assert "KUBECTL" not in body, "only `ask` calls it"
        for words in re.findall(r"\bask (.*)", body):
            assert re.match(r"(-n \S+ )?get ", words), name
        outside = re.sub(r"2>&1|[0-9]?>/dev/null|exec 3<>\"/dev/tcp/[^\"]*\"|'[^']*'", "", body)
        assert ">" not in outside, name


def test_what_it_asks_of_secrets_is_their_names_and_ends():
    (asked,) = [body for body in BODIES.values() if "secrets" in body]
    assert "custom-columns=N:.metadata.name,E:.data.expiration" in asked
    assert "token-secret" not in WHOLE


def test_values_are_quoted():
    hostile = script(Scope("$(touch /x):6443", ("`id`", "a b"), since=1, runtime=Docker()))
    assert "\nENDPOINT='$(touch /x)'\n" in hostile
    assert "\nREGISTRIES='`id` a b'\n" in hostile


def test_an_ipv6_endpoint_loses_its_brackets():
    assert "\nENDPOINT=fd00::1\n" in script(Scope("[fd00::1]:6443", runtime=Docker()))


def test_of_the_cluster_alone_nothing_of_the_host_is_asked():
    names = re.findall(r"^section (\S+)", script(Scope()), re.M)
    assert names == ["api", "nodes", "conditions", "pods", "events", "requests", "tokens", "master-filter"]


def test_every_function_of_the_script_is_in_use():
    used = {call.split()[0] for call in CALLS.values()}
    helpers = {name for name in FUNCTIONS if name not in used}
    assert helpers == {"runtime_state", "answers", "ask", "room"}
    assert all(re.search(rf"\b{name}\b(?!\(\))", WHOLE) for name in helpers)


def test_room_is_looked_for_where_the_inventory_has_the_runtimes_data():
    assert "\nDATA_DIR=/var/lib/docker\n" in WHOLE
    assert "\nDATA_DIR=/data/docker\n" in script(Scope(runtime=Docker(), data_root="/data/docker"))
