from __future__ import annotations

import pytest
from fake_state import SWAPS, FakeFile, FakeUnit

from k8sboot import ensure
from k8sboot.ensure.system import FSTAB_MARK, without_swap
from k8sboot.errors import NotAsWanted, Refused

ON = SWAPS + "/dev/dm-1  partition 1 0 -2\n/dev/zram0 partition 1 0 100\n"


@pytest.mark.parametrize(
    ("facts", "files", "changes"),
    [
        ({}, {}, []),
        ({"hostname": "old"}, {}, ["set the host name to h1"]),
        ({}, {"/etc/hostname": "old\n"}, ["set the host name to h1"]),
    ],
    ids=["as wanted", "other now", "other at boot"],
)
def test_the_host_name_now_and_at_boot(bench, facts, files, changes):
    it = bench(facts=facts, files=files)
    assert it.do(ensure.hostname, "h1") == changes
    assert it.do(ensure.hostname, "h1") == []
    assert it.connection.text("/etc/hostname") == "h1\n"


def test_a_host_name_that_does_not_stick_is_told(bench):
    it = bench(facts={"hostname": "old"}, answers={"hostnamectl": ""})
    with pytest.raises(NotAsWanted, match="the host name is old"):
        it.do(ensure.hostname, "h1")


def test_the_time_zone_is_set_once(bench):
    it = bench()
    assert it.do(ensure.timezone, "Asia/Shanghai") == ["set the time zone to Asia/Shanghai"]
    assert it.do(ensure.timezone, "Asia/Shanghai") == []


@pytest.mark.parametrize(
    ("line", "is_swap"),
    [
        ("UUID=1 none swap sw 0 0", True),
        ("/swapfile\tswap\tswap\tdefaults\t0 0", True),
        ("  /dev/sda2 none swap sw", True),
        ("/dev/sda2 none swap", True),
        ("# /dev/sda2 none swap sw 0 0", False),
        ("/dev/sda1 /swap ext4 defaults 0 1", False),
        ("/dev/sda1 / ext4 x-swap 0 1", False),
        ("swap /mnt tmpfs size=1g 0 0", False),
        ("", False),
    ],
)
def test_swap_lines_of_fstab_are_commented_out_and_no_others(line, is_swap):
    table = f"a b c\n{line}\nlast /x ext4 \x0c odd"
    assert without_swap(table) == table.replace(line, FSTAB_MARK + line if is_swap else line, 1)
    assert without_swap(without_swap(table)) == without_swap(table)


def test_swap_is_off_now_and_after_a_reboot(bench):
    fstab = FakeFile(b"/dev/sda2 none swap sw 0 0\n# caf\xe9\n", mode=0o664, owner="root:disk")
    it = bench(files={"/proc/swaps": ON, "/etc/fstab": fstab}, units={"swap.target": FakeUnit()})
    assert it.do(ensure.swap_off) == ["write /etc/fstab", "turn off swap on /dev/dm-1 /dev/zram0"]
    found = it.connection.files["/etc/fstab"]
    assert found.content == FSTAB_MARK.encode() + fstab.content
    assert (found.mode, found.owner) == (0o664, "root:disk")
    assert "systemctl mask swap.target" in it.connection.commands, "zram and .swap units come back by it"
    assert it.do(ensure.swap_off) == []


def test_a_host_without_swap_and_fstab_is_left_alone(bench):
    it = bench()
    assert it.do(ensure.swap_off) == []
    assert it.connection.mutations == []


def test_swap_that_stays_on_is_an_error(bench):
    it = bench(files={"/proc/swaps": ON}, answers={"swapoff": ""}, units={"swap.target": FakeUnit()})
    with pytest.raises(NotAsWanted, match="swap is still on: /dev/dm-1 /dev/zram0"):
        it.do(ensure.swap_off)


MODULES = "/etc/modules-load.d/k8sboot.conf"


def test_modules_are_listed_and_those_not_loaded_are_loaded(bench):
    it = bench(modules={"overlay": "loaded", "br_netfilter": "available"})
    step = {"required": ("overlay", "br_netfilter")}
    assert it.do(ensure.modules, MODULES, ("overlay",), **step) == [
        f"write {MODULES}",
        "load modules br_netfilter",
    ]
    assert it.connection.text(MODULES).splitlines()[1:] == ["overlay", "br_netfilter"]
    assert it.do(ensure.modules, MODULES, ("overlay",), **step) == []


@pytest.mark.parametrize("state", ["missing", "unloadable"])
def test_a_required_module_that_cannot_be_had_is_refused_before_anything(bench, state):
    it = bench(modules={"ip_vs": state, "overlay": "available"})
    with pytest.raises(Refused, match="no module ip_vs") as refused:
        it.do(ensure.modules, MODULES, (), required=("overlay", "ip_vs"))
    assert refused.value.error_code == "KB-KERNEL-MODULE"
    assert it.connection.mutations == []


def test_an_optional_module_that_is_missing_is_a_notice(bench):
    it = bench(modules={"overlay": "loaded"})
    it.do(ensure.modules, MODULES, ("overlay", "ipt_rpfilter"))
    assert it.said == ["KB-KERNEL-MODULE-SKIPPED"]
    assert "ipt_rpfilter" not in it.connection.text(MODULES)


def test_a_module_that_does_not_stay_is_told(bench):
    it = bench(modules={"ip_vs": "available"}, answers={"modprobe": ""})
    with pytest.raises(NotAsWanted, match="ip_vs is available"):
        it.do(ensure.modules, MODULES, ("ip_vs",))


SYSCTL = "/etc/sysctl.d/90-k8sboot.conf"


def test_sysctls_that_differ_are_set_and_listed(bench):
    it = bench(sysctls={"vm.swappiness": "60", "net.ipv4.ip_forward": "1", "net.ipv4.tcp_rmem": "1 2 3"})
    wanted = {"vm.swappiness": "0", "net.ipv4.ip_forward": "1", "net.ipv4.tcp_rmem": "4096\t87380  6291456"}
    changes = it.do(ensure.sysctls, SYSCTL, wanted)
    assert changes == [f"write {SYSCTL}", "set sysctls vm.swappiness=0 net.ipv4.tcp_rmem=4096 87380 6291456"]
    assert it.connection.sysctls["vm.swappiness"] == "0"
    assert it.do(ensure.sysctls, SYSCTL, wanted) == []


def test_absent_and_fixed_sysctls_are_left_out_with_a_notice(bench):
    it = bench(
        sysctls={"kernel.panic": "0", "vm.overcommit_memory": "1"},
        fixed_sysctls={"kernel.panic", "vm.overcommit_memory"},
    )
    wanted = {"kernel.panic": "10", "fs.may_detach_mounts": "1", "vm.overcommit_memory": "1"}
    assert it.do(ensure.sysctls, SYSCTL, wanted) == [f"write {SYSCTL}"]
    assert it.said == ["KB-SYSCTL-SKIPPED"]
    assert "kernel.panic, fs.may_detach_mounts" in it.events[0].text, "and not one that is fixed as wanted"
    assert it.do(ensure.sysctls, SYSCTL, wanted) == []


def test_a_sysctl_that_the_kernel_takes_and_does_not_keep_is_told(bench):
    it = bench(sysctls={"vm.swappiness": "60"}, answers={"sysctl": ""})
    with pytest.raises(NotAsWanted, match="vm.swappiness is 60"):
        it.do(ensure.sysctls, SYSCTL, {"vm.swappiness": "0"})
