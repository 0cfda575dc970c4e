"""The container runtime's own command line: the seam where containerd will stand beside Docker."""

from __future__ import annotations

from collections.abc import Iterable

from k8sboot.kubernetes.commands import Words


def pull(image: str) -> Words:
    """Fetch an image."""
    return ("docker", "pull", "--quiet", image)


def present(images: Iterable[str]) -> Words:
    """Print a line for each of the images that is there; absent ones do not fail it."""
    return ("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", *_references(images))


def _references(images: Iterable[str]) -> Iterable[str]:
    for image in images:
        yield from ("--filter", f"reference={image}")
