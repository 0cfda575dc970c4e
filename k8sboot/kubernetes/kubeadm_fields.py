"""The fields of kubeadm's configuration, by the version of its API: data, and what does not fit it. Pure.

kubeadm refuses a file with a field that it does not know. Sources: cmd/kubeadm/app/apis/kubeadm/*/types.go of 1.20.2,
1.31.14, 1.34.4, 1.35.4 and 1.37.2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from k8sboot.kubernetes.release import ConfigApi, Release
from k8sboot.kubernetes.release_table import RELEASES

Types = Mapping[str, Mapping[str, str]]
"""Fields and their types: text, flag, number, a type of this table, {}TYPE for a mapping, []TYPE for a list."""
Path = tuple[str | int, ...]

_ANY = "any"
_COMPONENT = {"extraArgs": "Arguments", "extraVolumes": "[]HostPathMount"}
_IMAGE = {"imageRepository": "text", "imageTag": "text"}
_REGISTRATION = {
    "name": "text", "criSocket": "text", "taints": "[]Taint", "kubeletExtraArgs": "Arguments",
    "ignorePreflightErrors": "[]text",
}  # fmt: skip
_LOCAL_ETCD = {
    **_IMAGE, "dataDir": "text", "extraArgs": "Arguments", "serverCertSANs": "[]text", "peerCertSANs": "[]text",
}  # fmt: skip
_CLUSTER = {
    "etcd": "Etcd", "networking": "Networking", "kubernetesVersion": "text", "controlPlaneEndpoint": "text",
    "apiServer": "APIServer", "controllerManager": "ControlPlaneComponent", "scheduler": "ControlPlaneComponent",
    "dns": "DNS", "certificatesDir": "text", "imageRepository": "text", "featureGates": "{}flag", "clusterName": "text",
}  # fmt: skip
_INIT = {
    "bootstrapTokens": "[]BootstrapToken", "nodeRegistration": "NodeRegistration", "localAPIEndpoint": "APIEndpoint",
    "certificateKey": "text",
}  # fmt: skip
_JOIN = {
    "nodeRegistration": "NodeRegistration", "caCertPath": "text", "discovery": "Discovery",
    "controlPlane": "JoinControlPlane",
}  # fmt: skip
_DISCOVERY = {
    "bootstrapToken": "BootstrapTokenDiscovery",
    "file": "FileDiscovery",
    "tlsBootstrapToken": "text",
}

_V1BETA2: Types = {
    "ClusterConfiguration": {**_CLUSTER, "useHyperKubeImage": "flag"},
    "InitConfiguration": _INIT,
    "JoinConfiguration": _JOIN,
    "APIEndpoint": {"advertiseAddress": "text", "bindPort": "number"},
    "APIServer": {**_COMPONENT, "certSANs": "[]text", "timeoutForControlPlane": "text"},
    "BootstrapToken": {
        "token": "text", "description": "text", "ttl": "text", "expires": "text", "usages": "[]text",
        "groups": "[]text",
    },
    "BootstrapTokenDiscovery": {
        "token": "text", "apiServerEndpoint": "text", "caCertHashes": "[]text", "unsafeSkipCAVerification": "flag",
    },
    "ControlPlaneComponent": _COMPONENT,
    "DNS": {**_IMAGE, "type": "text"},
    "Discovery": {**_DISCOVERY, "timeout": "text"},
    "Etcd": {"local": "LocalEtcd", "external": "ExternalEtcd"},
    "ExternalEtcd": {"endpoints": "[]text", "caFile": "text", "certFile": "text", "keyFile": "text"},
    "FileDiscovery": {"kubeConfigPath": "text"},
    "HostPathMount": {
        "name": "text", "hostPath": "text", "mountPath": "text", "readOnly": "flag", "pathType": "text",
    },
    "JoinControlPlane": {"localAPIEndpoint": "APIEndpoint", "certificateKey": "text"},
    "LocalEtcd": _LOCAL_ETCD,
    "Networking": {"serviceSubnet": "text", "podSubnet": "text", "dnsDomain": "text"},
    "NodeRegistration": _REGISTRATION,
    "Taint": {"key": "text", "value": "text", "effect": "text", "timeAdded": "text"},
}  # fmt: skip

_PHASES = {"skipPhases": "[]text", "patches": "Patches"}
_V1BETA3: Types = {
    **_V1BETA2,
    "ClusterConfiguration": _CLUSTER,
    "InitConfiguration": {**_INIT, **_PHASES},
    "JoinConfiguration": {**_JOIN, **_PHASES},
    "DNS": _IMAGE,
    "NodeRegistration": {**_REGISTRATION, "imagePullPolicy": "text"},
    "Patches": {"directory": "text"},
}

_ENVIRONMENT = {"extraEnvs": f"[]{_ANY}"}
_TIMED = {**_PHASES, "dryRun": "flag", "timeouts": "Timeouts"}
_V1BETA4: Types = {
    **_V1BETA3,
    "ClusterConfiguration": {
        **_CLUSTER, "proxy": "Proxy", "encryptionAlgorithm": "text", "certificateValidityPeriod": "text",
        "caCertificateValidityPeriod": "text",
    },
    "InitConfiguration": {**_INIT, **_TIMED},
    "JoinConfiguration": {**_JOIN, **_TIMED},
    "APIServer": {**_COMPONENT, **_ENVIRONMENT, "certSANs": "[]text"},
    "ControlPlaneComponent": {**_COMPONENT, **_ENVIRONMENT},
    "DNS": {**_IMAGE, "disabled": "flag"},
    "Discovery": _DISCOVERY,
    "LocalEtcd": {**_LOCAL_ETCD, **_ENVIRONMENT},
    "NodeRegistration": {**_REGISTRATION, "imagePullPolicy": "text", "imagePullSerial": "flag"},
    "Proxy": {"disabled": "flag"},
    "Timeouts": {
        "controlPlaneComponentHealthCheck": "text", "kubeletHealthCheck": "text", "kubernetesAPICall": "text",
        "etcdAPICall": "text", "tlsBootstrap": "text", "discovery": "text", "upgradeManifests": "text",
    },
}  # fmt: skip

_V1BETA4_35: Types = {
    **_V1BETA4,
    "ExternalEtcd": {**_V1BETA4["ExternalEtcd"], "httpEndpoints": "[]text"},
}

_TABLES: Mapping[ConfigApi, Mapping[int, Types]] = {
    "v1beta2": {0: _V1BETA2},
    "v1beta3": {0: _V1BETA3},
    "v1beta4": {0: _V1BETA4, 35: _V1BETA4_35},
}
"""By API, then by the minor from which on they are so."""
_MOVED = {
    (
        "APIServer",
        "timeoutForControlPlane",
    ): "kubeadm.initConfiguration.timeouts.controlPlaneComponentHealthCheck",
    ("Discovery", "timeout"): "kubeadm.joinConfiguration.timeouts.discovery",
}
"""Where fields of v1beta3 stand in v1beta4."""


@dataclass(frozen=True)
class Misfit:
    """A field that does not fit. path: below the document. why: a message. fix: an imperative."""

    path: Path
    why: str
    fix: str = "correct it, see kubeadm's reference of its configuration"


def fields_of(release: Release) -> Types:
    """The fields of the configuration that k8sboot writes for a release."""
    return [types for since, types in _TABLES[release.config_api].items() if since <= release.minor][-1]


def misfits(release: Release, kind: str, document: Mapping[str, object]) -> Iterator[Misfit]:
    """What kubeadm of that release would refuse in fields of a document of that kind, all the way down."""
    yield from _of_table(_Reading(release, fields_of(release)), document, kind, ())


@dataclass(frozen=True)
class _Reading:
    release: Release
    types: Types

    def without(self, kind: str, key: str) -> str:
        """Why a field is unknown: which releases have it."""
        having = [row for row in RELEASES if key in fields_of(row).get(kind, {})]
        name = self.release.name
        if not having:
            return f"kubeadm {name} has no field `{key}` there"
        if having[0].minor > self.release.minor:
            return f"kubeadm {name} has no field `{key}` there: {having[0].name} and later have it"
        return f"kubeadm {name} has no field `{key}` there: it went in 1.{having[-1].minor + 1}"

    def instead(self, kind: str, key: str) -> str:
        """What to do about an unknown field: its new place, or one that is spelled like it."""
        fields = self.types[kind]
        near = next((field for field in fields if field.lower() == key.lower()), "")
        near = near or "".join(difflib.get_close_matches(key, fields, n=1, cutoff=0.75))
        moved = _MOVED.get((kind, key), "") if "Timeouts" in self.types else ""
        return f"use {moved}" if moved else f"did you mean `{near}`?" if near else "remove it"


def _of_table(reading: _Reading, found: Mapping[str, object], kind: str, path: Path) -> Iterator[Misfit]:
    fields = reading.types[kind]
    for key, value in found.items():
        if not path and key in ("apiVersion", "kind"):
            continue
        if key not in fields:
            yield Misfit((*path, key), reading.without(kind, key), reading.instead(kind, key))
        elif value is not None:
            yield from _of_type(reading, value, fields[key], (*path, key))


def _of_type(reading: _Reading, value: object, kind: str, path: Path) -> Iterator[Misfit]:
    if kind == "Arguments":
        yield from _arguments(value, path)
    elif kind.startswith("[]"):
        yield from _of_list(reading, value, kind[2:], path)
    elif kind.startswith("{}") or kind in reading.types:
        yield from _of_mapping(reading, value, kind, path)
    elif kind != _ANY and not _fits(value, kind):
        yield Misfit(path, f"`{path[-1]}` must be {_WORDS[kind]}")


def _of_list(reading: _Reading, value: object, kind: str, path: Path) -> Iterator[Misfit]:
    if not isinstance(value, list):
        yield Misfit(path, f"`{path[-1]}` must be a list")
        return
    for index, inner in enumerate(value):
        yield from _of_type(reading, inner, kind, (*path, index))


def _of_mapping(reading: _Reading, value: object, kind: str, path: Path) -> Iterator[Misfit]:
    if not isinstance(value, Mapping):
        yield Misfit(path, f"`{path[-1]}` must be a mapping")
    elif kind.startswith("{}"):
        for key, inner in value.items():
            yield from _of_type(reading, inner, kind[2:], (*path, key))
    else:
        yield from _of_table(reading, value, kind, path)


def _arguments(value: object, path: Path) -> Iterator[Misfit]:
    """Extra arguments: a mapping, or a list of name and value; k8sboot writes what the release reads."""
    if isinstance(value, list):
        for index, each in enumerate(value):
            if not isinstance(each, Mapping) or set(each) != {"name", "value"} or not each["name"]:
                yield Misfit((*path, index), "an extra argument is `{name: NAME, value: VALUE}`")
    elif not isinstance(value, Mapping):
        yield Misfit(path, f"`{path[-1]}` must be a mapping of names to values")
    else:
        for name, each in value.items():
            if isinstance(each, Mapping | list):
                yield Misfit((*path, name), f"the value of `{name}` must be text")


_WORDS = {"text": "text", "flag": "true or false", "number": "a number"}


def _fits(value: object, kind: str) -> bool:
    if kind == "flag":
        return isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, str)
