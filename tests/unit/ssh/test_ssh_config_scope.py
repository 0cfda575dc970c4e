"""`ssh -G` is asked once for hosts that the ssh_config cannot tell apart, with the answer that each would get."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sboot.errors import ConnectError
from k8sboot.ssh import config_answers, config_scope
from k8sboot.ssh.config_answers import settings_of
from k8sboot.ssh.target import Target

pytestmark = pytest.mark.skipif(shutil.which("ssh") is None, reason="no ssh")

HOSTS = ("web-1", "web-2", "10.0.0.1", "fd00::1", "gate")
ODD = ("WEB-1", "010.0.0.1", "127.1", "2001:db8:0::1", "a_b", "fe80::1%lo")
USED = (
    "hostkeyalias", "hostname", "identitiesonly", "identityfile", "port", "proxycommand", "proxyjump",
    "revokedhostkeys", "user", "userknownhostsfile",
)  # fmt: skip
ASK = config_answers._ask
"""ssh itself, of one host."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses for which ssh was asked."""
    found: list[str] = []

    def counted(target: Target) -> config_answers.Settings:
        found.append(target.address)
        return ASK(target)

    monkeypatch.setattr(config_answers, "_ask", counted)
    monkeypatch.setattr(config_answers, "_answers", {})
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An empty ssh_config."""
    path = tmp_path / "config"
    path.touch()
    return path


def targets(file: Path, addresses: Iterable[str] = HOSTS, **more: Any) -> list[Target]:
    return [Target(name=f"n{i}", address=a, config_file=str(file), **more) for i, a in enumerate(addresses)]


def used(settings: config_answers.Settings) -> dict[str, list[str] | None]:
    return {key: settings.get(key) for key in USED}


def answers(all_: list[Target]) -> list[object]:
    return [used(settings_of(target)[0]) for target in all_]


def own_answers(all_: list[Target]) -> list[object]:
    return [used(ASK(target)) for target in all_]


SHARED = {
    "": 1,
    "User ops\nPort 2222\nControlPath ~/.ssh/cm-%r@%h:%p\n": 1,
    "Host *\n  IdentityFile ~/.ssh/id\n  UserKnownHostsFile ~/.ssh/known\nMatch all\n  HostKeyAlias all\n": 1,
    "Host github.com\n  User git\nHost *.corp !x.corp\n  ProxyJump me@other\n": 1,
    "Host GATE\n  User x\nHost=web-1\n  Hostname 10.0.0.1\n": 4,  # gate, web-1, what it leads to, and the rest
    "Host web-?\n  User web\nHost 10.0.0.1 # a comment\n  Port 23\n": 4,
    'Host * !web-1\n  User ops\nHost "fd00::1"\n  User x\n': 3,
}
"""Configurations, and how often ssh is asked for HOSTS."""
OWN = ("ProxyJump gatekeeper\n", "Hostname web-1\n", "Hostname 192.0.2.1\n")
"""Those of which only the answer tells that it is of one host."""
IN_DOUBT = (
    "Hostname %h\n",
    "Host web-1\nHostname %h.example.com\n",
    "UserKnownHostsFile ~/.ssh/of-%h\n",
    "IdentityFile ~/.ssh/%n\n",
    "ProxyCommand nc %h %p\n",
    "Match host web-1\n  User x\n",
    "Match originalhost web-*\n  User x\n",
    "Match exec true\n  User x\n",
    "Match user root\n  Port 23\n",
    "Match final all\n  User x\n",
    "CanonicalizeHostname no\n",
    "Host [a]\n  User x\n",
    "Include ${HOME}/none\n",
    'Include "none"\n',
    '"User" x\n',
)
"""Those that decide by more than names."""


@pytest.mark.parametrize("text", SHARED)
def test_one_question_for_all_that_cannot_be_told_apart(text: str, file: Path, asked: list[str]) -> None:
    file.write_text(text)
    assert answers(targets(file)) == own_answers(targets(file))
    assert len(asked) == SHARED[text]


@pytest.mark.parametrize("text", OWN)
def test_an_answer_of_one_host_is_not_shared(text: str, file: Path, asked: list[str]) -> None:
    file.write_text(text)
    assert answers(targets(file)) == own_answers(targets(file))
    assert set(asked) == set(HOSTS)


@pytest.mark.parametrize("text", IN_DOUBT)
def test_a_file_that_decides_by_more_than_names_is_in_doubt(text: str, file: Path) -> None:
    file.write_text(f"Port 23\n{text}")
    assert config_scope.scope_of(str(file)) is None


def test_in_doubt_each_is_asked(file: Path, asked: list[str]) -> None:
    file.write_text("Match host web-1\n  User x\n")
    assert answers(targets(file)) == own_answers(targets(file))
    assert asked == list(HOSTS)


def test_an_address_that_ssh_writes_otherwise_is_asked(file: Path, asked: list[str]) -> None:
    assert answers(targets(file, ODD)) == own_answers(targets(file, ODD))
    assert asked == list(ODD)


def test_another_user_port_or_text_is_another_question(file: Path, asked: list[str]) -> None:
    two = HOSTS[:2]
    for more in ({}, {"user": "ops"}, {"port": 3}):
        assert answers(targets(file, two, **more)) == own_answers(targets(file, two, **more))
    file.write_text("Port 9\n")
    assert answers(targets(file, two)) == own_answers(targets(file, two))
    assert asked == ["web-1"] * 4


def test_included_files_are_read(file: Path, asked: list[str]) -> None:
    more = file.with_name("more")
    more.mkdir()
    file.write_text(f"Include {more}/*.conf {more}/none\nUser ops\n")
    answers(targets(file))
    assert asked == ["web-1"]
    (more / "a.conf").write_text("Host web-2\n  User web\n")
    assert answers(targets(file)) == own_answers(targets(file))
    assert asked[1:] == ["web-1", "web-2"]
    (more / "b.conf").write_text("Match host web-2\n  User web\n")
    assert config_scope.scope_of(str(file)) is None
    (more / "b.conf").write_text(f"Include {file}\n")  # without an end
    assert config_scope.scope_of(str(file)) is None


def test_a_file_without_a_name_is_openssh_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.setattr(config_scope, "_home", lambda: tmp_path)
    monkeypatch.setattr(config_scope, "SYSTEM", tmp_path / "etc")
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/config").write_text("Include ~/more\nInclude also\n")
    (tmp_path / "more").write_text("Host one\n")
    (tmp_path / ".ssh/also").write_text("Host two\n")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/ssh_config").write_text("Include more.d/*\nHost *\n")
    (tmp_path / "etc/more.d").mkdir()
    (tmp_path / "etc/more.d/a").write_text("Host three\n")
    scope = config_scope.scope_of(None)
    assert scope is not None
    assert scope.patterns == {"one", "two", "three"}


def test_threads_ask_once_together(file: Path, asked: list[str]) -> None:
    threads = [
        threading.Thread(target=settings_of, args=(target,))
        for target in targets(file, (f"10.0.0.{i}" for i in range(1, 20)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1


def test_a_broken_file_is_every_hosts_error(file: Path, asked: list[str]) -> None:
    file.write_text("Port 99999999\n")
    for target in targets(file, HOSTS[:2]):
        with pytest.raises(ConnectError, match="cannot read ssh_config") as told:
            settings_of(target)
        assert told.value.host == target.name
    assert asked == list(HOSTS[:2])


WORDS = st.sampled_from(
    ("*", "web-*", "!web-1", "10.0.0.?", "gate", "WEB-2", "fd00::*", "10.0.0.1", "!*", "a,gate")
)
LINES = st.one_of(
    st.lists(WORDS, min_size=1, max_size=3).map(lambda words: f"Host {' '.join(words)}"),
    st.sampled_from(
        (
            "Match all", "Match host gate", "User ops", "Port 23", "Hostname 10.0.0.1", "Hostname gate",
            "Hostname x-%h", "ProxyJump gate", "ProxyJump none", "HostKeyAlias a", "UserKnownHostsFile ~/%h",
            "IdentityFile ~/%n", "ProxyCommand nc gate 22", "port=24", "  user = me", "IdentitiesOnly yes",
            "RevokedHostKeys /web-1", "# Host *", "",
        )
    ),
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.lists(LINES, max_size=8), st.permutations(HOSTS))
def test_the_answer_is_each_hosts_own(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], order: list[str]
) -> None:
    file = tmp_path_factory.mktemp("ssh") / "config"
    file.write_text("\n".join(lines))
    all_ = targets(file, order)
    try:
        wanted = own_answers(all_)
    except ConnectError:
        return  # a loop of jumps, or a file that ssh refuses
    config_answers._answers.clear()
    assert answers(all_) == wanted
