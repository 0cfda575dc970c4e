"""certs.d: for each registry of the inventory, where containerd asks for its images, and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from k8sboot import scripts
from k8sboot.errors import Refused
from k8sboot.host.files import File
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Question
from k8sboot.inventory.model import Spec
from k8sboot.inventory.registries import containerd_registries as registries_of
from k8sboot.inventory.runtime_settings import Registry
from k8sboot.paths import ORIGINALS_DIR
from k8sboot.runtime.settings import Tree
from k8sboot.secret import Secret
from k8sboot.text.toml_text import toml_text

__all__ = ["CERTS", "OURS", "registries_of", "registry_files", "stale"]

CERTS = "/etc/containerd/certs.d"
HEAD = "# Managed by k8sboot: `runtime.registries` of the inventory.\n"
OURS = Question(
    "containerd-registries",
    scripts.render("containerd-registries", FOLDER=CERTS, HEAD=HEAD.strip(), ORIGINALS=ORIGINALS_DIR),
    shares=True,
)
"""The files of the registries that k8sboot has written, and behind the word `shared` an operator's that it added to."""
_SERVERS = {"docker.io": "https://registry-1.docker.io"}
"""Registries whose images are on another host than their name says."""
DEFAULT = "_default"
LARGEST = 1024 * 1024


def registry_files(spec: Spec) -> tuple[File, ...]:
    """hosts.toml of every registry, and the CA that it names. containerd reads them before each pull."""
    return tuple(file for name, each in registries_of(spec).items() for file in _files(name, each))


def stale(spec: Spec, host: Peer) -> tuple[str, ...]:
    """Files of registries that k8sboot has written and the inventory does not have any longer."""
    wanted = {file.path for file in registry_files(spec)}
    lines = host.answer(OURS).text.splitlines()
    return tuple(path for path in lines if path.startswith("/") and path not in wanted)


def _files(name: str, registry: Registry) -> Iterator[File]:
    folder = f"{CERTS}/{name}"
    if registry.ca:
        yield File(f"{folder}/ca.crt", certificates(name, registry.ca))
        registry = replace(registry, ca=f"{folder}/ca.crt")
    text = HEAD + toml_text(_hosts(name, registry))
    if registry.password:
        yield File(f"{folder}/hosts.toml", Secret(text), mode=0o600)
    else:
        yield File(f"{folder}/hosts.toml", text)


def certificates(name: str, ca: str) -> str:
    """The text of a CA, which the inventory has as text or as a file of this machine."""
    text, file = ca, Path(ca)
    if not ca.startswith("-----BEGIN"):
        try:
            text = file.read_bytes()[:LARGEST].decode("ascii") if file.is_file() else ""
        except (OSError, ValueError):
            text = ""
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise Refused(
            f"the CA of the registry {name} cannot be used",
            why=f"{'its text' if text == ca else file} is no certificate in PEM form",
            fix=f"correct `runtime.registries.{name}.ca` in the inventory: `-----BEGIN CERTIFICATE-----` begins it",
            code="KB-REGISTRY-CA",
        )
    return text.rstrip("\n") + "\n"


def _hosts(name: str, registry: Registry) -> Tree:
    """hosts.toml: the mirrors in order, then the registry itself, unless a mirror is the registry."""
    mirrors, server = list(registry.mirrors), _SERVERS.get(name, f"https://{name}")
    itself = [url for url in mirrors if urlsplit(url).netloc == name]
    if itself:
        server = itself[-1]
        mirrors.remove(server)
    way = _way(registry)
    tree: Tree = {} if name == DEFAULT else {"server": server}
    if itself or not mirrors:
        tree |= way
    capabilities = {"capabilities": ["pull", "resolve"]}
    hosts = {url: {**capabilities, **_path_of(url), **way} for url in mirrors}
    return {**tree, **({"host": hosts} if hosts else {})}


def _way(registry: Registry) -> Tree:
    """How a host is reached: its CA, whether it is verified, and the login."""
    login = registry.basic_login
    return {
        **({"ca": registry.ca} if registry.ca else {}),
        **({"skip_verify": True} if registry.skip_verify else {}),
        **({"header": {"Authorization": f"Basic {login}"}} if login else {}),
    }


def _path_of(url: str) -> Mapping[str, bool]:
    """containerd puts /v2 behind a path, unless it is told that the path has one."""
    parts = urlsplit(url).path.strip("/").split("/")
    return {"override_path": True} if "v2" in parts[:-1] else {}
