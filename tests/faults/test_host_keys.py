"""Rows 16 to 19: host keys that are new, changed or revoked, and known_hosts files of all kinds."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from faulthosts import FaultyHost
from faultrows import row
from faultruns import Controller
from ssh_keys import fingerprint, keygen

KINDS = ("ed25519", "ecdsa", "rsa")


def fingerprints(host: FaultyHost) -> set[str]:
    """Of all the keys that the host has."""
    return {fingerprint(path) for path in host.path("/etc/ssh").glob("ssh_host_*_key.pub")}


def without(text: str, address: str) -> str:
    """known_hosts without the lines of one address."""
    return "".join(f"{line}\n" for line in text.splitlines() if line.split()[0] != address)


@row(16, "unknown host key, strict")
def test_unknown_key_is_refused_and_the_line_that_adds_it_is_shown(
    controller: Controller, node: FaultyHost
) -> None:
    controller.known_hosts.write_text(without(controller.known_hosts.read_text(), node.address))
    ran = controller.run("phase", "preflight", expect=3)
    ran.blames(node.name, "KB-SSH-HOSTKEY", "is not known", str(controller.known_hosts), "hostKey:")
    ran.went_on("k8s-master01", "k8s-node02")
    error = ran.error(node.name)
    assert fingerprints(node) & set(re.findall(r"SHA256:[\w+/]+", error["why"]))
    assert node.address not in controller.known_hosts.read_text()

    line = re.search(rf"{node.address} ssh.*", error["fix"])
    assert line
    with controller.known_hosts.open("a") as stream:
        stream.write(f"{line[0]}\n")
    controller.is_well()


@row(17, "changed host key")
def test_changed_key_is_refused_once_with_both_fingerprints(controller: Controller, node: FaultyHost) -> None:
    old = fingerprints(node)
    for kind in KINDS:
        name = f"/etc/ssh/ssh_host_{kind}_key"
        node.keep(name, f"{name}.pub")
        node.path(name).unlink()
        keygen(node.path(name), kind=kind)
    node.sshd("LogLevel VERBOSE")
    before = node.sshd_log()
    known = controller.known_hosts.read_text()

    ran = controller.run("phase", "preflight", expect=3)
    ran.blames(
        node.name, "KB-SSH-HOSTKEY", "has changed", f"ssh-keygen -R '{node.address}'", "man in the middle"
    )
    ran.went_on("k8s-master01", "k8s-node02")
    shown = set(re.findall(r"SHA256:[\w+/]+", ran.error(node.name)["why"]))
    assert shown & old
    assert shown & fingerprints(node)
    assert node.sshd_log().removeprefix(before).count("Connection from") == 1
    assert controller.known_hosts.read_text() == known

    node.heal()
    controller.is_well()


VERDICTS = {
    "right key": "{address} {right}",
    "@revoked": "@revoked {address} {right}",
    "@revoked beside the right one": "{address} {right}\n@revoked {address} {right}",
    "@cert-authority": "@cert-authority {address} {right}",
    "hashed": "{hashed}",
    "wildcard": "{wildcard} {right}",
    "wildcard and exception": "10.77.*,!{address} {right}",
    "broken lines first": "{address} ssh-ed25519 AAAA!!!\n{address}\n\n@wrong {address} {right}\n{address} {right}",
    "not UTF-8": "# caf\xe9 \xff\nh\xf4st {wrong}\n{address} {right}",
    "wrong key": "{address} {wrong}",
    "wrong key of another type first": "{address} {wrong_other}\n{address} {right}",
    "doubled blanks and tabs": "{address}  \t {right}   comment",
    "other port": "[{address}]:2222 {right}",
    "list of names": "gone.example,{address} {right}",
    "nothing": "",
}
BATCHES = [list(VERDICTS)[first : first + 3] for first in range(0, len(VERDICTS), 3)]


@row(18, "known_hosts of all kinds")
@pytest.mark.parametrize("cases", BATCHES, ids=", ".join)
def test_verdict_is_the_one_of_ssh(
    controller: Controller, hosts: dict[str, FaultyHost], tmp_path: Path, cases: list[str]
) -> None:
    wrong = _public(keygen(tmp_path / "wrong").with_suffix(".pub"))
    wrong_other = _public(keygen(tmp_path / "wrong_other", kind="ecdsa").with_suffix(".pub"))
    lines = b""
    for case, host in zip(cases, hosts.values(), strict=True):
        right = _public(host.path("/etc/ssh/ssh_host_ed25519_key.pub"))
        line = VERDICTS[case].format(
            address=host.address, right=right, wrong=wrong, wrong_other=wrong_other,
            hashed=_hashed(tmp_path / host.name, f"{host.address} {right}\n"), wildcard=f"{host.address[:-1]}?",
        )  # fmt: skip
        lines += f"{line}\n".encode("latin-1")
    controller.known_hosts.write_bytes(lines)

    accepted = {name for name, host in hosts.items() if _ssh(controller, host) == 0}
    ran = controller.run("phase", "preflight", expect=0 if len(accepted) == len(hosts) else 3)
    assert {e["host"] for e in ran.of("Connected")} == accepted
    for name in set(hosts) - accepted:
        ran.blames(name, "KB-SSH-HOSTKEY")


def _hashed(path: Path, line: str) -> str:
    path.write_text(line)
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(path)], check=True, capture_output=True)
    return path.read_text().strip()


def _public(path: Path) -> str:
    return " ".join(path.read_text().split()[:2])


def _ssh(controller: Controller, host: FaultyHost) -> int:
    options = {
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": controller.known_hosts,
        "GlobalKnownHostsFile": "/dev/null",
        "BatchMode": "yes",
        "IdentityAgent": "none",
    }
    words = [f"-o{name}={value}" for name, value in options.items()]
    command = ["ssh", "-F", "none", *words, "-i", str(controller.key), f"{host.login}@{host.address}", "true"]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode


@row(19, "known_hosts is a folder or read-only")
@pytest.mark.parametrize("obstacle", ["folder", "read-only"])
def test_known_hosts_that_cannot_be_written_is_a_warning(
    controller: Controller, node: FaultyHost, obstacle: str
) -> None:
    controller.spec["ssh"]["hostKeyPolicy"] = "accept-new"
    if obstacle == "folder":
        controller.known_hosts.unlink()
        controller.known_hosts.mkdir()
    else:
        controller.known_hosts.write_text("")
        path = str(controller.known_hosts)
        subprocess.run(["mount", "--bind", path, path], check=True)
        node.undo.callback(subprocess.run, ["umount", path], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", path], check=True)
    ran = controller.run("phase", "preflight")
    ran.went_on("k8s-master01", "k8s-node01", "k8s-node02")
    for host in ("k8s-master01", "k8s-node01", "k8s-node02"):
        assert "new host key" in ran.notices(host)
        assert "cannot write the new key" in ran.notices(host)
