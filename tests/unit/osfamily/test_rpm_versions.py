from __future__ import annotations

import pytest

from k8sboot.osfamily.rpm_versions import compare, offered


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("0:1.23.9-0", "0:1.23.17-0"),
        ("1.23.17-0", "1.23.17-1"),
        ("9:1-1", "10:0-1"),
        ("99-1", "1:1-1"),
        ("1.0~rc1-1", "1.0-1"),
        ("1.0-1", "1.0^20240101-1"),
        ("1.0a-1", "1.0.1-1"),
        ("1.0-1", "1.0a-1"),
        ("1.0.9-1", "1.0.009.1-1"),
        ("3.10.0-1160.el7", "3.10.0-1160.119.1.el7"),
        ("1.6.20-3.1.el7", "1.6.33-3.1.el7"),
    ],
)
def test_one_version_is_older_than_another(older, newer):
    assert compare(older, newer) == -1
    assert compare(newer, older) == 1


@pytest.mark.parametrize(("one", "other"), [("1.0-1", "0:1.0-1"), ("1.05-1", "1.5-1"), ("1_0-1", "1.0-1")])
def test_one_version_is_as_old_as_another(one, other):
    assert compare(one, other) == 0


def test_a_listing_is_read_newest_first_with_epochs():
    text = (
        "Installed Packages\n"
        "docker-ce.x86_64   3:20.10.23-3.el7  @k8sboot-docker\n"
        "Available Packages\n"
        "docker-ce.x86_64   3:20.10.9-3.el7   k8sboot-docker\n"
        "docker-ce.x86_64   3:20.10.24-3.el7  k8sboot-docker\n"
        "kubelet.x86_64     1.23.17-0         k8sboot-kubernetes\n"
    )
    assert offered(text, "x86_64") == {
        "docker-ce": ("3:20.10.24-3.el7", "3:20.10.23-3.el7", "3:20.10.9-3.el7"),
        "kubelet": ("0:1.23.17-0",),
    }


def test_what_plugins_of_rhel_print_before_a_listing_is_no_package():
    text = (
        "Updating Subscription Management repositories.\n"
        "Unable to read consumer identity\n\n"
        "This system is not registered with an entitlement server. You can use subscription-manager to register.\n\n"
        "Last metadata expiration check: 0:00:22 ago on Mon Nov 30 09:22:32 2026.\n"
        "Available Packages\n"
        "kubelet.x86_64     1.37.2-150500.1.1         k8sboot-kubernetes\n"
    )
    assert offered(text, "x86_64") == {"kubelet": ("0:1.37.2-150500.1.1",)}


def test_lines_that_yum_broke_are_read_and_other_architectures_are_not():
    text = (
        "Available Packages\n"
        "device-mapper-persistent-data-with-a-long-name.x86_64\n"
        "                             0.8.5-3.el7_9.2          k8sboot-updates\n"
        "glibc.i686                   2.17-326.el7_9           k8sboot-updates\n"
        "bash-completion.noarch       1:2.1-8.el7              k8sboot-base\n"
    )
    assert offered(text, "x86_64") == {
        "device-mapper-persistent-data-with-a-long-name": ("0:0.8.5-3.el7_9.2",),
        "bash-completion": ("1:2.1-8.el7",),
    }


def test_whatever_else_yum_says_is_passed_over():
    text = (
        "Loaded plugins: fastestmirror\n"
        "Existing lock /var/run/yum.pid: another copy is running as pid 4711.\n"
        "  The other application is: yum\n    Memory :  29 M RSS\n"
        "Available Packages\n"
        "jq.x86_64   1.6-2.el7   k8sboot-epel\n"
        "ntpdate.x86_64 4.2.6p5-29.el7.centos.2 k8sboot-base\n"
    )
    assert offered(text, "x86_64") == {"jq": ("0:1.6-2.el7",), "ntpdate": ("0:4.2.6p5-29.el7.centos.2",)}


def test_what_an_update_would_replace_is_no_update():
    text = "\nbash.x86_64  4.2-2  updates\nObsoleting Packages\nnew.x86_64  1-1  updates\n  old.x86_64  1-0  @base\n"
    assert offered(text, "x86_64") == {"bash": ("0:4.2-2",)}
