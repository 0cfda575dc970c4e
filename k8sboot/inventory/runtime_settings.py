"""The inventory's `runtime` section."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from k8sboot.inventory import forms, url_forms
from k8sboot.inventory.kinds import LocalPath, Number, needs
from k8sboot.secret import Secret

MIGRATION = needs("a migration, which comes with a later release")

RuntimeName = Literal["docker", "containerd"]
RUNTIME_PACKAGES: Mapping[RuntimeName, tuple[str, ...]] = {
    "docker": ("docker-ce", "docker-ce-cli", "containerd.io"),
    "containerd": ("containerd.io",),
}
"""What is installed where the inventory names no packages."""


@dataclass(frozen=True)
class Registry:
    """A registry, as containerd reaches it.

    mirrors: Mirrors, as URLs, asked in this order before the registry itself. One that is the registry itself replaces
        it, for example http://registry.lan:5000. A path that contains /v2/ is used as it is, else /v2 is added.
    ca: CA of its certificate: a file, or its text (-----BEGIN CERTIFICATE-----). With mirrors: of theirs.
    skip_verify: Accept any certificate. With mirrors: of theirs.
    user: User of a login, which is sent as HTTP Basic; registries that require a token, such as Docker Hub, do not
        accept that: use imagePullSecrets. With mirrors: of theirs.
    password: Its password.
    """

    mirrors: Annotated[tuple[str, ...], url_forms.url_without_login] = ()
    ca: Annotated[str, forms.certificates, LocalPath(must_exist=True, or_text="-----BEGIN")] = ""
    skip_verify: bool = False
    user: Annotated[str, forms.login_name] = ""
    password: Secret | None = None

    @property
    def basic_login(self) -> str:
        """User and password as HTTP Basic sends them; '' without a password. A secret in plain text."""
        login = f"{self.user}:{self.password.reveal()}" if self.password else ""
        return base64.b64encode(login.encode()).decode()


@dataclass(frozen=True)
class RuntimeSettings:
    """The `runtime` section.

    name: The container runtime: containerd, or docker up to Kubernetes 1.23. Default: docker where that is possible.
    version: The version or a prefix of it; every host gets the same one. Empty: 20.10 for docker; for containerd the
        newest that the repositories have and Kubernetes can use.
    packages: The runtime's packages, the runtime itself first. Empty: docker-ce, docker-ce-cli and containerd.io, or
        containerd.io; [containerd] is the one of Debian and Ubuntu.
    data_root: Where it stores images and containers, an absolute path. Empty: where they are, else its default. What is
        stored elsewhere is not moved: k8sboot refuses to leave it behind.
    allow_restart: Restart it although that stops running containers that are not Kubernetes'.
    allow_downgrade: Replace a newer version of these packages on a host. Otherwise that is an error.
    registries: containerd only: how registries are reached, by HOST or HOST:PORT, for example
        {docker.io: {mirrors: [https://mirror.lan]}}; _default is for all others.
    config: containerd only: settings of its config.toml beside k8sboot's, for example
        {plugins: {io.containerd.cri.v1.images: {max_concurrent_downloads: 5}}}.
    registry_mirrors: docker: mirrors of Docker Hub, as URLs. With containerd, use registries.
    insecure_registries: docker: registries as HOST:PORT that use plain HTTP or have no valid certificate. With
        containerd, use registries.
    image_digests: Pins images, for example {registry.k8s.io/pause:3.6: sha256:...}, by the names that kubeadm and the
        manifests use. Before a host joins, each is pulled and compared; another image is an error.
    log_max_size: Size at which a container's log is rotated. With containerd, kubelet does that: see
        kubeadm.kubeletConfiguration for a running cluster.
    log_max_file: Number of log files to keep per container. With containerd as for logMaxSize.
    """

    name: Annotated[RuntimeName, MIGRATION] = "docker"
    version: Annotated[str, forms.version_prefix] = ""
    packages: Annotated[tuple[str, ...], forms.package] = ()
    data_root: Annotated[str, forms.host_path] = ""
    allow_restart: bool = False
    allow_downgrade: bool = False
    registries: Annotated[Mapping[str, Registry], forms.registry_name] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    registry_mirrors: Annotated[tuple[str, ...], url_forms.url_without_login] = ()
    insecure_registries: Annotated[tuple[str, ...], forms.registry] = ()
    image_digests: Annotated[Mapping[str, str], forms.tagged_image, forms.image_digest] = field(
        default_factory=dict
    )
    log_max_size: Annotated[str, forms.size] = "100m"
    log_max_file: Annotated[int, Number(1, 1000)] = 3

    @property
    def installed(self) -> tuple[str, ...]:
        """The packages, by default those of the runtime."""
        return self.packages or RUNTIME_PACKAGES[self.name]
