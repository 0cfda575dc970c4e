"""A bill of materials as CycloneDX 1.5: what runs here, and what k8sboot puts on hosts, with their digests."""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from k8sboot import __version__, osfamily, runtime, scripts, templates
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import calico
from k8sboot.kubernetes.metrics_server import metrics_server_image

Component = dict[str, Any]

HERE, HOSTS = "this machine", "hosts"
PACKAGES = ("kubeadm", "kubelet", "kubectl")
CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def bill_of_materials(spec: Spec) -> dict[str, Any]:
    """The bill for an inventory; the same for the same installation and inventory."""
    libraries = list(_libraries())
    own = _component("application", "k8sboot", __version__, HERE, **{"tree-sha256": _tree_digest()})
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": own},
        "components": [
            _component("platform", platform.python_implementation(), platform.python_version(), HERE),
            *libraries,
            *_files(),
            *_keys(),
            *_manifests(spec),
            *_packages(spec),
            *_images(spec),
        ],
        "dependencies": [{"ref": own["bom-ref"], "dependsOn": [each["bom-ref"] for each in libraries]}],
    }


def _component(kind: str, name: str, version: str, where: str, **properties: str) -> Component:
    values = {"where": where, **{key.replace("_", "-"): value for key, value in properties.items() if value}}
    return {
        "type": kind,
        "bom-ref": f"{kind}:{name}@{version}" if version else f"{kind}:{name}",
        "name": name,
        **({"version": version} if version else {}),
        "properties": [{"name": f"k8sboot:{key}", "value": value} for key, value in values.items()],
    }


def _with_digest(component: Component, sha256: str, url: str = "") -> Component:
    """The component with what binds it, as far as that is known."""
    hashes = {"hashes": [{"alg": "SHA-256", "content": sha256}]} if sha256 else {}
    source = {"externalReferences": [{"type": "distribution", "url": url}]} if url else {}
    return {**component, **hashes, **source}


def _libraries() -> Iterator[Component]:
    """All that k8sboot imports, by what the installed packages require. RECORD lists the digest of each file."""
    for name in _closure("k8sboot"):
        found = metadata.distribution(name)
        record = hashlib.sha256((found.read_text("RECORD") or "").encode()).hexdigest()
        library = _component("library", name, found.version, HERE, record_sha256=record)
        yield {**library, "purl": f"pkg:pypi/{name}@{found.version}"}


def _closure(root: str) -> list[str]:
    known: set[str] = set()
    waiting = [root]
    while waiting:
        for line in metadata.requires(waiting.pop()) or ():
            match = _NAME.match(line)
            name = re.sub(r"[-_.]+", "-", match[0]).lower() if match else ""
            if name and name not in known and "extra ==" not in line and _is_installed(name):
                known.add(name)
                waiting.append(name)
    return sorted(known)


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:  # another Python or system requires it
        return False
    return True


def _tree_digest() -> str:
    """SHA-256 of lines as sha256sum writes them, for the files of the package, sorted by path."""
    root = Path(scripts.DIRECTORY).parent
    paths = sorted(path for path in root.rglob("*") if path.suffix in (".py", ".sh", ".md", ".j2"))
    lines = (f"{_digest(path)}  {path.relative_to(root).as_posix()}\n" for path in paths)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _files() -> Iterator[Component]:
    """What is rendered for hosts, before values are filled in."""
    for folder, pattern in ((scripts.DIRECTORY, "*.sh"), *((each, "*.j2") for each in templates.DIRECTORIES)):
        for path in sorted(folder.glob(pattern)):
            yield _with_digest(_component("file", f"{folder.name}/{path.name}", "", HOSTS), _digest(path))


def _keys() -> Iterator[Component]:
    for name, fingerprint in sorted(osfamily.signing_keys().items()):
        yield _component("data", f"signing key: {name}", "", HOSTS, openpgp_fingerprint=fingerprint)


def _manifests(spec: Spec) -> Iterator[Component]:
    settings = spec.calico
    if spec.plugin == "manifest":
        other = _component("file", "network.yaml", "", HOSTS)
        yield _with_digest(other, spec.network.sha256, spec.network.manifest)
    if spec.plugin == "calico":
        known = "" if settings.manifest else calico.MANIFEST_SHA256.get(settings.version, "")
        url = settings.manifest or calico.manifest_url(settings.version)
        digest = settings.sha256 or known
        unpinned = "" if digest else "not pinned"
        manifest = _component("file", "calico.yaml", settings.version, HOSTS, verified_by=unpinned)
        yield _with_digest(manifest, digest, url)


def _packages(spec: Spec) -> Iterator[Component]:
    """Packages that repositories sign, and those of a kernel, which the inventory binds by digest."""
    for name, version in (
        *((name, spec.cluster.kubernetes_version) for name in PACKAGES),
        *runtime.of(spec).packages(spec).items(),
    ):
        yield _component("application", name, version, HOSTS, verified_by="the repository's signature")
    for name, repository in spec.os.repositories.items():
        fingerprint = repository.fingerprint or "not pinned"
        yield _component("data", f"repository: {name}", "", HOSTS, openpgp_fingerprint=fingerprint)
    for package in spec.os.kernel.packages:
        name = package.url.rpartition("/")[2]
        yield _with_digest(_component("file", name, "", HOSTS), package.sha256, package.url)


def _images(spec: Spec) -> Iterator[Component]:
    """kubeadm's images and metrics-server's, as the table of releases has them, and all that the inventory pins."""
    pins = spec.runtime.image_digests
    for image in dict.fromkeys((*_named_images(spec), *pins)):
        name, _, tag = image.rpartition(":")
        digest = pins.get(image, "").removeprefix("sha256:")
        component = _component("container", name, tag, HOSTS, verified_by="" if digest else "not pinned")
        yield _with_digest(component, digest)


def _named_images(spec: Spec) -> Iterable[str]:
    wanted, metrics = spec.cluster, spec.metrics_server
    version, release = wanted.version, wanted.release
    yield from (f"{wanted.image_repository}/{name}:{version}" for name in CONTROL_PLANE)
    others = {"pause": release.pause, "etcd": release.etcd, release.coredns_image: release.coredns}
    yield from (f"{wanted.image_repository}/{name}:{tag}" for name, tag in others.items())
    if metrics.enabled:
        yield metrics.image or metrics_server_image(version, wanted.image_repository)


def versions() -> Mapping[str, str]:
    """The versions of k8sboot, Python and the libraries that k8sboot names."""
    names = ("click", "jinja2", "paramiko", "pyyaml", "rich")
    return {
        "k8sboot": __version__,
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in names},
    }
