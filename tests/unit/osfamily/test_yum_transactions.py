from __future__ import annotations

import pytest

from k8sboot.osfamily.yum_transactions import failed_repository, others, outcome

YUM_3 = """\
Resolving Dependencies
--> Running transaction check
---> Package containerd.io.x86_64 0:1.6.33-3.1.el7 will be obsoleting
---> Package runc.x86_64 0:1.0.0-69.rc10.el7_9 will be obsoleted

Dependencies Resolved

================================================================================
 Package            Arch    Version                   Repository           Size
================================================================================
Installing:
 containerd.io      x86_64  1.6.33-3.1.el7            k8sboot-docker       35 M
     replacing  runc.x86_64 1.0.0-69.rc10.el7_9
 docker-ce          x86_64  3:20.10.24-3.el7          k8sboot-docker       22 M
Removing:
 podman             x86_64  1.6.4-36.el7_9            @extras              56 M
Installing for dependencies:
 docker-ce-rootless-extras-with-a-long-name
                    x86_64  26.1.4-1.el7              k8sboot-docker      9.2 M
Removing for dependencies:
 a-package-with-a-name-that-does-not-fit
                    noarch  1.11.7-1.el7              @epel               10 M

Transaction Summary
================================================================================
Install  2 Packages (+1 Dependent package)
Remove   1 Package  (+1 Dependent package)

Total download size: 66 M
Exiting on user command
"""
DNF = """\
Dependencies resolved.
================================================================================
 Package           Architecture Version               Repository           Size
================================================================================
Installing:
 containerd.io     x86_64       1.6.33-3.1.el9        k8sboot-docker       34 M
     replacing  runc.x86_64 4:1.1.12-3.el9_4
Upgrading:
 libseccomp        x86_64       2.5.2-2.el9           baseos               70 k
Downgrading:
 container-selinux noarch       3:2.200-1.el9         appstream            55 k
Removing dependent packages:
 podman            x86_64       4:4.9.4-3.el9         @appstream           50 M

Transaction Summary
================================================================================
Install    1 Package
Operation aborted.
"""


def test_what_yum_3_would_remove_or_replace():
    found = outcome(YUM_3)
    assert found.removed == {
        "runc": "1.0.0-69.rc10.el7_9",
        "podman": "1.6.4-36.el7_9",
        "a-package-with-a-name-that-does-not-fit": "1.11.7-1.el7",
    }
    assert found.older == {}


def test_what_dnf_would_remove_replace_or_downgrade():
    found = outcome(DNF)
    assert found.removed == {"runc": "4:1.1.12-3.el9_4", "podman": "4:4.9.4-3.el9"}
    assert found.older == {"container-selinux": "3:2.200-1.el9"}


@pytest.mark.parametrize(
    "text", ["", "Error: Nothing to do\n", "No package x available.\nError: Nothing to do\n"]
)
def test_nothing_to_do_removes_nothing(text):
    assert (outcome(text).removed, outcome(text).older) == ({}, {})


@pytest.mark.parametrize(
    "line",
    [
        "failure: repodata/repomd.xml from dead: [Errno 256] No more mirrors to try.",
        "Cannot find a valid baseurl for repo: dead/7/x86_64",
        "Cannot retrieve metalink for repository: dead/x86_64. Please verify its path and try again",
        "Error: Cannot retrieve repository metadata (repomd.xml) for repository: dead. Please verify its path",
        "Error: Failed to download metadata for repo 'dead': Cannot download repomd.xml: Status code: 404",
    ],
)
def test_the_repository_at_which_yum_stopped(line):
    name, why = failed_repository(f"Loaded plugins: fastestmirror\n{line}\n")
    assert name == "dead"
    assert why in line
    assert failed_repository("Error: Nothing to do\n") == ("", "")


def test_repositories_of_others_by_their_file():
    answer = (
        "file /etc/yum.repos.d/CentOS-Base.repo\n| [base]\n| enabled=1\n| [updates]\n"
        "file /etc/yum.repos.d/k8sboot-docker.repo\n| [k8sboot-docker]\n"
    )
    base = "/etc/yum.repos.d/CentOS-Base.repo"
    assert others(answer) == {"base": base, "updates": base}
