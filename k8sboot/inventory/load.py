"""Loads an inventory: read, parse, check, lint, and only then fetch secrets."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from k8sboot.errors import Problem
from k8sboot.inventory.build import build, secret_sources, with_secrets
from k8sboot.inventory.check import check_section
from k8sboot.inventory.effects import ALLOWED, Effect, Recalling, Rules, broken, effects
from k8sboot.inventory.keys import inventory
from k8sboot.inventory.lint_hosts import lint_hosts
from k8sboot.inventory.lint_kubeadm import lint_kubeadm, lint_kubeadm_release
from k8sboot.inventory.lint_network import lint_network, lint_proxy_mode
from k8sboot.inventory.lint_networks import lint_networks
from k8sboot.inventory.lint_os import lint_os
from k8sboot.inventory.lint_required import lint_required
from k8sboot.inventory.lint_runtime import lint_runtime
from k8sboot.inventory.lint_versions import lint_versions
from k8sboot.inventory.model import Spec
from k8sboot.inventory.problems import LintProblem, Problems
from k8sboot.inventory.scalars import CheckContext
from k8sboot.inventory.secrets import Prompt, Surroundings, look_for, resolve
from k8sboot.inventory.source import STDIN, read_source
from k8sboot.kubernetes.versions import unsupported

LINTS = (
    lint_required,
    lint_hosts,
    lint_networks,
    lint_os,
    lint_runtime,
    lint_kubeadm,
    lint_network,
)
"""What looks for problems of an inventory whose single values are right."""
RELEASE_LINTS = (lint_kubeadm_release, lint_proxy_mode)
"""Those that need a release that k8sboot knows."""


@dataclass(frozen=True)
class Loaded:
    """An inventory without errors. path: as given. sha256: of the file's bytes, in hexadecimal.

    effects: what it makes k8sboot run, read and write on this machine.
    """

    spec: Spec
    warnings: tuple[Problem, ...]
    path: str
    sha256: str
    effects: tuple[Effect, ...] = ()


def load(
    path: str,
    *,
    environ: Mapping[str, str] = os.environ,
    prompt: Prompt | None = None,
    resolve_secrets: bool = True,
    look_for_secrets: bool = False,
    rules: Rules = ALLOWED,
) -> Loaded:
    """Load the inventory at path; `-` is stdin.

    prompt: asks the user for a secret; its argument says which. None if there is no terminal.
    resolve_secrets: False leaves every secret None, without prompting or running commands. look_for_secrets: then
    checks that environment variables are set and files can be read. rules: what breaks them is an error, before any
    command of the inventory runs.
    Relative paths in the file start at its directory. Raises InventoryError with all problems at once.
    """
    from k8sboot.inventory.yaml_tree import parse  # late: the model alone does not need yaml

    source = read_source(path)
    problems = Problems(source)
    folder = Path.cwd() if path == STDIN else Path(path).absolute().parent
    texts = Recalling(environ)
    tree = parse(source, problems)
    problems.place((), tree.mark)
    values = check_section(CheckContext(problems, texts, folder), tree, inventory(), ())
    spec = build(values)
    for found in _lint(spec):
        problems.add_lint(found)
    sources = tuple(secret_sources(values))
    for found in broken(rules, values, sources):
        problems.add_lint(found)
    problems.raise_errors()
    around = Surroundings(environ, folder, prompt)
    if look_for_secrets:
        look_for(sources, around, problems)
    spec = with_secrets(spec, resolve(sources if resolve_secrets else (), around, problems))
    problems.raise_errors()
    found_effects = effects(values, sources, tuple(texts.asked), around)
    return Loaded(spec, problems.warnings, path, source.sha256, found_effects)


def _lint(spec: Spec) -> Iterator[LintProblem]:
    yield from chain.from_iterable(lint(spec) for lint in LINTS)
    if not spec.cluster.kubernetes_version:  # it is missing, or invalid
        return
    yield from lint_versions(spec)
    if not unsupported(spec.cluster.version):
        yield from chain.from_iterable(lint(spec) for lint in RELEASE_LINTS)
