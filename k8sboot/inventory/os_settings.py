"""The `os` section: how the hosts are prepared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from k8sboot.inventory import forms, url_forms
from k8sboot.inventory.kinds import LocalPath, Number, Unavailable, needs

Mirror = Literal["upstream", "aliyun", "ustc", "tuna"]
SelinuxMode = Literal["permissive", "disabled"]


@dataclass(frozen=True)
class Repository:
    """A package repository. Once loaded, the fingerprints are separated by blanks.

    url: For yum: the directory that contains repodata/; $basearch is replaced. A login in it
        (https://USER:PASSWORD@HOST/...) is written to files that only root may read.
    key: Signing key, a URL or a file.
    fingerprint: Fingerprint of the signing key; separate several with commas. A key over http:// needs one.
    suite: apt only. A slash is a flat repository, as pkgs.k8s.io. Default: what the system uses.
    components: apt only; a flat repository has none. Default: what the system uses.
    """

    url: Annotated[str, url_forms.url]
    key: Annotated[str, url_forms.url_or_file, LocalPath(must_exist=True)] = ""
    fingerprint: Annotated[str, forms.fingerprint] = ""
    suite: Annotated[str, forms.suite] = ""
    components: Annotated[tuple[str, ...], forms.word] = ()


@dataclass(frozen=True)
class KernelPackage:
    """A package of a newer kernel.

    url: Where to download the package, without a login.
    sha256: Its SHA-256 in hexadecimal.
    """

    url: Annotated[str, url_forms.url_without_login]
    sha256: Annotated[str, forms.sha256]


@dataclass(frozen=True)
class KernelSettings:
    """The `os.kernel` section.

    minimum: Oldest acceptable kernel version, for example 5.4 or 5.4.278. Empty: any kernel.
    packages: The new kernel's packages, including dependencies that the hosts' repositories lack.
    """

    minimum: Annotated[str, forms.kernel_version] = ""
    packages: tuple[KernelPackage, ...] = ()


@dataclass(frozen=True)
class OsSettings:
    """The `os` section.

    timezone: Area/City, or UTC. Empty: each host keeps its own.
    time_sync: chrony, ntpdate (queries the servers every five minutes from cron), or none (leaves the clocks alone).
    ntp_servers: Time servers. Empty: a host keeps its time service; one without gets chrony with the servers of its
        package.
    mirror: The older form of the key `mirror` at the top, which sets packages and images: this one sets packages alone.
    repositories: Additional repositories by name. `docker` and `kubernetes` replace the mirror's; on CentOS 7 also
        `base`, `updates`, `extras` and `epel`. With hosts of both families use `rhel.docker` and `debian.docker`.
    packages: Additional packages for every host. A package that no repository offers is reported and skipped.
    update: Update all packages except the kernel, Docker and Kubernetes.
    selinux: permissive, or disabled from the next boot on. A host with a laxer mode keeps it.
    firewall: off stops and disables firewalld and ufw. keep leaves the hosts' packet filters alone; the ports that they
        close between hosts are then an error. See docs/inventory.md for what to open.
    allow_cgroup_v1: Accept hosts with cgroup v1 from Kubernetes 1.35 on, which refuses them otherwise: kubelet starts
        with `failCgroupV1: false`, and kubeadm ignores its check SystemVerification there.
    distribute_key: Let root on the first master log in to all other hosts with an SSH key.
    open_files: Maximum number of open files, for users and services.
    processes: Maximum number of processes, for users and services.
    modules: Additional kernel modules, loaded now and at boot.
    sysctl: Additional kernel parameters, for example {net.core.somaxconn: 32768}.
    kernel: No default: a newer kernel for hosts whose kernel is older than minimum. Masters reboot one at a time, nodes
        a few at a time. A host on which the new kernel fails to boot returns to the old one by itself.
    """

    timezone: Annotated[str, forms.timezone] = ""
    time_sync: Literal["chrony", "ntpdate", "none"] = "chrony"
    ntp_servers: Annotated[tuple[str, ...], forms.address] = ()
    mirror: Mirror = "upstream"
    repositories: Annotated[Mapping[str, Repository], forms.word] = field(default_factory=dict)
    packages: Annotated[tuple[str, ...], forms.package] = ()
    update: bool = False
    selinux: Annotated[SelinuxMode, Unavailable({"enforcing": "kubeadm does not run with it"})] = "permissive"
    firewall: Literal["off", "keep"] = "off"
    allow_cgroup_v1: Annotated[bool, needs("kubeadm by hand", is_refused=False)] = False
    distribute_key: bool = False
    open_files: Annotated[int, Number(1024, 1_048_576)] = 655360
    processes: Annotated[int, Number(1024, 4_194_304)] = 655350
    modules: Annotated[tuple[str, ...], forms.module] = ()
    sysctl: Annotated[Mapping[str, str], forms.sysctl] = field(default_factory=dict)
    kernel: KernelSettings = field(default_factory=KernelSettings)
