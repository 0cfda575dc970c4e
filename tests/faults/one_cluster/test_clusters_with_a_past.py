"""Rows 97, 101, 103 and 100, in this order: a cluster that is a year old or on a network with rules of its own."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from faultclusters import LONG, UP
from faultengines import Engine
from faulthosts import FaultyHost
from faultrows import row
from faultruns import Controller
from on_lab import HOSTS
from summaries import changed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
MASTER, NODE, OTHER = HOSTS
NO_PROXY_THERE = "http://192.0.2.1:3128"
PKI = "/etc/kubernetes/pki"


@row(97, "HTTPS_PROXY in /etc/environment, no such proxy")
def test_proxy_of_a_hosts_environment_does_not_stand_before_the_api(
    controller: Controller, whole: dict[str, Any], hosts: dict[str, FaultyHost]
) -> None:
    controller.spec = {**whole}
    variables = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
    lines = "".join(f"{name}={NO_PROXY_THERE}\n" for name in variables)
    for host in hosts.values():
        host.write("/etc/environment", lines)
        host.write("/etc/profile.d/proxy.sh", "".join(f"export {line}\n" for line in lines.splitlines()))
    controller.only(MASTER, NODE)
    controller.run(*UP, within=LONG)
    controller.lab.wait_for_ready((MASTER, NODE))
    assert changed(controller.run(*UP, within=600).stderr) == 0
    assert "kubeadm join" in controller.run("token", "new", "--ttl", "5m").stdout


@row(101, "a packet filter rejects the API's port")
def test_packet_filter_that_rejects_is_quoted_before_the_join(
    controller: Controller, whole: dict[str, Any], master: FaultyHost
) -> None:
    controller.spec = {**whole}
    rule = f"INPUT -p tcp --dport 6443 -s {controller.host(OTHER)['address']} -j REJECT"
    master.undo.callback(master.sh, f"iptables -w -D {rule}")
    master.sh(f"iptables -w -I {rule}")
    ran = controller.run(*UP, expect=1, within=600)
    ran.blames(OTHER, "KB-FIREWALL", "is ready but does not answer this machine", "--dport 6443", "REJECT")
    assert "run again" in ran.error(OTHER)["fix"]
    master.undo.close()
    controller.run(*UP, within=LONG)
    controller.lab.wait_for_ready(HOSTS)


@row(103, "a flag that the runtime does not know, and a slow disk for etcd")
def test_flag_of_the_runtime_is_the_only_finding(
    controller: Controller, whole: dict[str, Any], master: FaultyHost, engine: Engine
) -> None:
    controller.spec = {**whole}
    name, socket = engine.name, "docker.socket" if engine.is_docker else ""
    drop_in = f"{engine.drop_ins}/50-fault.conf"
    master.undo.callback(
        master.sh, f"systemctl daemon-reload; systemctl reset-failed {name}; systemctl start {name}"
    )
    unit = master.sh(f"systemctl show -p FragmentPath --value {name}").strip()
    command = master.sh(f"grep -m 1 ^ExecStart= {unit}").strip()
    master.write(drop_in, f"[Service]\nExecStart=\n{command} --storage-drivr=overlay2\n")
    master.sh(f"systemctl daemon-reload; systemctl stop {socket} {name}")
    if socket:
        master.sh(f"systemctl start {socket}")
    ran = controller.run("phase", "container-runtime", expect=1, within=600)
    ran.blames(MASTER, "KB-RUNTIME-DOWN", engine.bad_flag)
    assert "etcd" not in ran.error(MASTER)["why"]
    assert "also:" not in ran.error(MASTER)["why"]
    master.undo.close()
    assert changed(controller.run(*UP, within=LONG).stderr) == 0


@row(100, "certificates expired")
@pytest.mark.parametrize("command", ["plan", "up --yes", "token new", "phase calico"])
def test_certificates_that_expired_are_named_at_the_first_look(
    controller: Controller, whole: dict[str, Any], master: FaultyHost, tmp_path: Path, command: str
) -> None:
    controller.spec = {**whole}
    master.keep(f"{PKI}/apiserver.crt")
    sign_for_the_past(master, tmp_path)
    began = time.monotonic()
    ran = controller.run(*command.split(), expect=1, within=600)
    took = time.monotonic() - began
    (head,) = [line for line in ran.stderr.splitlines() if line.startswith("error[")]
    assert head.startswith("error[KB-CERTIFICATE-EXPIRED]"), ran.stderr
    assert MASTER in head
    for words in (
        "apiserver.crt on 2025-",
        "kubeadm certs renew all",
        "k8sboot explain KB-CERTIFICATE-EXPIRED",
    ):
        assert words in " ".join(ran.stderr.split())
    assert ran.of("Changing") == []
    print(f"{command}: {took:.0f} s")
    master.undo.close()
    assert changed(controller.run(*UP, within=600).stderr) == 0


def sign_for_the_past(host: FaultyHost, folder: Path) -> None:
    """Put a certificate of the cluster's CA in the API server's place that ended a year ago."""
    pki = host.path(PKI)
    request = folder / "request"
    subprocess.run(
        ["openssl", "req", "-new", "-key", pki / "apiserver.key", "-subj", "/CN=kube-apiserver", "-out", request],
        check=True,
        capture_output=True,
    )  # fmt: skip
    config = folder / "ca.cnf"
    (folder / "index").touch()
    config.write_text(
        f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\nrand_serial=yes\nnew_certs_dir={folder}\n"
        "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n"
    )
    subprocess.run(
        ["openssl", "ca", "-batch", "-config", config, "-cert", pki / "ca.crt", "-keyfile", pki / "ca.key",
         "-startdate", "20241129000000Z", "-enddate", "20251129000000Z", "-in", request, "-notext",
         "-out", folder / "old.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    (pki / "apiserver.crt").write_bytes((folder / "old.crt").read_bytes())
