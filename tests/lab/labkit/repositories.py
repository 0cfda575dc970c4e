"""What an inventory says of repositories and Docker's packages, by the families of its hosts."""

from labkit import releases
from labkit.plan import MIXED, Lab

VAULT = "centos-vault/7.9.2009"
CENTOS_KEY = f"{VAULT}/RPM-GPG-KEY-CentOS-7"
CENTOS = {
    "base": (f"{VAULT}/os/x86_64", CENTOS_KEY),
    "updates": (f"{VAULT}/updates/x86_64", CENTOS_KEY),
    "extras": (f"{VAULT}/extras/x86_64", CENTOS_KEY),
    "epel": ("epel/7/x86_64", "epel/RPM-GPG-KEY-EPEL-7"),
}
PATHS = {
    "debian": {
        "docker": ("docker-ce/linux/debian", "lab.asc"),
        "kubernetes": ("kubernetes/apt", "lab.asc"),
    },
    "el7": {
        **CENTOS,
        "docker": ("docker-ce/linux/centos/7/x86_64/stable", "docker-ce/linux/centos/gpg"),
        "kubernetes": (
            "kubernetes/yum/repos/kubernetes-el7-x86_64",
            "kubernetes/yum/doc/rpm-package-key.gpg",
        ),
    },
    MIXED: {
        **CENTOS,
        "docker": ("mixed/docker", "lab.asc"),
        "kubernetes": ("mixed/kubernetes", "lab.asc"),
    },
}
"""The path and the key's path of each repository, below the mirrors' address."""

DOCKER_9 = ("docker-ce/linux/centos/9/x86_64/stable", "docker-ce/linux/centos/gpg")


def family(lab: Lab) -> str:
    """The family that all hosts are of, or MIXED."""
    found = {host.family for host in lab.hosts}
    return found.pop() if len(found) == 1 else MIXED


def yaml(lab: Lab, fingerprint: str) -> str:
    """The repositories, as lines of the inventory's section `os`. fingerprint: of their key, '' to pin none."""
    mirror = f"http://{lab.gateway}:8080"
    pin = f', fingerprint: "{fingerprint}"' if fingerprint else ""
    return "".join(
        f'    {name}: {{url: "{mirror}/{path}", key: "{mirror}/{key}"{_suite(path)}{pin}}}\n'
        for name, (path, key) in _paths(lab).items()
    )


def _paths(lab: Lab) -> dict[str, tuple[str, str]]:
    if lab.kubernetes == releases.DEFAULT:
        return PATHS[family(lab)]
    place = f"core:/stable:/v{lab.kubernetes}"
    if family(lab) == "el9":
        return {"docker": DOCKER_9, "kubernetes": (f"{place}/rpm", f"{place}/rpm/repodata/repomd.xml.key")}
    return {"docker": PATHS["debian"]["docker"], "kubernetes": (f"{place}/deb", f"{place}/deb/Release.key")}


def _suite(path: str) -> str:
    """The apt repository of pkgs.k8s.io is flat: it has no suites."""
    return ", suite: /" if path.startswith("core:/") and path.endswith("/deb") else ""


def docker_packages(lab: Lab) -> str:
    """Debian's own name for Docker; with CentOS hosts the names that both mirrors have."""
    return "[docker.io]" if family(lab) == "debian" else "[docker-ce, docker-ce-cli, containerd.io]"
