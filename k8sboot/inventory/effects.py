"""What an inventory makes k8sboot do on the machine it runs on: the commands, files and variables in it. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from k8sboot.inventory.check import Values
from k8sboot.inventory.problems import KeyPath, LintProblem
from k8sboot.inventory.scalars import expand
from k8sboot.inventory.secret_source import SecretSource
from k8sboot.inventory.secrets import Surroundings
from k8sboot.inventory.suggest import dotted
from k8sboot.inventory.url_forms import is_url

CODE = "KB-NO-COMMANDS"
KNOWN_HOSTS = "known_hosts"


@dataclass(frozen=True)
class Effect:
    """does: to what. key: the inventory's, "" where several may name it."""

    does: Literal["runs", "reads", "writes"]
    what: str
    key: str = ""


@dataclass(frozen=True)
class Rules:
    """allow_commands: it may run commands. is_no_known_hosts: why a file is not written to as known_hosts, or ''."""

    allow_commands: bool = True
    is_no_known_hosts: Callable[[Path], str] = lambda _file: ""


ALLOWED = Rules()


class Recalling(Mapping[str, str]):
    """An environment that recalls which of its variables were asked for."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.asked: dict[str, None] = {}

    def __getitem__(self, name: str) -> str:
        self.asked[name] = None
        return self._environ[name]

    def __contains__(self, name: object) -> bool:
        return name in self._environ

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)


def effects(
    values: Values, sources: Sequence[SecretSource], variables: Sequence[str], around: Surroundings
) -> tuple[Effect, ...]:
    """Everything once: what it runs first, then what it reads, and what it writes. variables: that its texts name."""
    found = [
        *_of_secrets(sources, around),
        *_of_files(values),
        *(Effect("reads", f"${name}") for name in variables if name != "HOME"),
    ]
    order = ("runs", "reads", "writes")
    return tuple(dict.fromkeys(sorted(found, key=lambda each: order.index(each.does))))


def broken(rules: Rules, values: Values, sources: Sequence[SecretSource]) -> Iterator[LintProblem]:
    """What breaks the rules, as errors."""
    yield from _other_files(values, rules.is_no_known_hosts)
    if not rules.allow_commands:
        yield from _commands(values, sources)


def _commands(values: Values, sources: Sequence[SecretSource]) -> Iterator[LintProblem]:
    for source in sources:
        if source.kind == "command":
            message = f"`{dotted(source.path)}` runs `{source.words[0]}` on this machine"
            fix = "use {env: NAME}, {file: PATH} or {prompt: true}"
            yield LintProblem(CODE, message, (source.path,), fix)
    for path, file in _config_files(values):
        message = f"ssh_config {file} may run commands on this machine (`Match exec`, `ProxyCommand`)"
        fix = "remove `configFile`: your own ~/.ssh/config still applies; or set it to `none`"
        yield LintProblem(CODE, message, (path,), fix)


def _other_files(values: Values, why_not: Callable[[Path], str]) -> Iterator[LintProblem]:
    for path, file in _of_ssh(values, "known_hosts_file", "knownHostsFile"):
        if why := why_not(Path(file)):
            message = f"`{dotted(path)}`: new host keys cannot be written to {file}: {why}"
            fix = f"name a known_hosts file, or a new one whose name contains `{KNOWN_HOSTS}`"
            yield LintProblem("KB-KNOWN-HOSTS", message, (path,), fix)


def _of_secrets(sources: Sequence[SecretSource], around: Surroundings) -> Iterator[Effect]:
    for source in sources:
        key = dotted(source.path)
        if source.kind == "command":
            yield Effect("runs", shlex.join(source.words), key)
        elif source.kind == "env":
            yield Effect("reads", f"${source.words[0]}", key)
        elif source.kind == "file":
            yield Effect("reads", str(expand(source.words[0], around.folder, around.environ)), key)


def _of_files(values: Values) -> Iterator[Effect]:
    for path, file in _config_files(values):
        yield Effect("runs", shlex.join(["ssh", "-G", "-F", file]), dotted(path))
    for path, file in (*_of_ssh(values, "identity_file", "identityFile"), *_sent(values)):
        yield Effect("reads", file, dotted(path))
    for path, file in _of_ssh(values, "known_hosts_file", "knownHostsFile"):
        yield Effect("writes" if "accept-new" in _policies(values, path) else "reads", file, dotted(path))


def _policies(values: Any, path: KeyPath) -> Iterator[str]:  # noqa: ANN401  dicts by field name
    """The hostKeyPolicy of each host that has its known_hosts_file from there."""
    (_, common), *hosts = _ssh_sections(values)
    for its_path, own in hosts:
        if path[:-1] == (its_path if own.get("known_hosts_file") else ("ssh",)):
            yield own.get("host_key_policy") or common.get("host_key_policy") or "accept-new"


def _sent(values: Any) -> Iterator[tuple[KeyPath, str]]:  # noqa: ANN401  dicts by field name
    """Files that go to the hosts."""
    manifests = [((name, "manifest"), values.get(name, {}).get("manifest")) for name in ("network", "calico")]
    keys = {name: each.get("key") for name, each in values.get("os", {}).get("repositories", {}).items()}
    registries = values.get("runtime", {}).get("registries", {})
    cas = {name: each.get("ca") for name, each in registries.items()}
    for path, file in (
        *manifests,
        *((("runtime", "registries", name, "ca"), ca) for name, ca in cas.items() if ca and "\n" not in ca),
        *((("os", "repositories", name, "key"), key) for name, key in keys.items()),
    ):
        if file and not is_url(file):
            yield path, file


def _config_files(values: Values) -> Iterator[tuple[KeyPath, str]]:
    return (each for each in _of_ssh(values, "config_file", "configFile") if each[1] != "none")


def _of_ssh(values: Any, field: str, key: str) -> Iterator[tuple[KeyPath, str]]:  # noqa: ANN401  dicts by field name
    """What an ssh key is set to, for all hosts and for single ones."""
    sections = _ssh_sections(values)
    yield from (((*path, key), section[field]) for path, section in sections if section.get(field))


def _ssh_sections(values: Any) -> list[tuple[KeyPath, Any]]:  # noqa: ANN401  dicts by field name
    """The section for all hosts, then those of single ones."""
    sections: list[tuple[KeyPath, Any]] = [(("ssh",), values.get("ssh", {}))]
    for role in ("masters", "nodes"):
        hosts = enumerate(values.get(role) or ())
        sections += [((role, index, "ssh"), host.get("ssh", {})) for index, host in hosts]
    return sections
