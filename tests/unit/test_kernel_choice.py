"""Which kernels are new enough, which are not to be tried, and on which machines none is."""

from __future__ import annotations

import pytest
from fake_boot import NEW, OLD, Boot, wanted

from k8sboot import ensure
from k8sboot.errors import NotAsWanted, Refused
from k8sboot.inventory.os_settings import KernelSettings
from k8sboot.kubernetes.kernel import is_at_least, lacks_cgroups_v1
from k8sboot.osfamily.kernels import releases_in, why_not_once


@pytest.mark.parametrize("minimum", ["6.1", "6.1.0", "5.4.278", "4"])
def test_a_kernel_that_is_new_enough_is_left_alone(machine, minimum):
    bench, boot = machine()
    assert bench.do(ensure.newer_kernel, wanted(minimum=minimum)) == []
    assert boot.log == []


def test_a_package_with_another_digest_is_not_installed(machine):
    bench, boot = machine()
    with pytest.raises(NotAsWanted, match="SHA-256") as caught:
        bench.do(ensure.newer_kernel, wanted(content="what was trusted"))
    assert wanted(content="what was trusted").packages[0].sha256 in caught.value.why
    assert boot.log == []


def test_a_kernel_without_its_ramdisk_is_not_booted(machine):
    bench, boot = machine()
    bench.connection.answers["test -s"] = lambda _, words: 1 if "initrd" in words[-1] else 0, "", ""
    bench.connection.answers["test -s"] = lambda _, words: (int("initrd" in words[-1]), "", "")
    with pytest.raises(NotAsWanted, match="to be complete"):
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
    with pytest.raises(Refused, match="contain 6.6.1"):
        bench.do(ensure.newer_kernel, wanted())
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
