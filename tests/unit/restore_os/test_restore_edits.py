"""What others have made of a host since stays, and is shown; what is not as it was is said."""

from __future__ import annotations

import dataclasses

import pytest
from fake_notes import BESIDE
from restored import CHRONY, CUTS, assert_as_before, bare_debian, bare_el7, cut, left, mend, restore
from runs import mutations, raise_errors, run

from k8sboot.inventory.runtime_settings import RuntimeSettings
from k8sboot.paths import ORIGINALS_DIR, PRIOR_DIR
from k8sboot.phases.restore_os import restore_os
from k8sboot.runbook import UP

pytestmark = pytest.mark.usefixtures("clock")


def test_settings_added_to_a_merged_file_are_not_lost_in_a_restore(finished):
    it = finished(bare_debian)
    host = it.hosts["m1"]
    for path, mine in (
        ("/etc/docker/daemon.json", '"dns": ["192.0.2.9"]'),
        ("/etc/default/kubelet", "--max-pods=9"),
    ):
        text = host.text(path)
        host.put(
            path, text.replace("{", "{" + mine + ",", 1) if "json" in path else f"{text.rstrip()} '{mine}'\n"
        )
    first, *others = it.spec.masters
    changed = dataclasses.replace(first, kubelet_extra_args={"v": "3"})
    settings = RuntimeSettings(insecure_registries=("lan:5000",))
    it.spec = dataclasses.replace(it.spec, masters=(changed, *others), runtime=settings)
    raise_errors(run(it, UP))
    assert "192.0.2.9" in host.text("/etc/docker/daemon.json")
    assert "--v=3" in host.text("/etc/default/kubelet")
    told = raise_errors(restore(it))
    assert "192.0.2.9" in host.text("/etc/docker/daemon.json")
    assert "--max-pods=9" in host.text("/etc/default/kubelet")
    left = [event.text for event in told.events if getattr(event, "code", "") == "KB-RESTORE-LEFT"]
    assert (
        sum("daemon.json was not restored" in text or "kubelet was not restored" in text for text in left)
        == 2
    )


def test_a_restore_does_not_stop_the_containers_of_others(finished):
    it = finished(bare_debian)
    host = it.hosts["m1"]
    host.answers["runtime-bystanders"] = "db\n"
    host.clear()
    told = run(it, [restore_os])
    assert told.errors == {"m1": "KB-RUNTIME-RESTART"}
    assert mutations(it) == {}
    it.spec = dataclasses.replace(it.spec, runtime=RuntimeSettings(allow_restart=True))
    assert "restart docker.service" in raise_errors(run(it, [restore_os])).changes["m1"]


def test_what_others_have_edited_since_stays_and_is_shown(finished):
    it = finished()
    host = it.hosts["m1"]
    ours = host.text(CHRONY)
    host.put(CHRONY, ours + "maxdistance 3\n")
    host.put("/etc/sysctl.d/90-k8sboot.conf", host.text("/etc/sysctl.d/90-k8sboot.conf") + "vm.x = 1\n")
    host.sysctls["net.ipv4.ip_forward"] = "2"
    host.units["ufw.service"].enabled = "masked"
    told = raise_errors(restore(it))
    found = left(told)
    assert set(found) == {CHRONY, "/etc/sysctl.d/90-k8sboot.conf", "net.ipv4.ip_forward", "ufw.service"}
    assert "+maxdistance 3\n" in found[CHRONY]
    assert "-server" not in found[CHRONY]
    original = f"{ORIGINALS_DIR}{CHRONY}"
    by_hand = f"`diff -u {original} {CHRONY}` compares them, `cp -a {original} {CHRONY}` restores it"
    assert f"its original is {original}: {by_hand}" in found[CHRONY]
    assert "`rm /etc/sysctl.d/90-k8sboot.conf` removes it" in found["/etc/sysctl.d/90-k8sboot.conf"]
    assert "it is now 2, which k8sboot did not set" in found["net.ipv4.ip_forward"]
    assert "to restore it: `sysctl -q -w net.ipv4.ip_forward=" in found["net.ipv4.ip_forward"]
    assert "now masked" in found["ufw.service"]
    assert (
        "to restore it: `systemctl unmask ufw.service; systemctl enable ufw.service`" in found["ufw.service"]
    )
    assert host.text(CHRONY) == ours + "maxdistance 3\n"
    assert host.sysctls["net.ipv4.ip_forward"] == "2"
    assert host.text("/etc/docker/daemon.json") == '{"debug": true}', "all else is back"
    kept = {path for path in host.files if path.startswith(ORIGINALS_DIR) and not path.endswith(BESIDE)}
    assert kept == {
        f"{ORIGINALS_DIR}{CHRONY}",
        f"{ORIGINALS_DIR}/etc/sysctl.d/90-k8sboot.conf.k8sboot-absent",
    }
    again = raise_errors(restore(it))
    assert again.changes == {}
    assert left(again) == found
    host.put(CHRONY, ours)
    raise_errors(restore(it))
    assert host.text(CHRONY) == "server ntp.lan\n", "the original was kept for it"


@pytest.mark.parametrize(
    ("path", "edit", "wanted"),
    [
        (
            "/etc/hosts",
            lambda text: "10.0.0.1 before\n" + text + "10.0.0.2 after\n",
            "10.0.0.1 before\n127.0.0.1 localhost\n10.0.0.9 printer\n10.0.0.2 after\n",
        ),
        (
            "/etc/fstab",
            lambda text: text + "nas:/x /x nfs ro 0 0\n",
            "/dev/sda2 none swap sw 0 0\nnas:/x /x nfs ro 0 0\n",
        ),
    ],
)
def test_in_a_file_of_the_operators_only_our_lines_go(finished, path, edit, wanted):
    it = finished()
    host = it.hosts["m1"]
    host.put(path, edit(host.text(path)), mode=0o640)
    told = raise_errors(restore(it))
    assert host.text(path) == wanted
    assert host.files[path].mode == 0o640
    assert left(told) == {}
    assert not [p for p in host.files if p.startswith((ORIGINALS_DIR, PRIOR_DIR))]


@CUTS
def test_an_edited_file_keeps_its_edits_wherever_a_restore_is_cut(finished, every):
    for after in range(0, 1000, every):
        it = finished()
        host = it.hosts["m1"]
        host.put("/etc/hosts", host.text("/etc/hosts") + "10.0.0.2 after\n")
        cut(host, after)
        told = restore(it)
        mend(host)
        if not told.errors:
            break
        assert left(raise_errors(restore(it))) == {}
        assert host.text("/etc/hosts") == "127.0.0.1 localhost\n10.0.0.9 printer\n10.0.0.2 after\n"
    assert after > 20


def test_selinux_is_as_strict_as_it_was_and_other_lines_stay(finished):
    it = finished(bare_el7)
    host = it.hosts["m1"]
    path = "/etc/selinux/config"
    host.put(path, "# mine\n" + host.text(path))
    assert "SELINUX=permissive" in host.text(path)
    raise_errors(restore(it))
    assert host.text(path) == "# mine\nSELINUX=enforcing\nSELINUXTYPE=targeted\n"
    assert host.facts["selinux"] == "Enforcing"


def test_selinux_that_is_off_until_a_boot_is_left_and_said(finished):
    it = finished(bare_el7)
    it.hosts["m1"].facts["selinux"] = "Disabled"
    assert "off until the next boot" in left(raise_errors(restore(it)))["SELinux"]


def test_what_somebody_removed_is_no_edit(finished):
    it = finished()
    host = it.hosts["m1"]
    for path in (CHRONY, "/etc/security/limits.d/90-k8sboot.conf"):
        del host.files[path]
    raise_errors(restore(it))
    assert_as_before(it, bare_debian)


def test_an_original_that_was_damaged_is_not_put_back(finished):
    it = finished()
    host = it.hosts["m1"]
    ours = host.text(CHRONY)
    host.put(f"{ORIGINALS_DIR}{CHRONY}", "half of it")
    assert (
        f"its saved original, /var/lib/k8sboot/original{CHRONY}, has changed"
        in left(raise_errors(restore(it)))[CHRONY]
    )
    assert host.text(CHRONY) == ours
