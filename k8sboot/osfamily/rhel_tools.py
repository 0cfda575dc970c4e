"""The runbook's tools on CentOS, RHEL and derivatives, under the names of their packages in each release. Pure."""

from __future__ import annotations

EL7 = (
    "bash-completion", "conntrack-tools", "curl", "device-mapper-persistent-data", "ebtables", "ethtool", "git",
    "ipset", "iptables", "ipvsadm", "jq", "libseccomp", "lvm2", "net-tools", "psmisc", "socat", "sysstat",
    "telnet", "vim-enhanced", "wget", "yum-plugin-versionlock", "yum-utils",
)  # fmt: skip

_WITH_DNF = {"yum-plugin-versionlock": "python3-dnf-plugin-versionlock"}
"""Plugins of yum 3, by what dnf has instead."""
_EL8 = {**_WITH_DNF, "ebtables": "iptables-ebtables"}
# iptables-nft has ebtables, too. Minimal systems have curl-minimal, which conflicts with curl and is enough.
_LATER = {**_WITH_DNF, "ebtables": "", "iptables": "iptables-nft", "curl": ""}


def tools(major: str) -> tuple[str, ...]:
    """The packages of a release, e.g. of '9'."""
    other = {"7": {}, "8": _EL8}.get(major, _LATER)
    return tuple(name for each in EL7 if (name := other.get(each, each)))


ALL = tuple(dict.fromkeys(name for major in ("7", "8", "9") for name in tools(major)))
"""The names of all releases."""
