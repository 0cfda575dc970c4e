from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_certificates import certificate, day, in_kubeconfig

from k8sboot.kubernetes.certificates import KUBELET_CLIENT, ends, expired
from k8sboot.kubernetes.paths import ADMIN_CONF, KUBELET_CONF
from k8sboot.scripts import render


def printed(files: dict[Path, str]) -> str:
    """What the script prints of these files."""
    for path, text in files.items():
        path.write_text(text)
    listed = " ".join(["/nowhere", *map(str, files)])
    done = subprocess.run(
        ["sh"], input=render("certificates", FILES=listed), capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout


def test_ends_are_read_from_certificates_bundles_with_keys_and_kubeconfigs(tmp_path: Path) -> None:
    old, new, far = day("2025-11-03"), day("2026-12-24"), day("2056-01-01")
    bundle = f"{certificate(new)}-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n-----END EC PRIVATE KEY-----\n"
    files = {
        tmp_path / "apiserver.crt": certificate(old) + certificate(far),
        tmp_path / "kubelet.pem": bundle,
        tmp_path / "admin.conf": in_kubeconfig(certificate(far)),
        tmp_path / "kubelet.conf": "users:\n- user:\n    client-certificate: /var/lib/kubelet/pki/x.pem\n",
        tmp_path / "broken.crt": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    }
    text = printed(files)

    assert ends(text) == {
        str(tmp_path / "apiserver.crt"): old,
        str(tmp_path / "kubelet.pem"): new,
        str(tmp_path / "admin.conf"): far,
    }
    assert "c2VjcmV0" not in text
    assert len(text) < 4000


def test_a_host_without_certificates_prints_nothing() -> None:
    assert printed({}) == ""


def test_kubelet_is_served_by_either_of_its_two() -> None:
    now, old, new = day("2026-11-29"), day("2026-11-01"), day("2027-11-01")

    assert expired({KUBELET_CONF: old, KUBELET_CLIENT: new, ADMIN_CONF: new}, now) == {}
    assert expired({KUBELET_CONF: new, KUBELET_CLIENT: old}, now) == {}
    assert expired({KUBELET_CLIENT: old, ADMIN_CONF: new}, now) == {KUBELET_CLIENT: old}
    assert expired({KUBELET_CLIENT: new, ADMIN_CONF: now}, now) == {ADMIN_CONF: now}


@given(st.text())
def test_whatever_a_host_prints_is_read_without_an_error(text: str) -> None:
    assert isinstance(ends(f"== /a\n{text}"), dict)


@pytest.mark.parametrize(
    "data", ["MIIBIjANBg", "data MIIB", "data LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUI=", "MA==", "MAA="]
)
def test_what_is_cut_off_early_is_left_out(data: str) -> None:
    assert ends(f"== /a\n{data}\n") == {}
