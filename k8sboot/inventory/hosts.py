"""A host of the inventory, and how to log in to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from k8sboot.inventory import forms, node_forms
from k8sboot.inventory.kinds import APPLIED, FIXED, Derived, LocalPath, Number
from k8sboot.secret import Secret


@dataclass(frozen=True)
class SshSettings:
    """How to log in. `None` means not set here: ssh_config decides, then OpenSSH's default.

    user: The user to log in as: root, or a user with sudo.
    port: No default: the port from ssh_config, or 22.
    identity_file: No default: the SSH agent and the usual keys in ~/.ssh.
    passphrase: The passphrase of an encrypted key.
    password: No default: password login is not tried.
    sudo_password: No default: only needed if sudo asks the user for a password.
    host_key_policy: accept-new records new keys and refuses changed ones; strict refuses both; insecure accepts any.
    host_key: No default: pins the host's key, as `ssh-ed25519 AAAA...` or `SHA256:...`. Usually set per host.
    known_hosts_file: No default: ~/.ssh/known_hosts. New keys are written to it: a known_hosts file, or a new one whose
        name contains known_hosts.
    jump: No default: jump hosts as [USER@]HOST[:PORT], separated by commas; `none` connects directly.
    jump_host_keys: Pins the keys of the jump hosts, one for each in their order, as hostKey does a host's.
    config_file: No default: ~/.ssh/config; `none` reads no configuration file. Its `Match exec` and `ProxyCommand` run
        on this machine.
    connect_timeout: Connection timeout in seconds.
    """

    user: Annotated[str | None, forms.user] = None
    port: Annotated[int | None, Number(1, 65535)] = None
    identity_file: Annotated[str | None, LocalPath(must_exist=True)] = None
    passphrase: Secret | None = None
    password: Secret | None = None
    sudo_password: Secret | None = None
    host_key_policy: Literal["accept-new", "strict", "insecure"] = "accept-new"
    host_key: Annotated[str | None, forms.host_key] = None
    known_hosts_file: Annotated[str | None, LocalPath()] = None
    jump: Annotated[str | None, forms.jump] = None
    jump_host_keys: Annotated[tuple[str, ...], forms.host_key] = ()
    config_file: Annotated[str | None, LocalPath(unless="none")] = None
    connect_timeout: Annotated[int, Number(1, 600)] = 10


@dataclass(frozen=True)
class HostSpec:
    """One host of the inventory.

    name: The Kubernetes node name; k8sboot also sets it as the host name. Lower-case letters, digits and `-`.
    address: How k8sboot reaches the host by SSH: an IP address, a DNS name, or a `Host` of ~/.ssh/config.
    node_address: The host's own IP address in the cluster. Default: `address` if the host has it, else the one on its
        route to the first master.
    labels: The host's own, added to those of all hosts; of two with the same key this one counts.
    taints: The host's own, added to those of all hosts.
    kubelet_extra_args: The host's own, added to those of all hosts.
    ssh: How to log in, for all hosts; a host can override any of these keys. The rest comes from ~/.ssh/config.
    """

    name: Annotated[str, forms.label, FIXED]
    address: Annotated[str, forms.address, APPLIED]
    role: Annotated[Literal["master", "node"], Derived()]
    node_address: Annotated[str, forms.ip_address, FIXED] = ""
    labels: Annotated[Mapping[str, str], node_forms.label_key, node_forms.label_value, APPLIED] = field(
        default_factory=dict
    )
    taints: Annotated[tuple[str, ...], node_forms.taint, APPLIED] = ()
    kubelet_extra_args: Annotated[
        Mapping[str, str], node_forms.kubelet_flag, node_forms.flag_value, APPLIED
    ] = field(default_factory=dict)
    ssh: Annotated[SshSettings, APPLIED] = field(default_factory=SshSettings)
