"""Rows 49 to 51, 54 and 55: hosts that say what they should not, texts of all kinds, and secrets."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from faulthosts import FaultyHost
from faultinventories import Quoted
from faultrows import row
from faultruns import Controller
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ssh_keys import keygen

KNOWN = "canary-Zq8vR2"
CANARY = f"{KNOWN}\"x'$y"
"""A secret with letters that are written otherwise in JSON, shell and YAML; KNOWN stays as it is everywhere."""
LOUD = r"""head -c 50000000 /dev/zero | tr '\0' 'x' | fold -w 1000
head -c 10000000 /dev/zero | tr '\0' 'y'; echo
head -c 1000 /dev/zero; printf '\377\376\303( \033]0;title\007 \033[2J\n' """


@pytest.mark.slow
@row(49, "50 MB of output, a line of 10 MB, NULs, escapes")
def test_flood_of_output_is_capped_and_harmless(controller: Controller, other: FaultyHost) -> None:
    other.installs_at_once()
    other.before_packages("install", LOUD)
    ran = controller.run("phase", "time-sync", "--limit", other.name, "-v", within=240)
    ran.went_on(other.name, phase="time-sync")
    assert not set("\x00\x07\x1b") & set(ran.stderr)
    assert ran.memory < 200 * 1024
    assert other.sh("systemctl is-active chrony || systemctl is-active chronyd").strip() == "active"


FAKE = r"""echo '</k8sboot:0123456789abcdef0123456789abcdef> 0'; echo 'ended 0 0'
printf '0123456789abcdef fact kernel\n4.666\n'; printf ' fact kernel\n4.666\n\n fact arch\ns390x\n'
echo '{"kernel": "4.666", "arch": "s390x"}'; echo '@k8sboot-failed 0'
"""


@row(50, "fake markers and facts")
def test_fake_markers_and_facts_are_rejected(
    controller: Controller, node: FaultyHost, other: FaultyHost
) -> None:
    other.installs_at_once()
    node.write(
        "/usr/local/sbin/uname",
        f'#!/bin/sh\n[ "$1" != -nrm ] || {{\n{FAKE}}}\nexec /usr/bin/uname "$@"\n',
        mode=0o755,
    )
    other.before_packages("install", f"{FAKE}exit 9")
    ran = controller.run("phase", "preflight", "time-sync", expect=1)
    ran.went_on("k8s-master01", node.name, other.name)
    ran.went_on("k8s-master01", node.name, phase="time-sync")
    assert {e["kernel"] for e in ran.of("Connected")} == {os.uname().release}
    failed = ran.error(other.name)
    assert failed["code"] == "KB-COMMAND"
    assert "exited with status 9" in failed["why"]
    assert "not" in other.sh(
        "dpkg-query -W -f '${db:Status-Status}' chrony 2>&1 || rpm -q chrony", check=False
    )
    node.heal()
    other.heal()
    controller.is_well(phase="time-sync")


MARK = f"/tmp/k8sboot-row-51-{os.getpid()}"
NAME = "a{{7*7}}$(touch " + MARK + ")[/red][bold]"


@row(51, "names that are templates, commands, markup")
def test_names_are_taken_literally(controller: Controller, node: FaultyHost) -> None:
    node.write("/etc/hostname", f"{NAME}\n")
    node.sh(f"printf %s '{NAME}' > /proc/sys/kernel/hostname")
    text = node.path("/usr/lib/os-release").read_text()
    node.write("/usr/lib/os-release", f"{text}PRETTY_NAME='{NAME}'\n")
    ran = controller.run("phase", "preflight", "hosts", "-vvv")
    ran.went_on("k8s-master01", node.name, "k8s-node02", phase="hosts")
    assert f"connected: {NAME}" in ran.stderr
    assert node.path("/etc/hostname").read_text() == f"{node.name}\n"
    assert node.sh(f"ls {MARK} 2>/dev/null", check=False) == ""
    assert not Path(MARK).exists()


MEANT = "ab '\"$`;&|\\(){}[]<>*?!#~%:,=-\u00e9\u4e2d"
PRINTABLE = st.characters(codec="utf-8", exclude_categories=("C", "Z"))
ODD = st.text(st.sampled_from(MEANT) | PRINTABLE, min_size=1, max_size=40)


@row(54, "quotes, dollars, backquotes in texts")
def test_texts_of_the_inventory_arrive_byte_for_byte(controller: Controller, master: FaultyHost) -> None:
    master.write("/usr/local/sbin/kubeadm", "#!/bin/sh\nexit 0\n", mode=0o755)
    controller.only(master.name)

    @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(ODD, min_size=20, max_size=40))
    def arrives(texts: list[str]) -> None:
        said = {f"key{number}": text for number, text in enumerate(texts)}
        escaped = {key: Quoted(text.replace("$", "$$")) for key, text in said.items()}
        controller.spec["kubeadm"]["clusterConfiguration"] = {"apiServer": {"extraArgs": escaped}}
        controller.run("phase", "kubeadm-config")
        text = master.sh("cat /etc/kubernetes/k8sboot/kubeadm-config.yaml")
        documents = {d["kind"]: d for d in yaml.safe_load_all(text)}
        there = documents["ClusterConfiguration"]["apiServer"]["extraArgs"]
        assert {key: there[key] for key in said} == said

    arrives()


@row(54, "a new line in a text")
def test_new_line_in_a_text_is_refused(controller: Controller) -> None:
    controller.spec["cluster"]["name"] = "a\nb"
    ran = controller.run("phase", "preflight", expect=2)
    assert "must be one line without control characters" in ran.stderr


@row(54, "odd passwords")
@pytest.mark.parametrize("password", ["'\"$`;&|\\ #%", "-n -e \\c", "caf\u00e9 {{7*7}} $(id)"])
def test_odd_passwords_work(controller: Controller, node: FaultyHost, password: str) -> None:
    _give_password(controller, node, password)
    controller.ssh(node.name, identityFile=str(keygen(controller.folder / "unknown")))
    controller.is_well()


def _give_password(controller: Controller, node: FaultyHost, password: str) -> None:
    """The password of who logs in, on the host and in a file that the inventory names."""
    node.keep("/etc/shadow", "/etc/shadow-")
    secret = controller.folder / "secret"
    secret.touch(mode=0o600)
    secret.write_text(f"{password}\n")
    chpasswd = controller.folder / "chpasswd"
    chpasswd.write_text(f"{node.login}:{password}\n")
    node.write("/var/tmp/chpasswd", chpasswd.read_text(), mode=0o600)
    node.sh("chpasswd < /var/tmp/chpasswd; rm /var/tmp/chpasswd")
    chpasswd.unlink()
    controller.ssh(node.name, password={"file": str(secret)}, sudoPassword={"file": str(secret)})


COMMANDS = (
    (("inventory", "check"), 0),
    (("phase", "preflight", "hosts"), 0),
    (("phase", "time-sync"), 1),
    (("up", "--dry-run", "--to", "kernel"), 0),
    (("token", "list"), 1),
    (("token", "new"), 1),
    (("phase", "kubeadm-init"), 1),
    (("reset", "--yes"), 0),
)


@row(55, "canary in every secret")
def test_secrets_show_nowhere(controller: Controller, node: FaultyHost, other: FaultyHost) -> None:
    _give_password(controller, node, CANARY)
    locked = keygen(controller.folder / "locked", passphrase=CANARY)
    other.write("/home/admin/.ssh/authorized_keys", locked.with_suffix(".pub").read_text(), mode=0o644)
    controller.ssh(node.name, identityFile=str(keygen(controller.folder / "unknown")))
    secret = {"file": str(controller.folder / "secret")}
    controller.ssh(other.name, identityFile=str(locked), passphrase=secret, sudoPassword=secret)
    # A host that says a secret aloud: it is in the host's own log of the job then, and nowhere with us.
    node.write("/usr/local/share/overheard", f"{CANARY}\n")
    node.before_packages("update", "cat /usr/local/share/overheard; echo the mirror is gone; exit 7")
    with watching() as seen:
        for words, code in COMMANDS:
            run = controller.start(*words, "-vvv")
            ran = run.end(expect=code, within=180)
            assert KNOWN not in ran.stdout + ran.stderr, words
    assert seen == set()
    written = [p for p in controller.state.rglob("*") if p.is_file() and not p.is_symlink()]
    assert written
    assert [path for path in written if KNOWN in path.read_text()] == []
    for host in (node, other):
        assert (
            host.sh(f"grep -rlF --exclude-dir=jobs {KNOWN} /tmp /run /var /etc /home /root 2>/dev/null; true")
            == ""
        )


@contextlib.contextmanager
def watching() -> Iterator[set[str]]:
    """Looks for the canary in the command lines and environments of all processes here and on the hosts."""
    seen: set[str] = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.1):
            for kind in ("cmdline", "environ"):
                for path in Path("/proc").glob(f"[0-9]*/{kind}"):
                    with contextlib.suppress(OSError):
                        if KNOWN.encode() in path.read_bytes():
                            seen.add(f"{path}: {path.with_name('cmdline').read_bytes()!r}")

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()
