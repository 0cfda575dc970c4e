"""The names of tools by release of CentOS and its siblings."""

from __future__ import annotations

import pytest

from k8sboot.osfamily import rhel_tools


def test_el7_has_the_plugins_of_yum_3():
    assert rhel_tools.tools("7") == rhel_tools.EL7
    assert {"yum-plugin-versionlock", "yum-utils", "ebtables", "iptables", "curl"} <= {*rhel_tools.EL7}


@pytest.mark.parametrize("major", ["8", "9", "10", "42"])
def test_later_ones_have_those_of_dnf(major):
    found = rhel_tools.tools(major)
    assert "python3-dnf-plugin-versionlock" in found
    assert not {"yum-plugin-versionlock", "ebtables"} & {*found}
    assert len(found) == len({*found})
    assert {"conntrack-tools", "ethtool", "socat", "ipset"} <= {*found} <= {*rhel_tools.ALL}


def test_el8_has_other_names_for_netfilter_than_later_ones():
    assert {"iptables", "iptables-ebtables", "curl"} <= {*rhel_tools.tools("8")}
    assert not {"iptables", "curl"} & {*rhel_tools.tools("9")}, "curl conflicts with curl-minimal"
    assert "iptables-nft" in rhel_tools.tools("9")
