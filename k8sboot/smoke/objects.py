"""The objects of the smoke test, by name."""

from __future__ import annotations

from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.templates import render

NAMESPACE = "k8sboot-smoke"
PART = "k8sboot-smoke"
"""The label of its Pods."""
MARK = "app.kubernetes.io/managed-by"
OURS = "k8sboot"
TOKEN = "k8sboot smoke"  # noqa: S105 - a description
"""The description of the token that it makes."""

FOLDER, AGNHOST = "e2e-test-images", "agnhost:2.66.1"
"""Of the cluster's registry: the image of Kubernetes' own end-to-end tests, in the version of those of 1.37."""
ECHO, READINESS = "echo", "readiness"
"""Parts that are Services, too."""
HTTP = 8080
PRE_STOP, GRACE = 12, 12
"""Seconds that the preStop hook takes, and that a Pod has which ignores SIGTERM."""
UNREADY_AFTER = 20
"""Seconds until the readiness probe fails."""
STARTED_AFTER = 8
"""Seconds until the startup probe succeeds."""
MESSAGE = "args=1 2;env=plain;configmap=from-configmap;file=in-configmap;secret=in-secret"
"""What the container of the part `settings` says of itself."""
FIRST_WITH_GRPC = 24
"""The first minor of Kubernetes 1 whose kubelet probes gRPC without a feature gate."""


def namespace() -> str:
    """The namespace."""
    return render("smoke-namespace.yaml.j2", namespace=NAMESPACE, part=PART, mark=MARK, ours=OURS)


def echo(image: str) -> str:
    """A Pod on every node that answers over HTTP, and their Service."""
    return render("smoke-echo.yaml.j2", namespace=NAMESPACE, part=PART, image=image, port=HTTP)


def pods(image: str, version: KubernetesVersion) -> str:
    """The Pods that are watched."""
    return render(
        "smoke-pods.yaml.j2",
        namespace=NAMESPACE,
        part=PART,
        image=image,
        missing=f"{_untagged(image)}-missing:none",
        has_grpc=version.minor >= FIRST_WITH_GRPC,
        pre_stop=PRE_STOP,
        grace=GRACE,
        unready_after=UNREADY_AFTER,
        started_after=STARTED_AFTER,
    )


def static_pod(image: str) -> str:
    """The static Pod."""
    return render("smoke-static-pod.yaml.j2", namespace=NAMESPACE, part=PART, image=image)


def _untagged(image: str) -> str:
    """An image without its tag and digest; a colon before the last slash is a registry's port."""
    place, slash, name = image.partition("@")[0].rpartition("/")
    return f"{place}{slash}{name.partition(':')[0]}"
