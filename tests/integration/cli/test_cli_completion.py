"""Completion as the shells ask for it: quick, quiet, and without touching a secret or a machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

K8SBOOT = (sys.executable, "-m", "k8sboot")
INVENTORY = """\
cluster: {{name: c, kubernetesVersion: v1.23.17}}
ssh: {{password: {{command: [touch, {secret}]}}}}
masters:
  - {{name: master-a, address: 192.0.2.1}}
nodes:
  - {{name: node-a, address: 192.0.2.2}}
  - {{name: node-b, address: 192.0.2.3}}
"""


@pytest.fixture(autouse=True)
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "inventory.yaml"
    path.write_text(INVENTORY.format(secret=tmp_path / "secret"))
    return path


def ask(*words: str) -> subprocess.CompletedProcess[str]:
    """What bash is told when the last word is to be completed."""
    line = ["k8sboot", *words]
    environ = {
        **os.environ, "_K8SBOOT_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(line), "COMP_CWORD": str(len(line) - 1),
    }  # fmt: skip
    return subprocess.run(K8SBOOT, env=environ, capture_output=True, text=True, timeout=60, check=False)


def completed(*words: str) -> list[str]:
    return [line.removeprefix("plain,") for line in ask(*words).stdout.splitlines()]


def test_subcommands() -> None:
    assert completed("to") == ["token"]
    assert completed("token", "re") == ["revoke"]


def test_phases() -> None:
    assert completed("phase", "kubeadm-") == ["kubeadm-config", "kubeadm-init"]
    assert completed("up", "--from", "cal") == ["calico"]


def test_hosts_of_the_inventory() -> None:
    assert completed("up", "--limit", "node-") == ["node-a", "node-b"]


def test_the_last_of_several_hosts() -> None:
    assert completed("up", "-l", "master-a,node-") == ["master-a,node-a", "master-a,node-b"]


def test_hosts_of_an_inventory_that_is_named(inventory: Path) -> None:
    inventory.rename("other.yaml")
    assert completed("phase", "-i", "other.yaml", "--limit", "m") == ["master-a"]


def test_runs_and_their_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for cluster, run in (("c", "20210101-120000-000aaaa"), ("d", "20210102-120000-000bbbb")):
        folder = tmp_path / "state/k8sboot" / cluster / run
        folder.mkdir(parents=True)
        started = f'{{"event": "RunStarted", "hosts": ["{cluster}-m1", "{cluster}-n1"]}}'
        (folder / "run.jsonl").write_text(f"{started}\n")
    assert completed("history", "l") == ["latest"]
    assert completed("history", "2") == ["20210102-120000-000bbbb", "20210101-120000-000aaaa"]
    assert completed("history", "--cluster", "c", "20") == ["20210101-120000-000aaaa"]
    assert completed("history", "--cluster", "") == ["c", "d"]
    assert completed("history", "latest", "--host", "d-m") == ["d-m1"]
    assert completed("history", "20210101", "--host", "") == ["c-m1", "c-n1"]
    assert completed("history", "zzz", "--host", "") == [""]


def test_no_secret_is_fetched(tmp_path: Path) -> None:
    assert completed("up", "--limit", "m") == ["master-a"]
    assert not (tmp_path / "secret").exists()


@pytest.mark.parametrize("text", ["", "nodes: [", "masters: 5\n"])
def test_a_broken_inventory_completes_nothing_and_says_nothing(inventory: Path, text: str) -> None:
    inventory.write_text(text)
    done = ask("up", "--limit", "n")
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_listing_phases_and_completing_load_nothing_heavy() -> None:
    code = "import sys; sys.argv = ['k8sboot', 'phase', '--list']\nfrom k8sboot.cli import main\n"
    code += "try: main.main()\nfinally: print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert "preflight" in done.stdout
    assert not {"paramiko", "rich", "cryptography"} & set(done.stderr.split())


def test_bash_takes_the_script() -> None:
    script = f'eval "$({" ".join(K8SBOOT)} completion bash)" && complete -p k8sboot'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert "_k8sboot_completion k8sboot" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_can_parse_theirs(shell: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [*K8SBOOT, "completion", shell], capture_output=True, text=True, check=True, timeout=60
    )
    assert f"_K8SBOOT_COMPLETE={shell}_complete" in done.stdout
    if shutil.which(shell):
        script = tmp_path / "script"
        script.write_text(done.stdout)
        subprocess.run([shell, "-n", str(script)], check=True, timeout=60)


def test_an_inventory_is_checked_without_its_secrets(tmp_path: Path) -> None:
    done = subprocess.run(
        [*K8SBOOT, "inventory", "check"], capture_output=True, text=True, timeout=60, check=False
    )
    told = f"on this machine: runs touch {tmp_path}/secret (ssh.password)\n"
    assert (done.returncode, done.stdout) == (0, f"inventory.yaml: ok, masters: 1, nodes: 2\n{told}")
    assert not (tmp_path / "secret").exists()


def test_a_wrong_inventory_is_told_with_every_problem(inventory: Path) -> None:
    inventory.write_text("masters:\n  - {name: a, adress: 192.0.2.1}\nnodez: []\n")
    done = subprocess.run(
        [*K8SBOOT, "inventory", "check"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "adress" in done.stderr
    assert "nodez" in done.stderr
    assert done.stdout == ""
