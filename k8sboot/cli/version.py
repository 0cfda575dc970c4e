"""k8sboot version."""

from __future__ import annotations

import json

import click

from k8sboot.cli import options
from k8sboot.cli.options import common, option_value
from k8sboot.errors import UsageError


@click.command("version")
@common
@options.output("Format on stdout.")
@click.option(
    "--sbom",
    is_flag=True,
    help="With -o json: a bill of materials (CycloneDX): what runs here, and what k8sboot puts on hosts, with digests; "
    "for the inventory of -i, else for the defaults.",
)
@click.pass_context
def command(context: click.Context, *, output: str, sbom: bool) -> None:
    """Show the version, and those of Python and the libraries."""
    from k8sboot.cli.sbom import versions

    if sbom and output != "json":
        raise UsageError("--sbom is JSON", fix="run `k8sboot version -o json --sbom`")
    if sbom:
        click.echo(json.dumps(_bill(context), indent=1))
    elif output == "json":
        click.echo(json.dumps(versions(), indent=1))
    else:
        click.echo("\n".join(f"{name} {version}" for name, version in versions().items()))


def _bill(context: click.Context) -> dict[str, object]:
    from k8sboot.cli.reading import read_inventory
    from k8sboot.cli.releases import newest_installed
    from k8sboot.cli.sbom import bill_of_materials
    from k8sboot.inventory.defaults import with_defaults
    from k8sboot.inventory.model import ClusterSettings, Spec

    if option_value(context, "inventory"):
        return bill_of_materials(read_inventory(context, has_secrets=False).spec)
    newest = ClusterSettings(kubernetes_version=newest_installed().newest)
    return bill_of_materials(with_defaults(Spec(cluster=newest, masters=())))
