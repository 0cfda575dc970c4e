"""An inventory of somebody else on the command line: told before it is used, and refused where it runs commands."""

from __future__ import annotations

import pytest


def theirs(inventory, tmp_path):
    (tmp_path / "theirs").write_text(f'Match exec "touch {tmp_path}/ran"\n  ProxyCommand nc %h %p\n')
    ssh = f"user: ops\n  configFile: theirs\n  knownHostsFile: {tmp_path}/known_hosts"
    inventory.write_text(inventory.read_text().replace("user: ops", ssh))
    command = f"passphrase: {{command: [touch, {tmp_path}/ran]}}"
    inventory.write_text(inventory.read_text().replace("passphrase: {env: CANARY_3}", command))


def test_check_says_what_would_run_and_runs_nothing(k8sboot, inventory, tmp_path):
    theirs(inventory, tmp_path)
    said = k8sboot("inventory check")
    assert said.code == 0, said.err
    assert said.out.splitlines() == [
        "inventory.yaml: ok, masters: 1, nodes: 2",
        f"on this machine: runs touch {tmp_path}/ran (ssh.passphrase)",
        f"on this machine: runs ssh -G -F {tmp_path}/theirs (ssh.configFile)",
        "on this machine: reads $CANARY_1 (ssh.password)",
        "on this machine: reads $CANARY_2 (ssh.sudoPassword)",
        "on this machine: reads $CANARY_4 (nodes[1].ssh.password)",
        *[line for line in said.out.splitlines() if "calico.manifest" in line],
        f"on this machine: writes {tmp_path}/known_hosts (ssh.knownHostsFile)",
        f"on this machine: runs what {tmp_path}/theirs:1 says, for the hosts that it matches:"
        f' Match exec "touch {tmp_path}/ran"',
        f"on this machine: runs what {tmp_path}/theirs:2 says, for the hosts that it matches: ProxyCommand nc %h %p",
    ]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("line", ["plan", "up --yes", "token list", "inventory check", "reset --yes"])
def test_no_commands_refuses_them_before_the_first_connection(k8sboot, inventory, tmp_path, line):
    theirs(inventory, tmp_path)
    said = k8sboot(f"{line} --no-commands")
    assert said.code == 2
    assert said.err.count("KB-NO-COMMANDS") == 2
    assert k8sboot.asked == []
    assert not (tmp_path / "ran").exists()


def test_no_commands_is_no_obstacle_where_there_are_none(k8sboot):
    assert k8sboot("--no-commands phase preflight").code == 0


def test_authorized_keys_is_no_known_hosts(k8sboot, inventory, tmp_path):
    (tmp_path / "authorized_keys").write_text("")
    inventory.write_text(
        inventory.read_text().replace("user: ops", "user: ops\n  knownHostsFile: authorized_keys")
    )
    for line in ("plan", "inventory check"):
        said = k8sboot(line)
        assert said.code == 2
        assert "KB-KNOWN-HOSTS" in said.err
    assert k8sboot.asked == []
