"""A newer kernel: whatever goes wrong, the machine boots, and the operator is told what."""

from __future__ import annotations

from typing import Any

import pytest
from fake_boot import NEW, OLD, Boot, wanted

from k8sboot import ensure
from k8sboot.ensure.boot import CGROUPS, CONTAINER
from k8sboot.errors import DeadlineExceeded, HostKeyRefused, NotAsWanted, Refused, StepFailed
from k8sboot.events import Waiting
from k8sboot.inventory.model import KernelSettings
from k8sboot.kubernetes.kernel import is_at_least, lacks_cgroups_v1
from k8sboot.osfamily.grub import SETTINGS, Grub
from k8sboot.osfamily.kernels import releases_in, why_not_once
from k8sboot.probe import Reads, union
from k8sboot.templates import render


@pytest.fixture
def machine(bench):
    """A machine whose kernel is OLD, and its boot loader."""

    def make(boot: Boot | None = None, **answers: Any):
        boot = boot or Boot()
        made = bench(files=boot.files(), facts={"kernel": OLD}, answers={**boot.answers(), **answers})
        made.reads = union((Grub.reads, Reads(questions=(CONTAINER, CGROUPS))))
        return made, boot

    return make


def test_the_new_kernel_is_installed_booted_and_kept(machine):
    bench, boot = machine()
    bench.do(ensure.newer_kernel, wanted())
    assert boot.log == [f"install {NEW}, {OLD} boots", f"boot {NEW}"]
    assert bench.connection.facts["kernel"] == NEW
    assert boot._default(bench.connection) == NEW
    assert bench.do(ensure.newer_kernel, wanted()) == []


def test_the_wait_for_the_boot_has_a_name_and_an_end(machine):
    bench, _ = machine()
    bench.do(ensure.newer_kernel, wanted())
    assert [(e.what, e.timeout) for e in bench.events if isinstance(e, Waiting)] == [("h1 to boot", 900)]


def test_nothing_of_it_is_left_behind(machine):
    bench, _ = machine()
    bench.do(ensure.newer_kernel, wanted())
    assert SETTINGS not in bench.connection.files
    assert not [path for path in bench.connection.files if path.startswith("/var/lib/k8sboot/kernel")]


def test_an_operator_who_lets_grub_boot_what_is_noted_goes_on_with_the_new_one(machine):
    bench, boot = machine(Boot(own_default="saved", saved_entry=f"more>linux-{OLD}"))
    bench.do(ensure.newer_kernel, wanted())
    assert boot.saved_entry == f"more>linux-{NEW}"
    assert boot._default(bench.connection) == NEW


@pytest.mark.parametrize("minimum", ["6.1", "6.1.0", "5.4.278", "4"])
def test_a_kernel_that_is_new_enough_is_left_alone(machine, minimum):
    bench, boot = machine()
    assert bench.do(ensure.newer_kernel, wanted(minimum=minimum)) == []
    assert boot.log == []


def test_a_kernel_that_does_not_come_up_leaves_the_old_one_the_default(machine):
    bench, boot = machine(Boot(dead=(NEW,)))
    with pytest.raises(NotAsWanted, match="did not come up") as caught:
        bench.do(ensure.newer_kernel, wanted())
    assert boot.log[1:] == [f"boot {NEW}", f"boot {OLD}"]
    assert boot._default(bench.connection) == OLD
    assert f"{OLD} is still the default" in caught.value.fix


def test_a_menu_that_was_not_made_anew_after_our_settings_were_written_is_made_now(machine):
    boot = Boot(dead=(NEW,), kernels=[NEW, OLD], own_default="saved", saved_entry=f"more>linux-{OLD}")
    bench, _ = machine(boot)
    bench.connection.put(SETTINGS, render("grub.cfg.j2", panic="panic=30"))
    with pytest.raises(NotAsWanted, match="did not come up"):
        bench.do(ensure.newer_kernel, wanted())


def test_a_machine_that_stays_away_is_told_with_what_to_do(machine):
    bench, boot = machine(Boot(silence=-1))
    with pytest.raises(DeadlineExceeded) as caught:
        bench.do(ensure.newer_kernel, wanted())
    assert f"it boots {OLD}" in caught.value.fix
    assert boot._default(bench.connection) == OLD


def test_a_machine_that_comes_back_with_another_host_key_is_not_waited_for(machine):
    bench, _ = machine(Boot(silence=0))

    def refuse(*_: Any) -> str:
        raise HostKeyRefused("the host key has changed")

    bench.connection.answers["cat /proc/sys/kernel/random/boot_id"] = refuse
    with pytest.raises(HostKeyRefused):
        bench.do(ensure.newer_kernel, wanted())


def test_a_reboot_that_is_refused_is_said_at_once(machine):
    bench, boot = machine(**{"systemctl reboot": (1, "", "Operation inhibited")})
    with pytest.raises(StepFailed, match="Operation inhibited"):
        bench.do(ensure.newer_kernel, wanted())
    assert boot._default(bench.connection) == OLD


def test_a_machine_that_takes_long_to_go_down_is_not_taken_for_back(machine, clock):
    bench, boot = machine(Boot(silence=0))
    looks = iter(["b0\n", "b0\n", "b1\n"])
    bench.connection.answers["cat /proc/sys/kernel/random/boot_id"] = lambda *_: next(looks)
    bench.do(ensure.newer_kernel, wanted())
    assert clock.slept == 2


def test_a_package_with_another_digest_is_not_installed(machine):
    bench, boot = machine()
    with pytest.raises(NotAsWanted, match="SHA-256") as caught:
        bench.do(ensure.newer_kernel, wanted(content="what was trusted"))
    assert wanted(content="what was trusted").packages[0].sha256 in caught.value.why
    assert boot.log == []


def test_an_upgrade_that_was_cut_goes_on_where_it_was(machine):
    bench, boot = machine()
    bench.connection.answers["grub-reboot"] = (1, "", "cut")
    with pytest.raises(StepFailed):
        bench.do(ensure.newer_kernel, wanted())
    assert boot._default(bench.connection) == OLD
    bench.connection.answers["grub-reboot"] = boot._boot_once
    changes = bench.do(ensure.newer_kernel, wanted())
    assert not [what for what in changes if what.startswith(("fetch", "install"))]
    assert boot.log == [f"install {NEW}, {OLD} boots", f"boot {NEW}"]


def test_a_kernel_without_its_ramdisk_is_not_booted(machine):
    bench, boot = machine()
    bench.connection.answers["test -s"] = lambda _, words: 1 if "initrd" in words[-1] else 0, "", ""
    bench.connection.answers["test -s"] = lambda _, words: (int("initrd" in words[-1]), "", "")
    with pytest.raises(NotAsWanted, match="to be whole"):
        bench.do(ensure.newer_kernel, wanted())
    assert not [line for line in boot.log if line.startswith("boot")]


BOTH = "CONFIG_MEMCG_V1=y\nCONFIG_CPUSETS_V1=y\n"


@pytest.mark.parametrize(
    ("cgroups", "config", "lacking"),
    [
        ("tmpfs", (1, "", ""), "CONFIG_MEMCG_V1 and CONFIG_CPUSETS_V1"),
        ("tmpfs", "CONFIG_MEMCG_V1=y\n", "without CONFIG_CPUSETS_V1"),
        ("tmpfs", BOTH, ""),
        ("tmpfs", (2, "", "grep: No such file"), ""),
        ("cgroup2fs", (1, "", ""), ""),
    ],
    ids=["none", "one", "both", "not known", "v2"],
)
def test_a_kernel_without_the_machines_control_groups_is_not_booted(machine, cgroups, config, lacking):
    bench, boot = machine(cgroups=cgroups, grep=config)
    if not lacking:
        bench.do(ensure.newer_kernel, wanted())
        assert f"boot {NEW}" in boot.log
        return
    with pytest.raises(Refused) as caught:
        bench.do(ensure.newer_kernel, wanted())
    assert caught.value.error_code == "KB-KERNEL-CGROUPS"
    assert lacking in caught.value.why
    assert boot.log == [f"install {NEW}, {OLD} boots"]
    assert boot._default(bench.connection) == OLD


def test_old_kernels_always_have_control_groups_v1():
    assert lacks_cgroups_v1("6.10.9", "") == ()
    assert lacks_cgroups_v1("6.11.0", "") == ("CONFIG_MEMCG_V1",)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"container": "systemd-nspawn"}, "KB-KERNEL-CONTAINER"),
        ({"container": "docker"}, "KB-KERNEL-CONTAINER"),
        ({"grub-one-shot": "no grub-reboot\nno menu\non "}, "KB-KERNEL-BOOT"),
        ({"grub-one-shot": "on "}, "KB-KERNEL-BOOT"),
        ({"grub-one-shot": ""}, "KB-KERNEL-BOOT"),
        ({"grub-one-shot": "on lvm ext2"}, "KB-KERNEL-BOOT"),
        ({"grub-one-shot": "on btrfs"}, "KB-KERNEL-BOOT"),
    ],
)
def test_a_machine_where_a_kernel_cannot_be_tried_is_refused_untouched(machine, answers, code):
    bench, boot = machine(**answers)
    with pytest.raises(Refused) as caught:
        bench.do(ensure.newer_kernel, wanted())
    assert caught.value.error_code == code
    assert bench.changes == []


def test_a_minimum_without_packages_is_a_check(machine):
    bench, _ = machine()
    with pytest.raises(Refused) as caught:
        bench.do(ensure.newer_kernel, KernelSettings("6.12"))
    assert caught.value.error_code == "KB-KERNEL-OLD"
    assert bench.do(ensure.newer_kernel, KernelSettings("6.1")) == []


def test_packages_older_than_the_minimum_are_not_installed(machine):
    bench, boot = machine(Boot(release="6.6.1"))
    with pytest.raises(Refused, match="bring 6.6.1"):
        bench.do(ensure.newer_kernel, wanted())
    assert boot.log == []


def test_a_dry_run_fetches_nothing_and_says_so(machine):
    bench, boot = machine()
    bench.do(ensure.newer_kernel, wanted(), is_dry=True)
    assert [what.split()[0] for what in bench.changes].count("fetch") == 1
    assert "boot kernel (of the packages) once" in bench.changes
    assert [line for line in bench.connection.mutations if not line.startswith("test -s")] == []
    assert boot.log == []


def test_kernels_are_found_in_lists_of_debs_and_rpms():
    deb = "-rw-r--r-- root/root 8 2026-01-01 ./boot/vmlinuz-6.1.0-13\n"
    deb += "-rw-r--r-- root/root 8 2026-01-01 ./boot/System.map-6.1.0-13\n"
    rpm = "/boot/vmlinuz-5.4.278-1.el7.elrepo.x86_64\n/lib/modules/5.4.278-1.el7.elrepo.x86_64/vmlinuz\n"
    assert releases_in(deb) == ("6.1.0-13",)
    assert releases_in(rpm) == ("5.4.278-1.el7.elrepo.x86_64",)
    assert releases_in("/usr/share/doc/boot/vmlinuz\n") == ()


def test_file_systems_that_grub_can_write_to_are_no_obstacle():
    assert why_not_once("on ext2") == ""
    assert why_not_once("on xfs") == ""


@pytest.mark.parametrize(
    ("release", "minimum", "is_enough"),
    [
        ("3.10.0-1160.el7.x86_64", "5.4", False),
        ("5.4.278-1.el7.elrepo.x86_64", "5.4", True),
        ("5.4.278-1.el7.elrepo.x86_64", "5.4.279", False),
        ("6.12.95+deb12-cloud-amd64", "6.9", True),
        ("5.10.0", "5.4", True),
        ("strange", "3.10", False),
    ],
)
def test_releases_compare_by_number(release, minimum, is_enough):
    assert is_at_least(release, minimum) == is_enough
