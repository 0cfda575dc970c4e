"""k8sboot releases."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click
from click.shell_completion import CompletionItem

from k8sboot import runtime
from k8sboot.cli import options
from k8sboot.cli.options import common
from k8sboot.errors import UsageError
from k8sboot.kubernetes import releases
from k8sboot.kubernetes.release import Kernels, Release
from k8sboot.kubernetes.release_table import RELEASES
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.text.table import table

HEAD = ("RELEASE", "ENDS", "INSTALLED", "CONTAINERD", "CONFIG", "KERNEL", "CGROUP V1", "CALICO")
WIDEST = 100
LABELS = 24
"""Columns for the names of values."""


def _complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of releases with this prefix, each with its end of life."""
    return [CompletionItem(r.name, help=f"ends {r.ends}") for r in RELEASES if r.name.startswith(incomplete)]


@click.command("releases")
@common
@click.argument("name", required=False, metavar="[RELEASE]", shell_complete=_complete)
@options.output()
def command(*, name: str | None, output: str) -> None:
    """List the releases of Kubernetes that k8sboot knows, or show all that it knows of one, such as 1.23.

    \b
    RELEASE     the newest patch release that this k8sboot knows of
    ENDS        its end of life: from then on it gets no fixes
    INSTALLED   the runtime with which this k8sboot installs it; any: all that an inventory can name
    CONTAINERD  the versions of containerd that its kubelet can use
    CONFIG      the version of kubeadm's configuration that k8sboot writes
    KERNEL      the oldest kernel that kubeadm accepts; ~: it only warns
    CGROUP V1   whether its kubelet starts with control groups v1
    CALICO      the newest version of Calico that was tested with it

    Needs no inventory and connects to no host.
    """
    rows = RELEASES if name is None else (_find(name),)
    if output == "json":
        found = [_values(row) for row in rows]
        click.echo(json.dumps(found if name is None else found[0], indent=2))
    elif name is None:
        click.echo("\n".join(table([HEAD, *map(_row, rows)])))
    else:
        click.echo("\n".join(_lines(rows[0], min(WIDEST, shutil.get_terminal_size().columns))))


def _find(name: str) -> Release:
    """The release by its minor, such as 1.23, or by a version."""
    bare = name.strip().removeprefix("v")
    found = next((row for row in RELEASES if f"{bare}.".startswith(f"{row.name}.")), None)
    if found is None:
        raise UsageError(
            f"k8sboot does not know a release {name!r} of Kubernetes",
            fix=f"it knows {releases.OLDEST.name} to {releases.NEWEST.name}: run `k8sboot releases`",
        )
    return found


def newest_installed() -> Release:
    """The newest release that this k8sboot installs."""
    return [row for row in RELEASES if _installed_with(row)][-1]


def _installed_with(row: Release) -> tuple[str, ...]:
    version = KubernetesVersion.parse(row.newest)
    return tuple(each.name for each in runtime.RUNTIMES if not each.unsupported(version))


def _installed(row: Release) -> str:
    names = _installed_with(row)
    return "any" if len(names) == len(runtime.RUNTIMES) else " ".join(names) or "no"


def _row(row: Release) -> tuple[str, ...]:
    return (
        row.newest.removeprefix("v"),
        row.ends,
        _installed(row),
        _containerd(row),
        row.config_api,
        _dotted(row.kernels.oldest) + ("" if row.kernels.is_required else "~"),
        "no" if row.cgroup_v1 == "refused" else "yes",
        row.calico.removeprefix("v"),
    )


def _containerd(row: Release) -> str:
    since = f">={row.containerd_since}" if row.containerd_since else ""
    before = f"<{row.containerd_before}" if row.containerd_before else ""
    return f"{since} {before}".strip() or "any"


def _values(row: Release) -> dict[str, Any]:
    """Everything about a release, with keys as in the inventory: configApis for config_apis."""
    own = {"release": row.name, "installedWith": _installed_with(row), "configApi": row.config_api}
    return {**own, **_camel({**asdict(row), "kernels": _kernels(row.kernels)})}


def _kernels(kernels: Kernels) -> Mapping[str, object]:
    series = [_dotted(each) for each in kernels.series]
    return {"since": _dotted(kernels.since), "series": series, "is_required": kernels.is_required}


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))


def _camel(values: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in values.items():
        first, *more = name.split("_")
        key = first + "".join(word.capitalize() for word in more)
        found[key] = _camel(value) if isinstance(value, dict) else value
    return found


def _lines(row: Release, width: int) -> list[str]:
    """One value on a line, by its key in the JSON; long ones are wrapped."""
    return [
        line
        for key, value in _values(row).items()
        for line in textwrap.wrap(
            f"{key:<{LABELS}}{_words(value)}",
            width,
            subsequent_indent=" " * LABELS,
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]


def _words(value: object) -> str:
    """A value for people: - for what is not known."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_words(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "-" if value is None else str(value) or "none"
