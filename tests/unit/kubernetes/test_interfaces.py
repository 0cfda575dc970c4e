"""Which network interfaces each pattern singles out."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest

from k8sboot.kubernetes.interfaces import LEFT, OF_PLUGINS, SOFTWARE, UNMANAGED


@pytest.mark.parametrize(
    ("name", "uses"),
    [
        ("eth0", ""),
        ("enp0s3", ""),
        ("bond0", ""),
        ("wlan0", ""),
        ("docker0", "software"),
        ("br-8f0c", "software"),
        ("br0", ""),
        ("veth12ab", "software"),
        ("cni0", "software plugin"),
        ("cni-podman0", "software"),
        ("flannel.1", "software plugin"),
        ("cilium_vxlan", "plugin"),
        ("cali0a1b", "software unmanaged left"),
        ("tunl0", "software unmanaged"),
        ("tunl1", "software unmanaged"),
        ("vxlan.calico", "software unmanaged left"),
        ("vxlan.calico9", "software"),
        ("vxlan100", "software"),
        ("vxlan-v6.calico", "software unmanaged left"),
        ("wireguard.cali", "unmanaged left"),
        ("wg-v6.cali", "unmanaged left"),
        ("kube-ipvs0", "software unmanaged left"),
        ("kube-bridge", "software plugin"),
    ],
)
def test_an_interface_is_seen_by_those_whom_it_concerns(name, uses):
    found = {
        "software": re.match(SOFTWARE, name),
        "unmanaged": any(fnmatchcase(name, glob) for glob in UNMANAGED),
        "left": re.match(LEFT, name),
        "plugin": re.match(OF_PLUGINS, name),
    }
    assert " ".join(use for use, is_seen in found.items() if is_seen) == uses
