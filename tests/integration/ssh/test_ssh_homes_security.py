"""The phase `kubeconfig` over a real sshd and sudo, for a login user whose ~/.kube is a link."""

from __future__ import annotations

import pwd
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from k8sboot.errors import K8sbootError
from k8sboot.host import files
from k8sboot.host.host import Context, Host
from k8sboot.host.machine import Machine
from k8sboot.host.reads import Question, Reads
from k8sboot.inventory.model import ClusterSettings
from k8sboot.paths import STATE_DIR
from k8sboot.phases.kubeconfig import kubeconfig

ROOTS = "root's own\n"


@pytest.fixture
def host(connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """This machine, reached as a sudo user, with k8sboot's state and the cluster's kubeconfig in the test's folder."""
    admin = tmp_path / "admin.conf"
    admin.write_text("the cluster's key")
    module = sys.modules[kubeconfig.run.__module__]
    monkeypatch.setattr(module, "ADMIN_CONF", str(admin))
    monkeypatch.setattr(module, "USERS", Question("users", module.USERS.script.replace("in root ", "in ")))
    monkeypatch.setattr(files, "HEAD", files.HEAD.replace(STATE_DIR, str(tmp_path / "state")))
    machine = Machine("m1", "127.0.0.1", "master", connection, Reads())
    return Host(machine, Context("kubeconfig", lambda _event: None))


def run(host: Host) -> None:
    asked = SimpleNamespace(cluster=ClusterSettings(kubernetes_version="1.20.2"))
    kubeconfig.run(SimpleNamespace(spec=asked), host)


@pytest.mark.parametrize("link", [".kube", ".kube/config"])
def test_a_users_link_to_roots_file_is_refused_and_nothing_of_it_changes(host, free_user, tmp_path, link):
    vault = tmp_path / "vault"
    vault.mkdir(mode=0o700)
    (vault / "config").write_text(ROOTS)
    home = Path(pwd.getpwnam(free_user).pw_dir)
    make = f"ln -s {vault} .kube" if link == ".kube" else f"mkdir .kube; ln -s {vault}/config .kube/config"
    subprocess.run(
        ["runuser", "-u", free_user, "--", "sh", "-c", f"rm -rf .kube; {make}"], cwd=home, check=True
    )
    with pytest.raises(K8sbootError) as refused:
        run(host)
    assert refused.value.error_code == "KB-FOLDER-OWNER"
    assert f"{home} belongs to {free_user}" in refused.value.why
    assert (vault / "config").read_text() == ROOTS
    assert {path.owner() for path in (vault, vault / "config")} == {"root"}


def test_a_home_without_links_gets_its_kubeconfig_once(host, free_user):
    home = Path(pwd.getpwnam(free_user).pw_dir)
    subprocess.run(["runuser", "-u", free_user, "--", "rm", "-rf", f"{home}/.kube"], check=True)
    run(host)
    config = home / ".kube" / "config"
    assert (config.read_text(), config.owner()) == ("the cluster's key", free_user)
    assert config.stat().st_mode & 0o777 == 0o600
    changes = host.changes
    host._machine.forget()
    run(host)
    assert host.changes == changes
