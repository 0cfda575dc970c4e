"""Rows 99 and 102: logins that the host's account rules refuse, and logins that only lead to a message."""

from __future__ import annotations

import pytest
from faulthosts import FaultyHost
from faultrows import row
from faultruns import Controller

SILENT = "account required pam_deny.so\n"


def logins(host: FaultyHost) -> int:
    """Connections that the host's sshd has seen."""
    return host.sshd_log().count("Connection from")


def is_turned_away(controller: Controller, host: FaultyHost, *words: str, code: str, tries: int) -> None:
    """The host refuses with these words, after so many logins; the others go on; healed, all is well."""
    host.sshd("LogLevel VERBOSE")
    before = logins(host)
    ran = controller.run("phase", "preflight", expect=3)
    ran.blames(host.name, code, *words)
    ran.went_on(*{"k8s-master01", "k8s-node01", "k8s-node02"} - {host.name})
    assert logins(host) - before == tries
    host.heal()
    controller.is_well()


@row(99, "an expired account")
def test_expired_account_is_told_in_the_servers_words_after_one_try(
    controller: Controller, other: FaultyHost
) -> None:
    other.keep("/etc/shadow")
    other.sh(f"chage -E 0 {other.login}")
    words = (f"the account {other.login} has expired", "Your account has expired", "chage -E -1")
    is_turned_away(controller, other, *words, code="KB-SSH-AUTH", tries=1)


@row(99, "/run/nologin")
def test_nologin_is_told_with_its_own_message_after_one_try(
    controller: Controller, other: FaultyHost
) -> None:
    other.undo.callback(other.sh, "rm -f /run/nologin")
    other.sh("echo 'Maintenance until noon, ask Kim.' > /run/nologin")
    words = ("admits only root", "Maintenance until noon, ask Kim.", "remove /run/nologin")
    is_turned_away(controller, other, *words, code="KB-SSH-AUTH", tries=1)


@row(99, "PAM refuses without a word")
def test_account_rules_that_refuse_without_a_word_are_named_after_three_tries(
    controller: Controller, other: FaultyHost
) -> None:
    other.write("/etc/pam.d/sshd", SILENT + other.path("/etc/pam.d/sshd").read_text())
    words = ("3 times without a message", "account rules", "journalctl -u ssh")
    is_turned_away(controller, other, *words, code="KB-SSH-AUTH", tries=3)


@row(102, "a key that only says: log in as another user")
def test_root_key_that_names_another_user_is_told_with_that_user(
    controller: Controller, master: FaultyHost
) -> None:
    keys = "/root/.ssh/authorized_keys"
    said = 'Please login as the user \\"ubuntu\\" rather than the user \\"root\\".'
    master.write(keys, f"command=\"echo '{said}'; exit 142\" {master.path(keys).read_text()}", mode=0o600)
    ran = controller.run("phase", "preflight", expect=3)
    ran.blames(
        master.name, "KB-SSH-SHELL", 'rather than the user "root"', "set `user: ubuntu`", "restricted to"
    )
    assert "usermod" not in ran.error(master.name)["fix"]
    master.heal()
    controller.is_well()


@row(102, "an expired password")
@pytest.mark.parametrize("age", ["-d 0", "-d 2020-01-01 -M 30"])
def test_expired_password_is_told_with_the_way_to_a_new_one(
    controller: Controller, other: FaultyHost, age: str
) -> None:
    other.keep("/etc/shadow")
    other.sh(f"chage {age} {other.login}")
    words = (f"password of {other.login} has expired", f"passwd {other.login}", "chage -d")
    is_turned_away(controller, other, *words, code="KB-SSH-SHELL", tries=1)
