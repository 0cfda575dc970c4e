"""The inventory's schema: every key, what it takes, and the field it becomes. Defaults are model.py's.

A key's field is its name in snake_case; rows() gives the whole as a table (key, what it takes, default).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass

from k8sboot.inventory import forms, model
from k8sboot.inventory.forms import matching
from k8sboot.inventory.kinds import (
    Choice,
    Flag,
    Free,
    Many,
    Named,
    Number,
    Pairs,
    SecretText,
    Section,
    Text,
    Words,
)

_WORD = matching(r"[A-Za-z0-9][A-Za-z0-9._-]*", "a word of letters, digits, `.`, `_` and `-`")
_USER = matching(r"[A-Za-z_][A-Za-z0-9._-]{0,31}\$?", "a user's name")
_HOP = r"(?:[A-Za-z_][A-Za-z0-9._-]*@)?(?:[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?"
_JUMP = matching(
    rf"none|{_HOP}(?:,{_HOP})*",
    "[USER@]HOST[:PORT], more of them separated by commas",
    "for example `ops@bastion.example.com`",
)
_PACKAGE = matching(r"[A-Za-z0-9][A-Za-z0-9.+_:~-]*", "a package's name")
_MODULE = matching(r"[A-Za-z0-9][A-Za-z0-9_-]*", "a kernel module's name")
_SYSCTL = matching(r"[a-z0-9][A-Za-z0-9_./-]*", "a sysctl key", "for example `net.core.somaxconn`")
_KERNEL_VERSION = matching(
    r"\d{1,3}\.\d{1,3}(?:\.\d{1,5})?", "a kernel's version", "for example `5.4` or `5.4.278`"
)
_SIZE = matching(r"[1-9][0-9]*[kmg]", "a size with its unit k, m or g", "for example `100m`")
_PREFIX = matching(r"\d+(?:\.\d+){0,3}(?:-\d+)?", "a version or the beginning of one", "for example `20.10`")
_REGISTRY = matching(
    r"[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?(?:/\d{1,2})?",
    "HOST, HOST:PORT or a network",
    "for example `registry.lan:5000`",
)
_SUITE = matching(r"[A-Za-z0-9./_-]+", "a suite of an apt repository")
_IMAGE = matching(r"[a-z0-9][A-Za-z0-9._/:@-]*", "an image's name")

CLUSTER = Section(
    model.ClusterSettings,
    {
        "name": Text(forms.label),
        "kubernetesVersion": Text(forms.kubernetes_version),
        "controlPlaneEndpoint": Text(forms.endpoint, may_be_empty=True),
        "podSubnet": Text(forms.network),
        "serviceSubnet": Text(forms.network),
        "dnsDomain": Text(forms.dns_name),
        "imageRepository": Text(forms.image_repository),
        "certSANs": Words(forms.alternative_name),
    },
)

SSH = Section(
    model.SshSettings,
    {
        "user": Text(_USER),
        "port": Number(1, 65535),
        "identityFile": Text(is_path=True, must_exist=True),
        "passphrase": SecretText(),
        "password": SecretText(),
        "sudoPassword": SecretText(),
        "hostKeyPolicy": Choice(("accept-new", "strict", "insecure")),
        "hostKey": Text(forms.host_key),
        "knownHostsFile": Text(is_path=True),
        "jump": Text(_JUMP),
        "configFile": Text(is_path=True, unless="none"),
        "connectTimeout": Number(1, 600),
    },
)

HOST = Section(
    model.HostSpec,
    {"name": Text(forms.label), "address": Text(forms.address), "ssh": SSH},
    required=("name", "address"),
)

REPOSITORY = Section(
    model.Repository,
    {
        "url": Text(forms.url),
        "key": Text(forms.url_or_file, is_path=True, must_exist=True, may_be_empty=True),
        "fingerprint": Text(forms.fingerprint, may_be_empty=True),
        "suite": Text(_SUITE, may_be_empty=True),
        "components": Words(_WORD),
    },
    required=("url",),
)

KERNEL_PACKAGE = Section(
    model.KernelPackage,
    {"url": Text(forms.url), "sha256": Text(forms.sha256)},
    required=("url", "sha256"),
)

KERNEL = Section(
    model.KernelSettings,
    {"minimum": Text(_KERNEL_VERSION, may_be_empty=True), "packages": Many(KERNEL_PACKAGE)},
)

OS = Section(
    model.OsSettings,
    {
        "timezone": Text(forms.timezone),
        "timeSync": Choice(("chrony", "ntpdate", "none")),
        "ntpServers": Words(forms.address),
        "mirror": Choice(("upstream", "aliyun", "ustc", "tuna")),
        "repositories": Named(_WORD, REPOSITORY),
        "packages": Words(_PACKAGE),
        "update": Flag(),
        "selinux": Choice(("permissive", "disabled"), {"enforcing": "kubeadm's packages do not run with it"}),
        "distributeKey": Flag(),
        "openFiles": Number(1024, 1_048_576),
        "processes": Number(1024, 4_194_304),
        "modules": Words(_MODULE),
        "sysctl": Pairs(_SYSCTL),
        "kernel": KERNEL,
    },
)

RUNTIME = Section(
    model.RuntimeSettings,
    {
        "name": Choice(("docker",), {"containerd": "containerd comes with a later release"}),
        "version": Text(_PREFIX),
        "packages": Words(_PACKAGE),
        "registryMirrors": Words(forms.url),
        "insecureRegistries": Words(_REGISTRY),
        "logMaxSize": Text(_SIZE),
        "logMaxFile": Number(1, 1000),
    },
)

CALICO = Section(
    model.CalicoSettings,
    {
        "enabled": Flag(),
        "version": Text(forms.calico_version),
        "manifest": Text(forms.url_or_file, is_path=True, must_exist=True, may_be_empty=True),
        "sha256": Text(forms.sha256, may_be_empty=True),
        "imageRepository": Text(forms.image_repository, may_be_empty=True),
        "encapsulation": Choice(("ipip", "vxlan", "none")),
        "mtu": Number(0, 9216),
        "typhaReplicas": Number(-1, 200),
    },
)

METRICS_SERVER = Section(
    model.MetricsServerSettings,
    {
        "enabled": Flag(),
        "image": Text(_IMAGE, may_be_empty=True),
        "replicas": Number(1, 10),
        "kubeletInsecureTLS": Flag(),
    },
)

KUBE_PROXY = Section(
    model.KubeProxySettings,
    {
        "mode": Choice(("ipvs", "iptables")),
        "scheduler": Choice(
            ("rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "dh", "sed", "nq", "fo", "ovf", "mh")
        ),
        "strictARP": Flag(),
    },
)

KUBEADM = Section(
    model.KubeadmPatches,
    {
        "clusterConfiguration": Free(),
        "initConfiguration": Free(),
        "joinConfiguration": Free(),
        "kubeletConfiguration": Free(),
        "kubeProxyConfiguration": Free(),
    },
)

INVENTORY = Section(
    model.Spec,
    {
        "cluster": CLUSTER,
        "ssh": SSH,
        "masters": Many(HOST),
        "nodes": Many(HOST),
        "os": OS,
        "runtime": RUNTIME,
        "calico": CALICO,
        "metricsServer": METRICS_SERVER,
        "kubeProxy": KUBE_PROXY,
        "kubeadm": KUBEADM,
    },
    required=("masters",),
)


@dataclass(frozen=True)
class Row:
    """One line of the schema as a table. key: dotted, `[]` an item, `{}` a name. field: CLASS.FIELD."""

    key: str
    takes: str
    default: object
    field: str


def field_name(key: str) -> str:
    """The dataclass field a key becomes: certSANs is cert_sans."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower()


def default_of(section: Section, key: str) -> object:
    """What the key's field is when the key is not said; MISSING when it must be."""
    fields = {each.name: each for each in dataclasses.fields(section.becomes)}
    declared = fields[field_name(key)]
    if declared.default_factory is not dataclasses.MISSING:
        return declared.default_factory()
    return declared.default


def rows(section: Section = INVENTORY, prefix: str = "") -> Iterator[Row]:
    """Every key that takes a value, in the order of the schema; a host's own ssh keys are not repeated."""
    for key, kind in section.keys.items():
        inner = kind.section if isinstance(kind, Named | Many) else kind
        if not isinstance(inner, Section):
            takes, becomes = type(kind).__name__.lower(), section.becomes.__name__
            yield Row(prefix + key, takes, default_of(section, key), f"{becomes}.{field_name(key)}")
        elif not (inner is SSH and section is HOST):
            mark = {Named: ".{}", Many: "[]"}.get(type(kind), "")
            yield from rows(inner, f"{prefix}{key}{mark}.")
