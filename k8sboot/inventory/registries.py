"""The registries of the inventory as containerd takes them, and lines for those that are in Docker's form. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from k8sboot.inventory.model import Spec
from k8sboot.inventory.runtime_settings import Registry, RuntimeSettings

DOCKER_HUB = "docker.io"


def containerd_registries(spec: Spec) -> Mapping[str, Registry]:
    """`runtime.registries`, and what registryMirrors and insecureRegistries mean there."""
    return {**translated(spec.runtime), **spec.runtime.registries}


def translated(runtime: RuntimeSettings) -> dict[str, Registry]:
    """Docker's two lists. An insecure registry is asked over HTTPS without a check, then over plain HTTP."""
    hosts = [each for each in runtime.insecure_registries if "/" not in each]
    found = {
        each: Registry(mirrors=(f"https://{each}", f"http://{each}"), skip_verify=True) for each in hosts
    }
    mirrors = runtime.registry_mirrors
    is_insecure = any(url.partition("://")[2].partition("/")[0] in hosts for url in mirrors)
    return {**found, **({DOCKER_HUB: Registry(mirrors=mirrors, skip_verify=is_insecure)} if mirrors else {})}


def as_lines(registries: Mapping[str, Registry]) -> str:
    """As the inventory has them, in one line."""
    return ", ".join(f"{_quoted(name)}: {{{', '.join(_keys(each))}}}" for name, each in registries.items())


def _keys(registry: Registry) -> list[str]:
    words = [f"mirrors: [{', '.join(map(_quoted, registry.mirrors))}]"] if registry.mirrors else []
    return words + (["skipVerify: true"] if registry.skip_verify else [])


def _quoted(text: str) -> str:
    """Quoted where YAML's short form needs it."""
    return f'"{text}"' if ":" in text else text
