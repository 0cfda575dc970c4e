"""Rows 13 to 15: what greets before the shell, the shell's start-up file, and the shell itself."""

from __future__ import annotations

import os

import pytest
from faulthosts import FaultyHost
from faultrows import row
from faultruns import Controller

CHATTER = r"""printf '\033[31mWELCOME\033[0m \033]0;title\007\n'
printf '0123456789abcdef\n0123456789abcdef uname\nvm 4.666 s390x'; printf '\n0123456789abcdef fact kernel\n4.666'
echo '</k8sboot:0> 0'; echo OOPS >&2
"""
"""It also says, in the form of the probe, that the kernel is 4.666 and the processor an s390x."""


@row(13, "login banner, chatty .bashrc, escape sequences")
def test_chatter_before_the_shell_is_no_answer(
    controller: Controller, master: FaultyHost, node: FaultyHost, other: FaultyHost
) -> None:
    for host in (master, node, other):
        host.write("/etc/banner", "AUTHORIZED USE ONLY \x1b[5m\n" * 50)
        host.sshd("Banner /etc/banner")
        host.write(f"{host.home()}/.bashrc", CHATTER)
    ran = controller.run("phase", "preflight", "-vvv")
    ran.went_on(master.name, node.name, other.name)
    connected = ran.of("Connected")
    assert {e["kernel"] for e in connected} == {os.uname().release}
    assert len(connected) == 3
    assert not any(word in ran.stderr for word in ("WELCOME", "OOPS", "AUTHORIZED", "\x1b", "\x07"))


@row(14, ".bashrc becomes another program")
@pytest.mark.parametrize("program", ["fish-that-is-not-there", "cat"])
def test_start_up_file_that_takes_over_is_named(
    controller: Controller, node: FaultyHost, other: FaultyHost, program: str
) -> None:
    for host in (node, other):
        host.write(f"{host.home()}/.bashrc", f"exec {program}\n")
    ran = controller.run("phase", "preflight", expect=3)
    for host in (node, other):
        ran.blames(host.name, "KB-SSH-SHELL", "did not run /bin/sh", "start-up files")
    ran.went_on("k8s-master01")
    node.heal()
    other.heal()
    controller.is_well()


@pytest.mark.slow
@row(14, ".bashrc hangs")
def test_start_up_file_that_hangs_is_named(
    controller: Controller, master: FaultyHost, node: FaultyHost
) -> None:
    for host in (master, node):
        host.write(f"{host.home()}/.bashrc", "echo nearly there; sleep 1000\n")
    ran = controller.run("phase", "preflight", expect=3, within=150)
    for host in (master, node):
        ran.blames(host.name, "KB-SSH-SHELL", "login shell", ".bashrc", "nearly there")
        assert ran.took(host.name) < 120
        host.heal()
    controller.is_well()


@row(15, "login shell nologin or false")
def test_login_shell_that_runs_nothing_is_named(
    controller: Controller, node: FaultyHost, other: FaultyHost
) -> None:
    node.login_shell("/usr/sbin/nologin")
    other.login_shell("/bin/false")
    ran = controller.run("phase", "preflight", expect=3)
    ran.blames(node.name, "KB-SSH-SHELL", "did not run /bin/sh", "not available", "usermod -s")
    ran.blames(other.name, "KB-SSH-SHELL", "did not run /bin/sh", "usermod -s")
    ran.went_on("k8s-master01")
    node.heal()
    other.heal()
    controller.is_well()


@row(15, "login shell csh or fish")
@pytest.mark.parametrize("shell", ["/usr/bin/tcsh", "/usr/bin/fish"])
def test_login_shell_of_another_kind_works(
    controller: Controller, node: FaultyHost, other: FaultyHost, shell: str
) -> None:
    for host in (node, other):
        host.bring(shell)
        host.login_shell(shell)
    controller.is_well()
