"""Rows 20 to 24: keys and agents that do not fit, and sudo in all its moods."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from faulthosts import FaultyHost, until
from faultrows import row
from faultruns import Controller
from ssh_keys import keygen

CANARY = "canary-5f1c9e"


def tries(host: FaultyHost) -> int:
    """Logins that the host's sshd refused."""
    return host.sshd_log().count("Failed publickey") + host.sshd_log().count("Failed password")


@contextlib.contextmanager
def agent(folder: Path, *keys: Path) -> Iterator[str]:
    """An ssh-agent that holds these keys; its socket."""
    place = str(folder / "agent")
    process = subprocess.Popen(["ssh-agent", "-D", "-a", place], stdout=subprocess.DEVNULL)
    try:
        until(Path(place).exists, "the agent")
        for key in keys:
            subprocess.run(
                ["ssh-add", "-q", str(key)], env={**os.environ, "SSH_AUTH_SOCK": place}, check=True
            )
        yield place
    finally:
        process.terminate()
        process.wait()


def is_refused(
    controller: Controller, host: FaultyHost, *words: str, environ: dict[str, str] | None = None
) -> None:
    """The host refuses the login for these reasons, after few tries; the others go on; the right key heals it."""
    host.sshd("LogLevel VERBOSE")
    before = tries(host)
    ran = controller.run("phase", "preflight", expect=3, environ=environ)
    ran.blames(host.name, "KB-SSH-AUTH", f"cannot log in as {host.login}", "ssh-copy-id", *words)
    ran.went_on("k8s-master01", "k8s-node01")
    assert tries(host) - before <= 5
    controller.ssh(host.name, identityFile=str(controller.key))
    controller.is_well()


@row(20, "wrong key")
def test_wrong_key_is_refused(controller: Controller, other: FaultyHost, tmp_path: Path) -> None:
    controller.ssh(other.name, identityFile=str(keygen(tmp_path / "wrong")))
    is_refused(controller, other, f"identityFile {tmp_path}/wrong", "refused")


@row(20, "expired certificate")
def test_expired_certificate_is_refused(controller: Controller, other: FaultyHost, tmp_path: Path) -> None:
    authority, key = keygen(tmp_path / "authority"), keygen(tmp_path / "certified")
    sign = ["ssh-keygen", "-q", "-s", str(authority), "-I", "k8sboot-test", "-n", other.login]
    subprocess.run([*sign, "-V", "-2d:-1d", str(key)], check=True, capture_output=True)
    other.write("/etc/ssh/authority.pub", authority.with_suffix(".pub").read_text())
    other.sshd("TrustedUserCAKeys /etc/ssh/authority.pub")
    controller.ssh(other.name, identityFile=str(key))
    ran = controller.run("phase", "preflight", expect=3)
    ran.blames(other.name, "KB-SSH-AUTH", "with its certificate", "refused")
    ran.went_on("k8s-master01", "k8s-node01")

    subprocess.run([*sign, "-V", "-1d:+1d", str(key)], check=True, capture_output=True)
    controller.is_well()


@row(20, "encrypted key, no terminal")
def test_encrypted_key_without_a_passphrase_is_refused(
    controller: Controller, other: FaultyHost, tmp_path: Path
) -> None:
    controller.ssh(other.name, identityFile=str(keygen(tmp_path / "locked", passphrase="open sesame")))
    is_refused(controller, other, "encrypted", "passphrase", "ssh-add")


@row(20, "eight keys in the agent")
def test_eight_agent_keys_are_five_tries(controller: Controller, other: FaultyHost, tmp_path: Path) -> None:
    keys = [keygen(tmp_path / f"key{number}") for number in range(8)]
    controller.ssh("k8s-master01", identityFile=str(controller.key))
    controller.ssh("k8s-node01", identityFile=str(controller.key))
    del controller.spec["ssh"]["identityFile"]
    with agent(tmp_path, *keys) as place:
        is_refused(controller, other, "agent key SHA256:", environ={"SSH_AUTH_SOCK": place})


@row(20, "dead agent")
def test_dead_agent_is_no_obstacle_and_is_named(
    controller: Controller, other: FaultyHost, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "agent"))
    environ = {"SSH_AUTH_SOCK": str(tmp_path / "agent")}
    controller.ssh(other.name, identityFile=str(controller.key))
    controller.run("phase", "preflight", environ=environ).went_on("k8s-master01", "k8s-node01", "k8s-node02")
    controller.ssh(other.name, identityFile=str(keygen(tmp_path / "wrong")))
    is_refused(controller, other, "agent: connection refused", environ=environ)


@row(21, "key file mode 0644")
def test_key_that_others_may_read_is_refused_as_ssh_does(
    controller: Controller, other: FaultyHost, tmp_path: Path
) -> None:
    loose = tmp_path / "loose"
    loose.write_text(controller.key.read_text())
    loose.chmod(0o644)
    told = subprocess.run(
        ["ssh", "-F", "none", "-oBatchMode=yes", "-oIdentitiesOnly=yes", "-oStrictHostKeyChecking=yes",
         f"-oUserKnownHostsFile={controller.known_hosts}", "-i", str(loose), f"admin@{other.address}", "true"],
        capture_output=True, text=True, check=False, env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert told.returncode == 255
    assert "UNPROTECTED PRIVATE KEY" in told.stderr
    controller.ssh(other.name, identityFile=str(loose))
    is_refused(controller, other, "0644", f"chmod 600 {loose}")


@row(22, "sudo needs a password, none given")
def test_sudo_password_that_is_missing_is_found_before_anything_is_altered(
    controller: Controller, node: FaultyHost
) -> None:
    password = controller.host(node.name)["ssh"]["sudoPassword"]
    controller.ssh(node.name, sudoPassword=None)
    before = node.disk.look()
    ran = controller.run("phase", "preflight", "hosts", expect=3)
    ran.blames(node.name, "KB-SSH-SUDO", "asks for a password and none is set", "sudoPassword", "NOPASSWD")
    assert ran.error(node.name) == ran.of("Failed", node.name)[0]["error"]
    assert ran.of("Failed", node.name)[0]["phase"] == "connect"
    ran.went_on("k8s-master01", "k8s-node02", phase="hosts")
    assert node.disk.differs(before) == set()

    controller.ssh(node.name, sudoPassword=password)
    controller.is_well(phase="hosts")


@row(23, "sudo password given where none is asked for")
def test_sudo_password_that_nobody_asks_for_goes_nowhere(
    controller: Controller, other: FaultyHost, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text(f"{CANARY}\n")
    controller.ssh(other.name, sudoPassword={"file": str(secret)})
    ran = controller.run("phase", "preflight", "hosts", "-vvv")
    ran.went_on("k8s-master01", "k8s-node01", "k8s-node02", phase="hosts")
    assert "k8s-node01" in other.path("/etc/hosts").read_text()
    assert other.sh(f"grep -rl {CANARY} /etc /home /root /tmp /run /var 2>/dev/null; true") == ""
    assert CANARY not in ran.stdout + ran.stderr + str(ran.events)


@row(24, "wrong sudo password; requiretty")
def test_wrong_sudo_password_is_tried_once_and_requiretty_is_named(
    controller: Controller, node: FaultyHost, other: FaultyHost, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.touch(mode=0o600)
    wrong.write_text("not-the-password\n")
    password = controller.host(node.name)["ssh"]["sudoPassword"]
    controller.ssh(node.name, sudoPassword={"file": str(wrong)})
    other.write("/etc/sudoers.d/fault", "Defaults requiretty\n", mode=0o440)
    ran = controller.run("phase", "preflight", expect=3)
    ran.blames(node.name, "KB-SSH-SUDO", "sudo password is wrong", "one attempt was made", "sudoPassword")
    ran.blames(other.name, "KB-SSH-SUDO", "requiretty", "visudo", "!requiretty")
    ran.went_on("k8s-master01")
    refused = [line for line in _sudo_log(node) if "incorrect password attempt" in line]
    assert len(refused) == 1
    assert "1 incorrect password attempt" in refused[0]

    controller.ssh(node.name, sudoPassword=password)
    other.heal()
    controller.is_well()


def _sudo_log(host: FaultyHost) -> list[str]:
    return host.sh("journalctl --no-pager -o cat -t sudo -b").splitlines()


@row(24, "sudo missing; sudo's lecture")
def test_missing_sudo_is_said_and_a_lecture_does_not_matter(
    controller: Controller, node: FaultyHost, other: FaultyHost
) -> None:
    node.write(
        "/etc/sudoers.d/fault", 'Defaults lecture=always\nDefaults passprompt="\\033[31mpw?"\n', mode=0o440
    )
    other.keep("/usr/bin/sudo", "/usr/bin/sudo.away")
    other.path("/usr/bin/sudo").rename(other.path("/usr/bin/sudo.away"))
    ran = controller.run("phase", "preflight", expect=3)
    ran.blames(other.name, "KB-SSH-SUDO", "sudo is not installed", "user: root")
    ran.went_on("k8s-master01", "k8s-node01")
    other.heal()
    controller.is_well()


@pytest.mark.slow
@row(24, "sudo takes a minute")
def test_sudo_that_takes_too_long_is_named(controller: Controller, other: FaultyHost) -> None:
    other.replace_program("/usr/bin/sudo", 'sleep 60; exec /usr/bin/sudo.real "$@"')
    ran = controller.run("phase", "preflight", expect=3)
    ran.blames(other.name, "KB-SSH-SUDO", "did not finish within 30 s", "DNS", "/etc/hosts")
    ran.went_on("k8s-master01", "k8s-node01")
    assert ran.took(other.name) < 60
    other.heal()
    controller.is_well()
