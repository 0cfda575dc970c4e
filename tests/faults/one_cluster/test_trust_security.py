"""Rows 116 and 119 to 121, in this order: what a registry, a login user and a busy host may not do to a cluster."""

from __future__ import annotations

import hashlib
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from faultclusters import LONG, UP
from faultdeeds import run_impatient
from faulthosts import FaultyHost, until
from faultmembers import Maker
from faultrows import row
from faultruns import Controller, Running
from faultward import Ward
from on_lab import HOSTS
from summaries import changed

from k8sboot.kubernetes.versions import KubernetesVersion

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
MASTER, NODE, OTHER = HOSTS
TO_KUBECONFIG = (*UP, "--to", "kubeconfig")
MANIFESTS = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"

# A user with a password for sudo logs in to the only master.


@pytest.fixture(scope="module")
def own(controller: Controller) -> Controller:
    """The cluster of one machine, to which no root logs in."""
    entry = controller.host(NODE)
    controller.spec |= {"masters": [entry], "nodes": []}
    controller.spec["cluster"] |= {"controlPlaneEndpoint": f"{entry['address']}:6443"}
    return controller


def digest(ward: Ward, image: str, tag: str) -> str:
    """The digest of an image as the registry serves it now."""
    url = f"http://{ward.gateway}:5000/v2/{image}/manifests/{tag}"
    with urllib.request.urlopen(
        urllib.request.Request(url, headers={"Accept": MANIFESTS}), timeout=30
    ) as answer:
        return f"sha256:{hashlib.sha256(answer.read()).hexdigest()}"


@row(116, "an image with another digest than its pin")
def test_security_an_image_that_is_not_the_pinned_one_stops_a_host_before_it_joins(
    own: Controller, ward: Ward, hosts: dict[str, FaultyHost]
) -> None:
    said = own.spec["cluster"]
    tag = KubernetesVersion.parse(said["kubernetesVersion"]).release.pause
    image = f"{said['imageRepository']}/pause:{tag}"
    right, wrong = digest(ward, "pause", tag), f"sha256:{'0' * 64}"
    own.spec["runtime"] |= {"imageDigests": {image: wrong}}
    for _ in ("pulled now", "there before"):
        ran = own.run(*TO_KUBECONFIG, expect=1, within=LONG)
        ran.blames(NODE, "KB-IMAGE-DIGEST", image, wrong, right)
        assert hosts[NODE].sh("ls -d /etc/kubernetes/*.conf /etc/kubernetes/pki 2>/dev/null; true") == ""
    own.spec["runtime"] |= {"imageDigests": {image: right}}
    own.run(*TO_KUBECONFIG, within=LONG)
    assert changed(own.run(*TO_KUBECONFIG, within=LONG).stderr) == 0


@contextmanager
def vault(host: FaultyHost) -> Iterator[str]:
    """A folder of root's with a file in it, in which nothing may change."""
    look = "cd /root/vault && stat -c '%u %a' . && ls -lAn --time-style=+%s && cat config"
    host.sh("mkdir -m 700 /root/vault; umask 077; echo 'of root alone' > /root/vault/config")
    before = host.sh(look)
    yield "/root/vault"
    assert host.sh(look) == before
    host.sh("rm -r /root/vault")


def as_user(host: FaultyHost, script: str) -> str:
    """What the login user's shell prints."""
    host.write("/var/tmp/script", f"cd ~{host.login} || exit\n{script}\n")
    return host.sh(f"runuser -u {host.login} -- sh -eu /var/tmp/script")


LINKS = {
    "folder": "ln -s /root/vault .kube",
    "file": "mkdir .kube; ln -s /root/vault/config .kube/config",
    "folder behind a folder": "mkdir -p other; ln -s /root/vault other/way; ln -s other/way .kube",
}


@row(119, "a link to root's folder or file in the login user's home")
def test_security_a_kubeconfig_of_the_lab_goes_through_no_link_of_its_user(
    own: Controller, hosts: dict[str, FaultyHost]
) -> None:
    host = hosts[NODE]
    assert (
        as_user(host, "stat -c '%U %a' .kube/config; grep -c client-key-data .kube/config") == "ops 600\n1\n"
    )
    as_user(host, "mv .kube kept")
    for link in LINKS.values():
        as_user(host, link)
        with vault(host):
            ran = own.run("phase", "kubeconfig", expect=1)
            ran.blames(NODE, "KB-FOLDER-OWNER", "/home/ops/.kube")
            for words in (("plan", "-vvv"), ("plan", "-o", "json")):
                plan = own.start(*words)
                until(plan.has_ended, "the plan", within=300)
                said = plan.stderr + (plan.folder / "stdout").read_text()
                assert "of root alone" not in said
            assert "of root alone" not in "".join(p.read_text() for p in own.state.rglob("*.jsonl"))
        as_user(host, "rm -rf .kube other")
    as_user(host, "mv kept .kube")
    assert changed(own.run("phase", "kubeconfig").stderr) == 0


@row(120, "the same links before reset and before --restore-os")
def test_security_reset_and_restore_of_the_lab_go_through_no_link_of_its_user(
    own: Controller, hosts: dict[str, FaultyHost]
) -> None:
    host = hosts[NODE]
    # As on a machine where the user had an older one of this cluster before k8sboot came: that is renewed.
    as_user(
        host,
        "umask 077; sed 's/client-key-data: .*/client-key-data: bWluZQ==/' .kube/config > mine; rm -r .kube;"
        " mkdir .kube; mv mine .kube/config; chmod 640 .kube/config",
    )
    host.sh("rm -f /var/lib/k8sboot/original/home/ops/.kube/config*")
    own.run("phase", "kubeconfig")
    as_user(host, f"mv .kube kept; {LINKS['folder']}")
    with vault(host):
        own.run("reset", "--yes", within=600).went_on(NODE, phase="reset-host")
        assert host.sh("grep -rl 'of root alone' /var/lib/k8sboot; true") == ""
        ran = own.run("reset", "--yes", "--restore-os", expect=1, within=600)
        assert "/home/ops/.kube/config" in str(ran.error(NODE))
    as_user(host, "rm .kube; mv kept .kube")
    own.run("reset", "--yes", "--restore-os", within=600)
    look = "stat -c '%U %a' .kube/config; grep -c 'client-key-data: bWluZQ==$' .kube/config"
    assert as_user(host, look) == "ops 640\n1\n"


@row(120, "an original that an older k8sboot took from root")
def test_security_what_was_taken_from_root_is_not_given_to_a_user_of_the_lab(
    own: Controller, hosts: dict[str, FaultyHost]
) -> None:
    host, path = hosts[NODE], "/home/ops/.kube/config"
    as_user(host, "rm -rf .kube")
    kept = f"/var/lib/k8sboot/original{path}"
    host.sh(f"umask 077; mkdir -p {kept.rpartition('/')[0]}; rm -f {kept}*; echo 'of root alone' > {kept}")
    ran = own.run("reset", "--yes", "--restore-os", expect=1, within=600)
    assert "its original was not ops" in str(ran.error(NODE))
    assert as_user(host, "[ -e .kube/config ] || echo none") == "none\n"
    host.sh(f"rm -f {kept}*")


@pytest.fixture
def others(ward: Ward, tmp_path: Path, controller: Controller) -> Iterator[Controller]:
    """The inventory of all three hosts, none of which is in a cluster."""
    with closing(Controller(ward.lab, tmp_path)) as made:
        yield made


JOB = "/var/lib/k8sboot/jobs/kubeadm-join-1"


@contextmanager
def busy(host: FaultyHost) -> Iterator[None]:
    """The host says that a job of an earlier run is running; it ends with the block."""
    host.sh(
        f"umask 077; mkdir -p {JOB}; systemd-run --quiet --unit=of-earlier sleep 9999;"
        f" echo $(cat /proc/sys/kernel/random/boot_id)"
        f" $(systemctl show -p MainPID of-earlier | cut -d= -f2) > {JOB}/pid"
    )
    try:
        yield
    finally:
        host.sh(f"echo 0 > {JOB}/rc; systemctl stop of-earlier; rm -r {JOB}")


def has_ended(run: Running, *names: str) -> bool:
    """Whether these hosts have come to the end of the phase."""
    return {*names} <= {e["host"] for e in run.events if e["event"] == "PhaseEnded" and e["phase"] == "hosts"}


@row(121, "a host claims a job of an earlier run")
def test_security_a_host_of_the_lab_that_claims_a_job_holds_up_no_other(
    others: Controller, hosts: dict[str, FaultyHost], tmp_path: Path
) -> None:
    with busy(hosts[OTHER]):
        ran = run_impatient(others, "phase", "hosts", patience=15)
        ran.blames(OTHER, "KB-DEADLINE", "kubeadm-join-1")
        ran.went_on(MASTER, NODE, phase="hosts")
        run = others.start("phase", "hosts")
        until(lambda: has_ended(run, MASTER, NODE), "the end of the others", within=120)
        assert not run.has_ended()
        assert not has_ended(run, OTHER)
    run.end().went_on(*HOSTS, phase="hosts")
    with busy(hosts[OTHER]):
        run = others.start("phase", "hosts")
        until(lambda: has_ended(run, MASTER, NODE), "the end of the others", within=120)
        Maker(tmp_path).member("theirs", "worker7", "198.51.100.1:6443").settle(hosts[OTHER])
    ran = run.end(expect=1)
    ran.blames(OTHER, "KB-FOREIGN-CLUSTER", "198.51.100.1:6443")
    assert not has_ended(run, OTHER)
