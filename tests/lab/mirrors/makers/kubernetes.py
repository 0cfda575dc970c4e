"""Kubernetes 1.20.2, the real programs, from Debian's source package.

Debian's package of that release still holds upstream's whole tree.  Two things
keep a Go newer than upstream's from building it, see _mend.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from . import golang
from .apt import debian_apt
from .cache import Cache, fingerprint, say
from .tools import versions

VERSION = "v1.20.2"
COMMANDS = (
    "kubeadm",
    "kubectl",
    "kubelet",
    "kube-proxy",
    "kube-scheduler",
    "kube-controller-manager",
    "kube-apiserver",
)
STAMP = {
    "gitVersion": VERSION,
    "gitMajor": "1",
    "gitMinor": "20",
    "gitTreeState": "clean",
    "gitCommit": "debian-1.20.5-really1.20.2",
    "buildDate": "2021-01-13T13:20:00Z",
}
REFLECT2 = "golang-github-modern-go-reflect2-dev"
OPENAPI = "k8s.io/kubernetes/vendor/k8s.io/kube-openapi/cmd/openapi-gen"


def make(cache: Cache) -> Path:
    """The directory of the programs named in COMMANDS."""
    here = Path(__file__)
    key = fingerprint(here, here.with_name("golang.py"), golang.version(), versions(REFLECT2))
    return cache.product("kubernetes", key, lambda out: _build(cache, out))


def _build(cache: Cache, out: Path) -> None:
    with cache.scratch() as work:
        tree = work / "go/src/k8s.io/kubernetes"
        _fetch(work, tree)
        env = golang.environment(cache.root, GO111MODULE="off", GOPATH=str(work / "go"))
        _mend(tree, env)
        for command in COMMANDS:
            say(f"kubernetes: building {command}")
            package = f"k8s.io/kubernetes/cmd/{command}"
            build = [str(golang.GO), "build", "-trimpath", "-ldflags", _ldflags(), "-o", str(out / command)]
            golang.run([*build, package], env, tree)


def _fetch(work: Path, tree: Path) -> None:
    """Download and unpack the source as upstream wrote it."""
    say("kubernetes: downloading the source package")
    apt = debian_apt(work / "apt")
    apt.run("source", "--download-only", "kubernetes", cwd=work)
    say("kubernetes: unpacking")
    tree.parent.mkdir(parents=True)
    subprocess.run(
        ["dpkg-source", "--no-check", "-x", "--skip-patches", next(work.glob("*.dsc")).name, tree],
        cwd=work,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _mend(tree: Path, env: dict[str, str]) -> None:
    """Put in what a Go of 1.18 and later needs.

    The vendored reflect2 reads the runtime's inner structures, which have
    changed since, and panics; and the source package lacks the generated
    OpenAPI definitions.
    """
    vendored = tree / "vendor/github.com/modern-go/reflect2"
    shutil.rmtree(vendored)
    shutil.copytree("/usr/share/gocode/src/github.com/modern-go/reflect2", vendored)
    say("kubernetes: generating the OpenAPI definitions")
    generator = tree.parents[3] / "openapi-gen"
    golang.run([str(golang.GO), "build", "-o", str(generator), OPENAPI], env, tree)
    golang.run(
        [
            str(generator),
            "--go-header-file",
            str(tree / "hack/boilerplate/boilerplate.generatego.txt"),
            "--output-file-base",
            "zz_generated.openapi",
            "--output-package",
            "k8s.io/kubernetes/pkg/generated/openapi",
            "--report-filename",
            str(tree.parents[3] / "violations"),
            "--input-dirs",
            ",".join(_openapi_packages(tree)),
        ],
        env,
        tree,
    )


def _openapi_packages(tree: Path) -> list[str]:
    """The packages that ask for OpenAPI definitions by a comment."""
    marker = re.compile(rb"^// \+k8s:openapi-gen=true", re.MULTILINE)
    packages = set()
    for top in ("pkg", "staging/src", "vendor/k8s.io", "vendor/sigs.k8s.io"):
        for path in (tree / top).rglob("*.go"):
            if path.name.endswith("_test.go") or not path.is_file():
                continue
            if marker.search(path.read_bytes()):
                packages.add(_import_path(path.parent.relative_to(tree)))
    return sorted(packages)


def _import_path(directory: Path) -> str:
    text = str(directory)
    for prefix in ("staging/src/", "vendor/"):
        if text.startswith(prefix):
            return "k8s.io/kubernetes/vendor/" + text.removeprefix(prefix)
    return "k8s.io/kubernetes/" + text


def _ldflags() -> str:
    packages = (
        "k8s.io/component-base/version",
        "k8s.io/kubernetes/vendor/k8s.io/component-base/version",
        "k8s.io/client-go/pkg/version",
        "k8s.io/kubernetes/vendor/k8s.io/client-go/pkg/version",
    )
    stamps = [f"-X {p}.{name}={value}" for p in packages for name, value in STAMP.items()]
    return " ".join(["-s", "-w", *stamps])
