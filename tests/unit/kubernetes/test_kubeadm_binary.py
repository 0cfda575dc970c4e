"""The golden kubeadm files, read by a real kubeadm of their version where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from golden_cases import CASES

from k8sboot.kubernetes import commands
from k8sboot.kubernetes.config import unknown_fields
from k8sboot.kubernetes.versions import KubernetesVersion


def _kubeadm() -> str:
    found = os.environ.get("K8SBOOT_KUBEADM") or shutil.which("kubeadm")
    if not found:
        pytest.skip("no kubeadm: set K8SBOOT_KUBEADM to one")
    return found


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("kubeadm-")])
def test_kubeadm_of_that_version_takes_the_file(name: str, tmp_path: Path) -> None:
    kubeadm = _kubeadm()
    version = subprocess.run([kubeadm, "version", "-o", "short"], capture_output=True, text=True, check=True)
    minor = f"v1.{KubernetesVersion.parse(version.stdout).minor}."
    if minor not in name:
        pytest.skip(f"this kubeadm is {version.stdout.strip()}")
    file = tmp_path / name
    file.write_text(CASES[name]().replace(name.split("-")[2], version.stdout.strip()))
    migrated = subprocess.run(
        [kubeadm, *commands.config_migrate(str(file))[1:]], capture_output=True, text=True, check=False
    )
    assert migrated.returncode == 0, migrated.stderr
    assert unknown_fields(migrated.stderr) == ()
    if name.startswith("kubeadm-config"):
        listed = subprocess.run(
            [kubeadm, "config", "images", "list", "--config", str(file)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert len(listed.stdout.split()) >= 7
